"""Messages as mails: what comes out is what was put in, and nothing ends a header."""

import time
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.outbound.smtp_conversation import Mail
from shortener.sending.gateway import Attached, Outgoing
from shortener.sending.mail.content import written

MSGID = "Zq3" * 10 + "ab"
TEXT = "Hello Anna,\n\nyour parcel: https://s.example.com/Ab3dEf9hIj\n.\nFrom us\n"
OUTGOING = Outgoing(msgid=MSGID, sender="news@acme.example", recipient="anna@example.com", text=TEXT, subject="Hello")


def mail(**changed: Any) -> EmailMessage:
    return parsed(written(replace(OUTGOING, **changed), "links.example"))


def parsed(made: Mail) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(made.content, policy=policy.default))


def content(part: Any) -> str:
    """The text of a part, with the line ends of Python."""
    return cast(str, part.get_content()).replace("\r\n", "\n")


def test_a_mail_names_its_message() -> None:
    made = written(OUTGOING, "links.example")
    assert (made.sender, made.recipient) == (f"bounces+{MSGID}@acme.example", "anna@example.com")
    assert made.envelope_id == MSGID
    assert parsed(made)["Message-ID"] == f"<{MSGID}@links.example>"
    assert parsed(made)["From"] == "news@acme.example"
    assert parsed(made)["To"] == "anna@example.com"
    assert abs(parsedate_to_datetime(parsed(made)["Date"]).timestamp() - time.time()) < 60


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "荷物をお届けします https://s.example.com/Ab3dEf9hIj\n" * 100,
        "x" * 9000,
        "é" * 3000,
        "\ttabs \x0b and trailing spaces  \n",
        "emoji \N{PACKAGE}",
        "",
    ],
)
def test_a_text_arrives_as_it_is(text: str) -> None:
    made = mail(text=text)
    assert made.get_content_type() == "text/plain"
    assert content(made).rstrip("\n") == text.rstrip("\n")


def test_html_is_the_alternative_of_a_text() -> None:
    html = '<p>荷物 <a href="https://s.example.com/Ab3dEf9hIj?a=1&amp;b=2">track</a></p>'
    made = mail(html=html)
    assert made.get_content_type() == "multipart/alternative"
    text, alternative = made.iter_parts()
    assert (content(text), content(alternative)) == (TEXT, html + "\n")


def test_html_may_stand_alone() -> None:
    made = mail(text=None, html="<p>Hello</p>")
    assert (made.get_content_type(), content(made)) == ("text/html", "<p>Hello</p>\n")


FILES = [
    Attached("invoice.pdf", "application/pdf", bytes(range(256)) * 400),
    Attached("請求書 11月.pdf", "application/pdf", b"%PDF-1.7"),
    Attached("notes.txt", "text/plain; charset=shift_jis", "メモ\r\n".encode("shift_jis")),
    Attached("data", "nonsense", b""),
    Attached("mail.eml", "message/rfc822", b"Subject: x\r\n\r\ny"),
    Attached('quote".bin', "multipart/mixed; boundary=x", b"\r\n.\r\n"),
]


def test_attachments_arrive_byte_for_byte() -> None:
    made = mail(html="<p>Hello</p>", attachments=lambda: FILES)
    assert made.get_content_type() == "multipart/mixed"
    found = list(made.iter_attachments())
    assert [part.get_filename() for part in found] == [file.name for file in FILES]
    assert [part.get_payload(decode=True) for part in found] == [file.content for file in FILES]
    assert [part.get_content_type() for part in found] == [
        *["application/pdf", "application/pdf", "text/plain", *["application/octet-stream"] * 3]
    ]
    assert found[2].get_content_charset() == "shift_jis"
    body = made.get_body(("plain",))
    assert body is not None and content(body) == TEXT


def test_large_attachments_are_written_in_time() -> None:
    large = Attached("film.mp4", "video/mp4", bytes(25 * 1024 * 1024))
    made = written(replace(OUTGOING, attachments=lambda: [large]), "links.example")
    assert len(made.content) > 33 * 1024 * 1024


def test_a_mail_has_only_seven_bits_and_short_lines() -> None:
    made = written(
        replace(OUTGOING, text="荷物" * 5000, subject="荷物" * 100, attachments=lambda: FILES), "links.example"
    )
    assert made.content.isascii()
    assert max(map(len, made.content.split(b"\r\n"))) <= 998
    assert b"\n" not in made.content.replace(b"\r\n", b"") and b"\r" not in made.content.replace(b"\r\n", b"")


def test_names_and_subjects_may_be_japanese() -> None:
    made = mail(sender="例の店 <news@acme.example>", subject="荷物をお届けします \N{PACKAGE}")
    assert made["From"].addresses[0].display_name == "例の店"
    assert made["Subject"] == "荷物をお届けします \N{PACKAGE}"


def test_a_domain_is_written_in_ascii() -> None:
    made = written(replace(OUTGOING, recipient="anna@例え.jp", sender="news@bücher.example"), "links.example")
    assert (made.sender, made.recipient) == (f"bounces+{MSGID}@xn--bcher-kva.example", "anna@xn--r8jz45g.jp")
    assert not made.needs_utf8


def test_a_name_beyond_ascii_needs_utf8() -> None:
    made = written(replace(OUTGOING, recipient="jörg@example.com"), "links.example")
    assert (made.needs_utf8, made.recipient) == (True, "jörg@example.com")
    assert "\r\nTo: jörg@example.com\r\n".encode() in made.content


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Hello\r\nBcc: eve@example.com"},
        {"subject": "Hello\u2028Bcc: eve@example.com"},
        {"subject": "a\x00b"},
        {"sender": "news@acme.example>\r\nRCPT TO:<eve@example.com"},
        {"sender": '"a\r\nBcc: eve@example.com" <news@acme.example>'},
        {"sender": "Acme"},
        {"sender": "news@"},
        {"sender": ""},
        {"recipient": "anna@example.com, eve@example.com"},
        {"recipient": "anna@example.com\nBcc: eve@example.com"},
        {"recipient": "anna@exa mple.com"},
        {"recipient": "@example.com"},
        {"recipient": "anna@example.com eve@example.com"},
        {"recipient": "+818012345678"},
        {"recipient": "anna@-\u0301.example"},
        {"text": None},
        {"attachments": lambda: [Attached("a\r\nX: y", "text/plain", b"")]},
    ],
)
def test_what_cannot_be_written_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"^the "):
        mail(**changed)


ANY = st.text(max_size=60)


@given(subject=ANY, name=ANY, file=ANY, kind=ANY, sender=ANY, recipient=ANY)
def test_no_text_adds_a_header(subject: str, name: str, file: str, kind: str, sender: str, recipient: str) -> None:
    """Whatever is given, a mail has these headers and one recipient, or it is refused."""
    files = [Attached(file, kind, b"x")]
    try:
        made = written(
            replace(
                OUTGOING,
                subject=subject,
                sender=f"{name} <news{sender}@acme.example>",
                recipient=f"{recipient}@example.com",
                attachments=lambda: files,
            ),
            "links.example",
        )
    except ValueError:
        return
    headers = made.content.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in headers.split(b"\r\n") if not line[:1].isspace()]
    assert sorted(names) == sorted(
        [b"From", b"To", b"Subject", b"Date", b"Message-ID", b"MIME-Version", b"Content-Type"]
    )
    assert " " not in made.sender + made.recipient
