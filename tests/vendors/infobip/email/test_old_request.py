"""The form of the old API, as its clients fill it in."""

import json
from typing import Any

import pytest

from shortener.errors import InvalidFieldsError
from shortener.rules.delivery.receiver import Policy
from shortener.vendors.infobip import sending
from shortener.vendors.infobip.email.mails import File, Mail, To
from shortener.vendors.infobip.email.old_request import InfobipOldMail

LEAST = {"from": "Acme <news@acme.example>", "to": "anna@example.com", "subject": "Hello", "text": "Hi"}
KEPT = dict.fromkeys(("callbackData", "campaignReferenceId", "entityId", "applicationId"))
PDF, PNG = File("a.pdf", "application/pdf", b"%PDF"), File("a.png", "image/png", b"\x89PNG")


def mail(*files: tuple[str, File], **changed: Any) -> Mail:
    return InfobipOldMail.read({**LEAST, **changed}, files, Policy()).mail(files)


def faults(*files: tuple[str, File], **changed: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidFieldsError) as caught:
        mail(*files, **changed)
    return caught.value.fields


def test_the_least_is_a_mail() -> None:
    assert mail() == Mail(sender=LEAST["from"], to=(To("anna@example.com"),), subject="Hello", text="Hi", kept=KEPT)


def test_every_field_has_its_place() -> None:
    made = mail(
        cc="carl@example.com",
        bcc=["dora@example.com"],
        replyto="Help <help@acme.example>",
        html="<p>Hi</p>",
        headers='{"X-A": "b"}',
        preserverecipients="true",
        trackingurl="https://acme.example/clicks",
        trackclicks="True",
        callbackdata="4711",
        intermediatereport="true",
        notifyurl="https://acme.example/reports",
        messageid="mine",
        sendat="2026-11-28T21:00:00.000+0900",
        defaultplaceholders='{"name": "you"}',
        campaignreferenceid="spring",
        landingpageplaceholders='{"x": "y"}',
    )
    assert made == Mail(
        sender=LEAST["from"],
        to=(To("anna@example.com", "mine"),),
        cc=(To("carl@example.com"),),
        bcc=(To("dora@example.com"),),
        shows_recipients=True,
        subject="Hello",
        text="Hi",
        html="<p>Hi</p>",
        values={"name": "you"},
        reply_to="Help <help@acme.example>",
        headers={"X-A": "b"},
        track_link=True,
        click_url="https://acme.example/clicks",
        receipts_url="https://acme.example/reports",
        told_states=sending.EACH,
        kept=KEPT | {"callbackData": "4711", "campaignReferenceId": "spring"},
    )


def test_an_own_id_belongs_to_the_first_recipient() -> None:
    to = ["anna@example.com", '{"to": "Ben <ben@example.com>", "placeholders": {"name": "Ben"}}']
    assert list(mail(to=to, messageid="mine").to) == [
        To("anna@example.com", "mine"),
        To("ben@example.com", None, {"name": "Ben"}),
    ]


def test_placeholders_may_be_json_text() -> None:
    to = json.dumps({"to": "ben@example.com", "placeholders": '{"name": "Ben"}'})
    assert list(mail(to=to).to) == [To("ben@example.com", None, {"name": "Ben"})]


def test_files_are_images_or_attachments() -> None:
    made = mail(("attachment", PDF), ("inlineimage", PNG), ("anything", PDF))
    assert (made.images, made.files) == ((PNG,), (PDF, PDF))


def test_text_and_html_may_be_files() -> None:
    page = File("page.html", "text/html", "<p>荷物</p>".encode())
    made = mail(("html", page), text="")
    assert (made.text, made.html, made.files) == (None, "<p>荷物</p>", ())


def test_null_is_not_given() -> None:
    assert mail(**dict.fromkeys(("cc", "bcc", "html", "trackclicks", "headers", "defaultplaceholders"))) == mail()


def test_empty_fields_were_not_filled_in() -> None:
    empty = dict.fromkeys(("cc", "bcc", "html", "trackclicks", "sendat", "notifyurl", "templateid", "messageid"), "")
    assert mail(**empty) == mail()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", ""),
        ("from", "Acme"),
        ("to", ""),
        ("to", ["", ""]),
        ("subject", ""),
        ("subject", "x" * 1001),
        ("text", ""),
        ("text", "x" * 10_001),
        ("html", "a\0b"),
        ("templateId", "17"),
        ("trackClicks", "perhaps"),
        ("sendAt", "tomorrow"),
        ("sendAt", "2026-11-28T12:00:00"),
        ("notifyUrl", "ftp://acme.example/"),
        ("trackingUrl", "nonsense"),
        ("callbackData", "x" * 4001),
        ("bulkId", "x" * 101),
        ("messageId", "x" * 201),
        ("headers", '{"Bcc": "eve@example.com"}'),
        ("headers", "[]"),
        ("headers", "{"),
        ("defaultPlaceholders", "nonsense"),
        ("attachment", "no file"),
    ],
)
def test_a_fault_has_the_vendors_name(name: str, value: Any) -> None:
    assert list(faults(**{name.lower(): value})) == [name]


@pytest.mark.parametrize(
    "to",
    [
        "anna",
        "anna@example.com, ben@example.com",
        "anna@example.com\r\nBcc: eve@example.com",
        "{",
        "{}",
        '{"to": 3}',
        '{"to": "anna"}',
        '{"to": "anna@example.com", "placeholders": 3}',
        "{" * 100_000,
        "anna@\ud800.example",
    ],
)
def test_a_faulty_recipient_is_named_by_its_place(to: str) -> None:
    assert list(faults(to=["ben@example.com", to])) == ["to[1]"]


def test_too_many_recipients_are_refused() -> None:
    assert list(faults(to=["anna@example.com"] * 1001)) == ["to"]
