"""The mail relay as a gateway: what its answers mean for a message."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shortener.config.settings import Settings
from shortener.delivery.loop import Deliverer
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import SMTP_PORTS, parse
from shortener.running.services import services
from shortener.sending import kind
from shortener.sending.gateway import Attached, HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.sending.large import AT_ONCE, LARGE
from shortener.sending.mail.gateway import Smtp
from tests.support.factories import Sender
from tests.support.servers import LONG, SHORT, Call, patience, receiving
from tests.support.smtp import Mailbox, Said, mailbox, relay

MSGID = "Zq3" * 10 + "ab"
OUTGOING = Outgoing(
    msgid=MSGID,
    sender="Acme <news@acme.example>",
    recipient="anna@example.com",
    text="Hello",
    html="<p>Hello</p>",
    subject="Hello",
    attachments=lambda: [Attached("a.pdf", "application/pdf", b"%PDF\0\xff")],
)


def handed(
    url: str, outgoing: Outgoing = OUTGOING, sent_is: MessageState = MessageState.SENT, timeout: float = LONG
) -> HandOver:
    """What becomes of a message at this relay."""
    gateway = Smtp(parse(url, SMTP_PORTS), "links.example", sent_is, timeout=timeout)
    try:
        return gateway.hand_over(outgoing)
    finally:
        gateway.close_idle(0)


def said(**script: Said) -> HandOver:
    with relay(**script) as server:
        return handed(server.url(scheme="smtp", path=""), timeout=patience(*script.values()))


def test_a_message_is_taken_by_the_relay() -> None:
    with mailbox() as box:
        taken = handed(box.url())
    assert isinstance(taken, Taken)
    assert (taken.status, taken.reference, taken.is_delivered) == (250, "4F3B2A1", False)
    mail = box.kept[0].mail
    assert [part.get_payload(decode=True) for part in mail.iter_attachments()] == [b"%PDF\0\xff"]
    assert (box.kept[0].sender, mail["Message-ID"]) == (f"bounces+{MSGID}@acme.example", f"<{MSGID}@links.example>")


def test_taken_mail_may_count_as_delivered() -> None:
    with mailbox() as box:
        taken = handed(box.url(), sent_is=MessageState.DELIVERED)
    assert isinstance(taken, Taken) and taken.is_delivered


@pytest.mark.parametrize(
    ("script", "code", "reason"),
    [
        ({"RCPT": b"550 5.1.1 <anna@example.com>: no such user\r\n"}, "5.1.1", Reason.NO_SUCH_ADDRESS),
        ({"RCPT": b"550 User anna unknown\r\n"}, "550", Reason.NO_SUCH_ADDRESS),
        ({"RCPT": b"552 5.2.2 mailbox full\r\n"}, "5.2.2", Reason.MAILBOX_FULL),
        ({"MAIL": b"552 5.3.4 too big\r\n"}, "5.3.4", Reason.BAD_MESSAGE),
        ({"DATA": b"554 5.7.1 no\r\n"}, "5.7.1", Reason.MAIL_REFUSED),
        ({"end": b"554-5.7.1 spam\r\n554 5.7.1 really\r\n"}, "5.7.1", Reason.MAIL_REFUSED),
        ({"end": b"571 no\r\n"}, "571", Reason.GENERAL),
    ],
)
def test_a_refusal_has_code_and_reason(script: dict[str, Said], code: str, reason: Reason) -> None:
    refused = said(**script)
    assert isinstance(refused, Refused) and (refused.code, refused.reason) == (code, reason)
    assert "anna" not in repr(refused) + str(refused.answer)


@pytest.mark.parametrize(
    "script",
    [
        {"hello": b"421 4.3.2 closing\r\n"},
        {"hello": b"554 5.7.1 your network is blocked\r\n"},
        {"EHLO": b"550 5.7.1 no\r\n", "HELO": b"550 5.7.1 no\r\n"},
        {"MAIL": b"451 4.3.0 later\r\n"},
        {"MAIL": b"530 5.7.0 sign in first\r\n"},
        {"RCPT": b"450 4.2.0 greylisted\r\n"},
        {"DATA": b"421 4.3.2 closing\r\n"},
        {"end": b"452 4.3.1 disk full\r\n"},
        {"end": b"421 4.3.2 closing\r\n"},
        {"RCPT": None},
        {"DATA": b"garbage\r\n"},
    ],
)
def test_a_relay_that_did_not_take_it_is_asked_again(script: dict[str, Said]) -> None:
    assert isinstance(said(**script), NotNow)


def hang(call: Call) -> None:
    call.hang()


@pytest.mark.parametrize("end", [None, hang, b"garbage\r\n", b"354 go ahead\r\n", b"2" * 9000])
def test_a_missing_answer_leaves_us_unsure(end: Said | Callable[[Call], None]) -> None:
    assert isinstance(said(end=end), Unsure)


def test_a_wrong_password_lets_messages_wait() -> None:
    with mailbox() as box:
        waits = handed(box.url("shop:wrong@"))
    assert isinstance(waits, NotNow) and waits.status == 535
    assert "wrong" not in repr(waits)


def test_a_stopped_relay_is_asked_again() -> None:
    with receiving() as server:
        url = server.url(scheme="smtp", path="")
    assert isinstance(handed(url), NotNow)


def test_attachments_that_cannot_be_read_wait() -> None:
    def away() -> list[Attached]:
        raise OSError("the database is away")

    with mailbox() as box:
        assert isinstance(handed(box.url(), replace(OUTGOING, attachments=away)), NotNow)
    assert box.connections == 0


@pytest.mark.parametrize(
    "changed", [{"recipient": "+818012345678"}, {"subject": "a\r\nBcc: eve@example.com"}, {"text": None, "html": None}]
)
def test_what_is_no_mail_is_refused_here(changed: dict[str, Any]) -> None:
    with mailbox() as box:
        refused = handed(box.url(), replace(OUTGOING, **changed))
    assert isinstance(refused, Refused) and refused.reason is Reason.BAD_MESSAGE
    assert (box.kept, box.connections) == ([], 0)


def test_only_a_few_large_mails_are_in_memory() -> None:
    """The relay does not answer before as many as may be there at once wait for it."""
    together, most, lock = 0, 0, threading.Lock()

    def read() -> list[Attached]:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        return [Attached("a", "application/pdf", b"x")]

    def answer(call: Call) -> None:
        nonlocal together
        with lock:
            together -= 1
        call.say(b"250 2.0.0 Ok\r\n")

    large = replace(OUTGOING, attachments=read, attached_bytes=LARGE + 1)
    with relay(end=answer) as server, ThreadPoolExecutor(3 * AT_ONCE) as pool:
        gateway = Smtp(parse(server.url(scheme="smtp", path=""), SMTP_PORTS), "links.example", MessageState.SENT)
        outcomes = list(pool.map(gateway.hand_over, [large] * 3 * AT_ONCE))
        gateway.close_idle(0)
    assert {type(outcome) for outcome in outcomes} == {Taken}
    assert 1 <= most <= AT_ONCE


def test_a_large_mail_that_waits_too_long_is_tried_later() -> None:
    begun = time.monotonic() - SHORT
    gateway = Smtp(parse("smtp://127.0.0.1:1", SMTP_PORTS), "links.example", MessageState.SENT, timeout=SHORT)
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            stack.enter_context(gateway._large._free)
        waits = gateway.hand_over(replace(OUTGOING, attached_bytes=LARGE + 1, begun=begun))
    assert waits == NotNow(sentence="not handed over yet: other large mails are on their way")


def test_the_time_of_writing_counts() -> None:
    with mailbox() as box:
        waits = handed(box.url(), replace(OUTGOING, begun=time.monotonic() - LONG))
    assert isinstance(waits, NotNow) and box.kept == []


class TestThroughTheApi:
    """Messages as they are submitted, up to a relay."""

    ENCODED = "=?utf-8?q?a=0D=0ABcc:_x@y.example?="
    FIELDS: ClassVar = {"message": "Hello", "recipient": "anna@example.com", "gateway": "smtp"}

    @pytest.fixture
    def box(self) -> Iterator[Mailbox]:
        with mailbox() as made:
            yield made

    @pytest.fixture
    def settings(self, settings: Settings, box: Mailbox) -> Settings:
        return settings.model_copy(update={"gateway": "smtp", "smtp_url": box.url()})

    def test_encoded_words_arrive_as_typed(
        self, app: Flask, client: FlaskClient, settings: Settings, sender: Sender, box: Mailbox
    ) -> None:
        file = {"name": self.ENCODED, "content_type": "text/plain; charset=utf-8", "content": "eA=="}
        name = f"{self.ENCODED} <news@acme.example>"
        fields = {**self.FIELDS, "subject": self.ENCODED, "sender": name, "attachments": [file]}
        assert client.post("/v1/messages", json=fields, headers=sender.bearer).status_code == 201
        gateway = Smtp(parse(box.url(), SMTP_PORTS), "links.example", MessageState.SENT)
        found = kind.kind(settings, {gateway.name: gateway}, lambda: services().site)
        Deliverer(found, app.app_context).deliver_due()
        gateway.close_idle(0)
        [kept] = box.kept
        assert kept.recipients == ["anna@example.com"]
        [part] = kept.mail.iter_attachments()
        assert (
            kept.mail["Subject"] == kept.mail["From"].addresses[0].display_name == part.get_filename() == self.ENCODED
        )
        ours = {"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type"}
        assert set(kept.mail.keys()) == ours

    @pytest.mark.parametrize(
        ("field", "changed"),
        [
            ("attachments", {"content_type": 'text/plain; charset="=?utf-8?q?a=0D=0AX-Evil:1?="'}),
            ("attachments", {"content_type": "multipart/mixed"}),
            ("attachments", {"name": "a\r\nBcc: x@y.example"}),
        ],
    )
    def test_a_bad_file_is_refused_at_once(
        self, client: FlaskClient, sender: Sender, field: str, changed: dict[str, str]
    ) -> None:
        file = {"name": "a", "content": "eA==", **changed}
        fields = {**self.FIELDS, "sender": "news@acme.example", "attachments": [file]}
        answer = client.post("/v1/messages", json=fields, headers=sender.bearer)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field])

    @pytest.mark.parametrize("name", ["a\r\nBcc: x@y.example <news@acme.example>", "news@acme.example\n", "News"])
    def test_a_bad_sender_is_refused_at_once(self, client: FlaskClient, sender: Sender, name: str) -> None:
        answer = client.post("/v1/messages", json={**self.FIELDS, "sender": name}, headers=sender.bearer)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["sender"])
