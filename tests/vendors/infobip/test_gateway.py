"""What goes out to the vendor's API, and what its answers mean."""

import base64
import datetime as dt
import json
from dataclasses import replace
from typing import Any

import pytest
from infobip_api_client.models import EmailRequest, SmsRequest

from shortener.errors import QuietHoursError
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.server_address import HTTP_PORTS, parse
from shortener.sending.gateway import Attached, NotNow, Outgoing, Refused, Taken
from shortener.vendors.infobip import gateway, statuses

ADDRESS = parse("https://App:key@x.api.example", HTTP_PORTS)
SMS = Outgoing(
    msgid="m" * 32,
    sender="Acme",
    recipient="+41793026727",
    text="Hi https://s.example.com/abcdefghij",
    receipt_url="https://s.example.com/receipts/infobip/k",
    seconds_left=90.5,
)
FILE = Attached("a.pdf", "application/pdf", b"%PDF")
MAIL = Outgoing(
    msgid="m" * 32,
    sender="Shop <news@shop.example>",
    recipient="jo@example.com",
    text="Hi",
    html="<p>Hi</p>",
    subject="Parcel",
    attached_bytes=4,
    attachments=lambda: [FILE],
    receipt_url="https://s.example.com/receipts/infobip/k",
)


def document(outgoing: Outgoing) -> Any:
    return json.loads(gateway.call(ADDRESS, outgoing).body)


def answer(**status: Any) -> bytes:
    found = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED", "description": "x", **status}
    return json.dumps({"messages": [{"messageId": "m", "destination": "1", "status": found}]}).encode()


def test_an_sms_goes_out_with_our_id_and_receipt_url() -> None:
    call = gateway.call(ADDRESS, SMS)
    assert (call.method, call.url) == ("POST", "https://x.api.example:443/sms/3/messages")
    assert call.headers["Authorization"] == "App key"
    [message] = document(SMS)["messages"]
    assert message["destinations"] == [{"to": "41793026727", "messageId": "m" * 32}]
    assert message["webhooks"]["delivery"] == {"url": SMS.receipt_url, "intermediateReport": True, "notify": True}
    assert message["options"]["validityPeriod"] == {"amount": 90, "timeUnit": "SECONDS"}
    assert document(SMS)["options"]["tracking"] == {"shortenUrl": False, "trackClicks": False}


def test_the_vendors_own_models_take_our_requests() -> None:
    sms, mail = SmsRequest.from_dict(document(SMS)), EmailRequest.from_dict(document(MAIL))
    assert sms and sms.messages[0].content.actual_instance.text == SMS.text
    assert mail and mail.messages[0].destinations[0].to[0].message_id == MAIL.msgid


def test_a_mail_goes_out_with_its_parts_and_files() -> None:
    assert gateway.call(ADDRESS, MAIL).url.endswith("/email/4/messages")
    [message] = document(MAIL)["messages"]
    content = message["content"]
    assert (content["subject"], content["text"], content["html"]) == ("Parcel", "Hi", "<p>Hi</p>")
    [file] = content["attachments"]
    assert (file["type"], file["fileName"], file["contentType"]) == ("binary", "a.pdf", "application/pdf")
    assert base64.b64decode(file["content"]) == b"%PDF"
    assert document(MAIL)["options"]["tracking"] == {"track": False, "trackClicks": False, "trackOpens": False}


def test_a_mail_keeps_its_images_headers_and_replies() -> None:
    extras = {"mail": {"inline": 1, "reply_to": "help@shop.example", "headers": {"X-A": "b"}, "cc": ["c@example.com"]}}
    image = Attached("logo.png", "image/png", b"png")
    [message] = document(replace(MAIL, extras=extras, attachments=lambda: [image, FILE]))["messages"]
    content, [group] = message["content"], message["destinations"]
    assert [file["fileName"] for file in content["inlineImages"] + content["attachments"]] == ["logo.png", "a.pdf"]
    assert (content["headers"], group["replyTo"]) == ('{"X-A": "b"}', "help@shop.example")
    assert "cc" not in group


