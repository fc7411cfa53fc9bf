"""Mails of Infobip's clients arrive at a real relay as they were given, and its notifications become reports."""

import base64
import random
import re
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import requests
from urllib3 import encode_multipart_formdata

from bench.instance import Instance, running
from tests.support.factories import BROWSER, TARGET
from tests.support.smtp import Kept, Mailbox, mailbox
from tests.support.waiting import WITHIN, until

HTML = f'<p>荷物 <a href="{TARGET}">track</a> <img src="cid:logo.png"></p>\r\n'
TEXT = f"Your parcel: {TARGET}"
PNG, PDF = b"\x89PNG\r\n\x1a\n\r\n.\r\n", random.Random(4).randbytes(3 * 1024**2)
SHORTLINK = re.compile(r"http://127\.0\.0\.1:[0-9]+/[A-Za-z0-9]{10}")
DSN = """\
From: Mail Delivery System <MAILER-DAEMON@relay.test>
To: {to}
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test
Original-Envelope-Id: {envelope}

Final-Recipient: rfc822; somebody@example.com
Action: {action}
Status: {status}

--x--
"""


@pytest.fixture(scope="module")
def relay() -> Iterator[Mailbox]:
    with mailbox(data_size_limit=50 * 1024**2) as box:
        yield box


@pytest.fixture(scope="module")
def instance(own_database_url: str, relay: Mailbox) -> Iterator[Instance]:
    given = {"gateway": "smtp", "smtp_url": relay.url(), "secret_key": "k" * 40}
    with running("mails", database_url=own_database_url, **given) as made:
        yield made


def call(instance: Instance, method: str, path: str, **given: Any) -> Any:
    headers = {"Authorization": f"App {instance.token}", **given.pop("headers", {})}
    answer = requests.request(method, f"{instance.url}{path}", headers=headers, timeout=WITHIN, **given)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.content else None


def form(*files: tuple[str, tuple[str, bytes, str]], **fields: Any) -> tuple[bytes, str]:
    given = {"from": "例の店 <news@acme.example>", "subject": "お知らせ", "text": TEXT, "html": HTML, **fields}
    pairs = [
        (name, value) for name, values in given.items() for value in ([values] if isinstance(values, str) else values)
    ]
    return encode_multipart_formdata([*pairs, *files])


def arrived(relay: Mailbox, *recipients: str) -> list[Kept]:
    """The mails that these recipients got, in their order."""

    def found() -> dict[str, Kept]:
        return {kept.recipients[0]: kept for kept in list(relay.kept)}

    until(lambda: set(recipients) <= found().keys())
    return [found()[recipient] for recipient in recipients]


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None and html is not None
    return text.get_content().strip(), html.get_content().replace("\r\n", "\n")


def test_a_form_arrives_as_it_was_given(instance: Instance, relay: Mailbox) -> None:
    to = [f"{name}@form.example" for name in ("anna", "carl", "dora")]
    data, content_type = form(
        ("attachment", ("請求書.pdf", PDF, "application/pdf")),
        ("attachment", ("empty", b"", "text/plain")),
        ("inlineImage", ("logo.png", PNG, "image/png")),
        to=to[0],
        cc=to[1],
        bcc=to[2],
        replyTo="Help <help@acme.example>",
        headers='{"X-Campaign": "spring"}',
    )
    sent = call(instance, "POST", "/email/3/send", data=data, headers={"Content-Type": content_type})["messages"]
    for kept, answered in zip(arrived(relay, *to), sent, strict=True):
        mail, link = kept.mail, answered["shortlink"]
        assert (mail["To"], mail["Cc"], mail["Bcc"]) == (to[0], to[1], None)
        assert (mail["Reply-To"], mail["X-Campaign"], mail["Subject"]) == (
            *["Help <help@acme.example>", "spring", "お知らせ"],
        )
        assert parts(mail) == (f"Your parcel: {link}", HTML.replace(TARGET, link).replace("\r\n", "\n"))
        files = {part.get_filename(): part.get_payload(decode=True) for part in mail.walk() if part.get_filename()}
        assert files == {"請求書.pdf": PDF, "empty": b"", "logo.png": PNG}
        [image] = [part for part in mail.walk() if part["Content-ID"]]
        assert (image["Content-ID"], image.get_content_disposition()) == ("<logo.png>", "inline")
    assert len({answered["shortlink"] for answered in sent}) == 3
    clicked = requests.get(sent[0]["shortlink"], headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=WITHIN)
    assert clicked.headers["Location"] == TARGET


