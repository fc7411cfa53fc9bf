"""A mail becomes one submission for each recipient, with files that a mail can have."""

from typing import Any

import pytest

from shortener.errors import InvalidFieldsError
from shortener.vendors.infobip.email import submissions
from shortener.vendors.infobip.email.mails import File, Mail, To
from shortener.vendors.infobip.sending import Wanted

ANNA, BEN = To("anna@example.com", "mine"), To("ben@example.com", None, {"name": "Ben"})


def wanted(*mails: Mail) -> list[Wanted]:
    return submissions.wanted(mails, "email/4", "b1", None)


def mail(**given: Any) -> Mail:
    return Mail(**{"sender": "Acme <news@acme.example>", "to": [ANNA], "text": "Hello {{name}}", **given})


def test_each_recipient_gets_a_submission() -> None:
    first, second = wanted(mail(to=[ANNA, BEN], html="<p>", kept={"callbackData": "4711"}))
    assert (first.to, first.submission["client_tag"], first.submission["message"]) == (
        *["anna@example.com", "mine", "Hello {{name}}"],
    )
    assert (second.to, second.submission["client_tag"], second.submission["message"]) == (
        *["ben@example.com", None, "Hello Ben"],
    )
    assert (first.face.bulk_id, first.face.pull_queue) == ("b1", "infobip email")
    assert first.face.fields == {**{"form": "email/4", "callbackData": "4711", "senderAddress": "news@acme.example"}}
    assert first.face.extras == {"mail": {}}


def test_recipients_share_the_files() -> None:
    first, second = wanted(mail(to=[ANNA, BEN], files=[File("a", "x/y", b"abc")]))
    assert first.submission["attachments"] is second.submission["attachments"]


@pytest.mark.parametrize(
    ("name", "kind", "stored"),
    [
        ("a.pdf", "application/pdf", ("a.pdf", "application/pdf")),
        ("../folder/a.pdf", "text/plain; charset=utf-8", ("a.pdf", "text/plain; charset=utf-8")),
        ("C:\\folder\\a.pdf", "message/rfc822", ("a.pdf", "application/octet-stream")),
        ("a\r\nX: y", "nonsense", ("aX: y", "application/octet-stream")),
        ("", "", ("attachment", "application/octet-stream")),
        ("folder/", "x/y", ("attachment", "x/y")),
        ("x" * 250 + ".pdf", "x/y", ("x" * 196 + ".pdf", "x/y")),
    ],
)
def test_every_file_gets_a_name(name: str, kind: str, stored: tuple[str, str]) -> None:
    [made] = wanted(mail(files=[File(name, kind, b"abc")]))
    [file] = made.submission["attachments"]
    assert (file.name, file.content_type, file.content) == (*stored, b"abc")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"to": [ANNA] * 101, "files": [File("a", "x/y", bytes(1024**2))]}, "to"),
        ({"to": [ANNA] * 1000, "html": "x" * 200_000}, "to"),
        ({"to": [BEN] * 1000, "html": "x" * 50_000}, "to"),
        ({"cc": [ANNA] * 101}, "cc"),
        ({"to": [To("anna@example.com", None, {"name": "x" * 1_000_001})]}, "placeholders"),
    ],
)
def test_what_is_too_much_is_refused(given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidFieldsError) as caught:
        wanted(mail(**given))
    assert list(caught.value.fields) == [field]


def test_much_of_the_same_is_taken() -> None:
    assert len(wanted(mail(to=[ANNA] * 1000, html="x" * 50_000))) == 1000


def test_groups_of_a_message_are_filled_once() -> None:
    values = {"name": "Eve"}
    groups = [mail(html="x" * 50_000, values=values) for _ in range(1_000)]
    texts = [each.submission["message"] for each in wanted(*groups)]
    assert {*texts} == {"Hello Eve"} and len({*map(id, texts)}) == 1


def test_default_placeholders_count_for_every_message() -> None:
    with pytest.raises(InvalidFieldsError):
        wanted(*(mail(html=f"{number}" + "x" * 50_000, values={"name": "Eve"}) for number in range(1_000)))


def test_what_is_too_much_is_named_by_its_path() -> None:
    names = {"cc": "messages[0].destinations[0].cc", "all": "messages"}
    recipient = To("anna@example.com", None, {"name": "x" * 1_000_001}, {"placeholders": "messages[0].to[0]"})
    for given, path in (
        ({"cc": [ANNA] * 101}, "messages[0].destinations[0].cc"),
        ({"to": [BEN] * 1000, "html": "x" * 50_000}, "messages"),
        ({"to": [recipient]}, "messages[0].to[0]"),
    ):
        with pytest.raises(InvalidFieldsError) as caught:
            wanted(mail(**given, names=names))
        assert list(caught.value.fields) == [path]
