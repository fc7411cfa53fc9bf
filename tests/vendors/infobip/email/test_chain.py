"""A mail goes through two instances to a relay: files as they were, links replaced once, and its end comes back.

The account of the second instance rewrites no links, and the first one asks it not to.
"""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.factories import TARGET
from tests.support.smtp import Mailbox, mailbox
from tests.support.waiting import WITHIN, until
from tests.vendors.chain import Chain, Chaining

HTML = f'<p>荷物 <a href="{TARGET}">track</a> <img src="cid:logo.png"></p>'
PNG, PDF = b"\x89PNG\r\n\x1a\n", bytes(range(256)) * 1000
DSN = """\
To: {to}
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Original-Envelope-Id: {envelope}

Final-Recipient: rfc822; anna@example.com
Action: failed
Status: 5.2.2

--x--
"""


@pytest.fixture
def relay() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def chain(chaining: Chaining, relay: Mailbox) -> Chain:
    second = chaining.instance("second", {"track_link": False}, gateway="smtp", smtp_url=relay.url())
    api = f"http://App:{second.sender.token}@{second.address}"
    return Chain(chaining.instance("first", {}, gateway_urls=f"infobip={api}", gateway="infobip"), second)


def call(chain: Chain, method: str, path: str, **given: Any) -> Any:
    headers = {"Authorization": f"App {chain.first.sender.token}"}
    answer = requests.request(method, f"{chain.first.url}{path}", headers=headers, timeout=WITHIN, **given)
    assert answer.status_code == 200, answer.text
    return answer.json()


def file(name: str, content: bytes) -> dict[str, str]:
    return {"fileName": name, "contentType": "x/y", "content": base64.b64encode(content).decode()}


def test_a_mail_arrives_and_its_end_comes_back(chain: Chain, relay: Mailbox) -> None:
    content = {
        "subject": "お知らせ",
        "html": HTML,
        "text": f"See {TARGET}",
        "attachments": [file("請求書.pdf", PDF)],
        "inlineImages": [file("logo.png", PNG)],
        "headers": {"X-Campaign": "spring"},
    }
    group = {"to": [{"destination": "anna@example.com", "messageId": "mine"}], "replyTo": "help@acme.example"}
    message = {"sender": "例の店 <news@acme.example>", "destinations": [group], "content": content}
    [sent] = call(chain, "POST", "/email/4/messages", json={"messages": [message]})["messages"]
    until(lambda: len(relay.kept) == 1)
    [kept] = relay.kept
    files = {part.get_filename(): part.get_payload(decode=True) for part in kept.mail.walk() if part.get_filename()}
    assert files == {"請求書.pdf": PDF, "logo.png": PNG}
    assert (kept.mail["Subject"], kept.mail["Reply-To"], kept.mail["X-Campaign"]) == (
        *["お知らせ", "help@acme.example", "spring"],
    )
    html = kept.mail.get_body(("html",))
    assert html is not None and html.get_content().strip() == HTML.replace(TARGET, sent["shortlink"])

    envelope = kept.sender.partition("+")[2].partition("@")[0]
    answer = requests.post(
        f"{chain.second.url}/v1/receipts/dsn",
        data=DSN.format(to=kept.sender, envelope=envelope),
        headers={"Content-Type": "message/rfc822", **chain.second.sender.basic},
        timeout=WITHIN,
    )
    assert answer.status_code < 300, answer.text
    chain.wait_for("failed")
    [report] = call(chain, "GET", "/email/1/reports")["results"]
    assert (report["messageId"], report["status"]["groupName"], report["error"]["id"]) == (
        "mine",
        "UNDELIVERABLE",
        6010,
    )