def test_a_form_may_come_in_chunks(instance: Instance, relay: Mailbox) -> None:
    data, content_type = form(("attachment", ("a.pdf", PDF, "application/pdf")), to="anna@chunks.example")
    chunks = (data[start : start + 50_000] for start in range(0, len(data), 50_000))
    call(instance, "POST", "/email/3/send", data=chunks, headers={"Content-Type": content_type})
    [kept] = arrived(relay, "anna@chunks.example")
    assert [part.get_payload(decode=True) for part in kept.mail.iter_attachments()] == [PDF]


def test_a_torn_form_is_no_mail(instance: Instance) -> None:
    data, content_type = form(("attachment", ("a.pdf", PDF, "application/pdf")), to="anna@torn.example")
    headers = {"Authorization": f"App {instance.token}", "Content-Type": content_type}
    for whole in (data[:-10], iter([data[: len(data) // 2]])):
        answer = requests.post(f"{instance.url}/email/3/send", data=whole, headers=headers, timeout=WITHIN)
        assert (answer.status_code, list(answer.json())) == (400, ["requestError"])
    assert call(instance, "GET", "/email/1/logs?to=anna@torn.example") == {"results": []}


def test_json_arrives_as_it_was_given(instance: Instance, relay: Mailbox) -> None:
    file = {"content": base64.b64encode(PDF).decode(), "contentType": "application/pdf", "fileName": "a.pdf"}
    to = ["anna@json.example", "ben@json.example"]
    message = {
        "sender": "news@acme.example",
        "destinations": [{"to": [{"destination": one} for one in to], "cc": [{"destination": "carl@json.example"}]}],
        "content": {"subject": "Hello", "html": HTML, "attachments": [{"type": "binary", **file}]},
    }
    sent = call(instance, "POST", "/email/4/messages", json={"messages": [message]})["messages"]
    kept = arrived(relay, *to, "carl@json.example")
    assert [one.mail["To"] for one in kept] == [*to, "undisclosed-recipients:;"]
    assert {one.mail["Cc"] for one in kept} == {"carl@json.example"}
    for one, answered in zip(kept, sent, strict=True):
        body = one.mail.get_body(("html",))
        assert body is not None and answered["shortlink"] in body.get_content()
        assert [part.get_payload(decode=True) for part in one.mail.iter_attachments()] == [PDF]


def test_notifications_of_the_relay_become_reports(instance: Instance, relay: Mailbox) -> None:
    ends = {
        "anna@dsn.example": ("delivered", "2.0.0", "DELIVERED", "NO_ERROR"),
        "ben@dsn.example": ("failed", "5.1.1", "UNDELIVERABLE", "EC_HARD_BOUNCE"),
        "carl@dsn.example": ("failed", "5.2.2", "UNDELIVERABLE", "EC_EMAIL_STORAGE_LIMIT_EXCEEDED"),
    }
    data, content_type = form(to=[*ends], bulkId="dsn", callbackData="4711")
    call(instance, "POST", "/email/3/send", data=data, headers={"Content-Type": content_type})
    for kept in arrived(relay, *ends):
        action, status, *_ = ends[kept.recipients[0]]
        envelope = kept.sender.partition("+")[2].partition("@")[0]
        notification = DSN.format(to=kept.sender, envelope=envelope, action=action, status=status)
        answer = requests.post(
            f"{instance.url}/v1/receipts/dsn",
            data=notification,
            headers={"Content-Type": "message/rfc822"},
            auth=(instance.sid, instance.token),
            timeout=WITHIN,
        )
        assert answer.status_code < 300, answer.text
    results = call(instance, "GET", "/email/1/reports?bulkId=dsn")["results"]
    assert {one["to"]: (one["status"]["groupName"], one["error"]["name"]) for one in results} == {
        to: end[2:] for to, end in ends.items()
    }
    assert call(instance, "GET", "/email/4/reports?bulkId=dsn") == {"results": []}