def test_user_and_password_are_basic_credentials() -> None:
    call = gateway.call(parse("http://me:secret@127.0.0.1:8001/base/", HTTP_PORTS), SMS)
    assert call.url == "http://127.0.0.1:8001/base/sms/3/messages"
    assert call.headers["Authorization"] == "Basic " + base64.b64encode(b"me:secret").decode()


@pytest.mark.parametrize(("seconds", "amount"), [(0.2, 1), (1e9, 172_800)])
def test_the_period_is_what_the_vendor_takes(seconds: float, amount: int) -> None:
    outgoing = Outgoing(msgid="m", sender="A", recipient="+4179", text="x", seconds_left=seconds)
    assert document(outgoing)["messages"][0]["options"]["validityPeriod"]["amount"] == amount


@pytest.mark.parametrize(
    "outgoing",
    [
        Outgoing(msgid="m", sender="A", recipient="+4179", text=None),
        Outgoing(msgid="m", sender="a@b.example", recipient="a@b.example", text="x"),
    ],
)
def test_what_the_vendor_does_not_take_is_said(outgoing: Outgoing) -> None:
    with pytest.raises(ValueError, match=r"SMS needs a text|without a subject"):
        gateway.call(ADDRESS, outgoing)


@pytest.mark.parametrize("name", ["PENDING", "ACCEPTED", "DELIVERED"])
def test_an_accepted_message_is_taken(name: str) -> None:
    found = gateway.read(200, answer(groupName=name))
    assert isinstance(found, Taken) and found.reference == "m"
    found = gateway.read(200, answer(groupName=name).replace(b'"messageId": "m"', b'"messageId": null'))
    assert isinstance(found, Taken) and found.reference == ""


def test_a_duplicate_was_taken_before() -> None:
    found = gateway.read(200, answer(groupName="REJECTED", id=23, name="REJECTED_DUPLICATE_MESSAGE_ID"))
    assert isinstance(found, Taken)


@pytest.mark.parametrize(
    ("number", "name", "reason"),
    [
        (13, "REJECTED_SENDER", Reason.REGULATION_HEADER),
        (52, "REJECTED_DESTINATION", Reason.UNREACHABLE),
        (14, "REJECTED_DESTINATION", Reason.OPTED_OUT),
        (999, "REJECTED_NEW", Reason.UNKNOWN),
    ],
)
def test_a_rejected_message_is_refused(number: int, name: str, reason: Reason) -> None:
    found = gateway.read(200, answer(groupName="REJECTED", id=number, name=name, description="Not so"))
    assert isinstance(found, Refused) and (found.code, found.reason) == (name, reason)
    assert "Not so" in found.sentence


def test_quiet_hours_are_waited_for() -> None:
    status = statuses.refused(QuietHoursError(dt.datetime(2026, 11, 29, tzinfo=dt.UTC)))
    assert isinstance(gateway.read(200, answer(**status)), NotNow)


def test_a_wrong_receipt_url_is_our_fault() -> None:
    url, sender = (
        {"property": f"messages[0].{name}", "violation": "x"} for name in ("webhooks.delivery.url", "sender")
    )
    assert isinstance(gateway.read(400, json.dumps({"violations": [url]}).encode()), NotNow)
    assert gateway.read(400, json.dumps({"violations": [url, sender]}).encode()) is None
    assert gateway.read(400, b'{"violations": []}') is None


def test_a_message_without_credit_waits() -> None:
    found = gateway.read(200, answer(groupName="REJECTED", id=12, name="REJECTED_NOT_ENOUGH_CREDITS"))
    assert isinstance(found, NotNow)


@pytest.mark.parametrize("status", [201, 400, 401, 429, 500, 503])
def test_other_statuses_decide_by_themselves(status: int) -> None:
    assert gateway.read(status, b"{}") is None


@pytest.mark.parametrize("body", [b"", b"[]", b'{"messages":[]}', b'{"messages":[{"status":{}}]}'])
def test_an_answer_that_makes_no_sense_is_an_error(body: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        gateway.read(200, body)
