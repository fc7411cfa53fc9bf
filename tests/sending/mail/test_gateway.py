"""The mail relay as a gateway: what its answers mean for a message."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import SMTP_PORTS, parse
from shortener.sending.gateway import Attached, HandOver, NotNow, Outgoing, Refused, Taken, Unsure
from shortener.sending.mail.gateway import Smtp
from tests.support.servers import SHORT, Call, receiving
from tests.support.smtp import Said, mailbox, relay

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


def handed(url: str, outgoing: Outgoing = OUTGOING, sent_is: MessageState = MessageState.SENT) -> HandOver:
    """What becomes of a message at this relay."""
    gateway = Smtp(parse(url, SMTP_PORTS), "links.example", sent_is, timeout=SHORT)
    with closing(gateway.relay):
        return gateway.hand_over(outgoing)


def said(**script: Said) -> HandOver:
    with relay(**script) as server:
        return handed(server.url(scheme="smtp", path=""))


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
        ({"RCPT": b"550 no such user\r\n"}, "550", Reason.NO_SUCH_ADDRESS),
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
