"""The JSON of the new API, as its client writes it."""

import base64
import datetime as dt
from typing import Any

import pytest

from shortener.errors import InvalidFieldsError
from shortener.rules.delivery.receiver import Policy
from shortener.vendors.infobip.email.mails import File, Mail, To
from shortener.vendors.infobip.email.new_request import InfobipMails

FILE = {
    "type": "binary",
    "content": base64.b64encode(b"%PDF\0").decode(),
    "contentType": "application/pdf",
    "fileName": "a.pdf",
}
MESSAGE: dict[str, Any] = {
    "sender": "Acme <news@acme.example>",
    "destinations": [{"to": [{"destination": "anna@example.com"}]}],
    "content": {"subject": "Hello", "text": "Hi"},
}


def read(**message: Any) -> InfobipMails:
    return InfobipMails.check({"messages": [{**MESSAGE, **message}]}, Policy())


def faults(given: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidFieldsError) as caught:
        InfobipMails.check(given, Policy())
    return list(caught.value.fields)


def test_the_least_is_a_mail() -> None:
    least = {"sender": "Acme <news@acme.example>", "to": (To("anna@example.com"),), "subject": "Hello", "text": "Hi"}
    assert list(read().mails()) == [Mail(**least, kept={"callbackData": None, "campaignReferenceId": None})]
    assert read().schedule.bulk_id is None


def test_every_field_has_its_place() -> None:
    message = {
        "sender": "news@acme.example",
        "destinations": [
            {
                "to": [{"destination": "anna@example.com", "messageId": "m1", "placeholders": '{"name": "Anna"}'}],
                "cc": [{"destination": "carl@example.com", "messageId": "m2"}],
                "bcc": [{"destination": "dora@example.com"}],
                "replyTo": "help@acme.example",
                "preserveRecipients": True,
            },
            {"to": [{"destination": "ben@example.com"}], "cc": None, "preserveRecipients": False},
        ],
        "content": {
            "subject": "Hello",
            "html": "<p>Hi</p>",
            "attachments": [FILE],
            "inlineImages": [FILE | {"fileName": "a.png", "contentType": "image/png"}],
            "defaultPlaceholders": '{"name": "you"}',
            "headers": '{"X-A": "b"}',
            "templateLanguageVersion": "1",
        },
        "options": {
            "campaignReferenceId": "spring",
            "validityPeriod": {"amount": 2, "timeUnit": "HOURS"},
            "platform": {"entityId": "x"},
        },
        "webhooks": {
            "delivery": {"url": "https://acme.example/reports", "intermediateReport": True, "notify": False},
            "contentType": "application/json",
            "callbackData": "4711",
        },
    }
    options = {
        "schedule": {"bulkId": "b1", "sendAt": "2026-11-28T12:00:00.000+0000"},
        "tracking": {
            "track": True,
            "trackOpens": True,
            "trackClicks": True,
            "trackingUrl": "https://acme.example/clicks",
            "trackingPixelPosition": "TOP",
        },
        "clientPriority ": "HIGH",
    }
    request = InfobipMails.check({"messages": [message], "options": options}, Policy())
    first, second = request.mails()
    assert (request.schedule.bulk_id, request.schedule.send_at) == (
        "b1",
        dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC),
    )
    assert first == Mail(
        sender="news@acme.example",
        to=(To("anna@example.com", "m1", {"name": "Anna"}),),
        cc=(To("carl@example.com", "m2"),),
        bcc=(To("dora@example.com"),),
        shows_recipients=True,
        subject="Hello",
        html="<p>Hi</p>",
        images=(File("a.png", "image/png", b"%PDF\0"),),
        files=(File("a.pdf", "application/pdf", b"%PDF\0"),),
        values={"name": "you"},
        reply_to="help@acme.example",
        headers={"X-A": "b"},
        track_link=True,
        click_url="https://acme.example/clicks",
        receipts_url="https://acme.example/reports",
        told_states=frozenset(),
        kept={"callbackData": "4711", "campaignReferenceId": "spring", "entityId": "x", "applicationId": None},
        validity_period=7200,
    )
    assert (second.to, second.cc, second.shows_recipients) == ((To("ben@example.com"),), (), False)


def test_null_is_not_given() -> None:
    given = {"messages": [{**MESSAGE, "options": None, "webhooks": None}], "options": None}
    assert list(InfobipMails.check(given, Policy()).mails()) == list(read().mails())
    given["options"] = {"schedule": None, "tracking": None}
    assert list(InfobipMails.check(given, Policy()).mails()) == list(read().mails())


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"sender": None}, "messages[0].sender"),
        ({"sender": "Acme"}, "messages[0].sender"),
        ({"destinations": []}, "messages[0].destinations"),
        ({"destinations": [{"to": []}]}, "messages[0].destinations[0].to"),
        ({"destinations": [{}]}, "messages[0].destinations[0].to"),
        ({"destinations": [{"to": [{"destination": "x"}]}]}, "messages[0].destinations[0].to[0].destination"),
        ({"content": {"subject": "Hello"}}, "messages[0].content"),
        ({"content": {"text": "Hi"}}, "messages[0].content.subject"),
        ({"content": {"subject": "Hello", "text": "Hi", "templateId": "1"}}, "messages[0].content.templateId"),
        (
            {"content": {**MESSAGE["content"], "attachments": [{"type": "uploadedReference", "contentId": "1"}]}},
            "messages[0].content.attachments[0].type",
        ),
        (
            {"content": {**MESSAGE["content"], "attachments": [FILE, FILE | {"content": "?"}]}},
            "messages[0].content.attachments[1].content",
        ),
        ({"webhooks": {"delivery": {"url": "nonsense"}}}, "messages[0].webhooks.delivery.url"),
        ({"options": {"validityPeriod": {"amount": 0}}}, "messages[0].options.validityPeriod.amount"),
    ],
)
def test_a_fault_is_named_by_its_path(changed: dict[str, Any], path: str) -> None:
    assert path in faults({"messages": [{**MESSAGE, **changed}]})


@pytest.mark.parametrize("given", [{}, {"messages": []}, {"messages": {}}, {"messages": [MESSAGE], "options": 3}])
def test_what_is_no_request_is_refused(given: dict[str, Any]) -> None:
    assert faults(given)
