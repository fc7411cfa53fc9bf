"""Messages as mails: what comes out is what was put in, and nothing ends a header."""

import time
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime, unquote
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.messages import route
from shortener.messages.submission import Submission
from shortener.outbound.mail import Mail
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.receiver import Policy
from shortener.rules.mail.address import MailAddress
from shortener.rules.mail.extras import MailExtras
from shortener.sending.gateway import Attached, Outgoing
from shortener.sending.mail.content import written
from shortener.storage.models import Account

MSGID = "Zq3" * 10 + "ab"
TEXT = "Hello Anna,\n\nyour parcel: https://s.example.com/Ab3dEf9hIj\n.\nFrom us\n"
OUTGOING = Outgoing(msgid=MSGID, sender="news@acme.example", recipient="anna@example.com", text=TEXT, subject="Hello")


def mail(**changed: Any) -> EmailMessage:
    return parsed(written(replace(OUTGOING, **changed), "links.example"))


def parsed(made: Mail) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(made.as_bytes(), policy=policy.default))


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


LOGO = Attached("logo 1.png", "image/png", b"\x89PNG\r\n\x1a\n")


def extras(**given: Any) -> dict[str, Any]:
    return MailExtras(**given).stored()


def test_images_belong_to_their_html() -> None:
    html = '<img src="cid:logo%201.png">'
    made = mail(html=html, attachments=lambda: [LOGO, *FILES], extras=extras(inline=1))
    related, *files = made.iter_parts()
    alternative, image = related.iter_parts()
    assert (related.get_content_type(), alternative.get_content_type()) == (
        *["multipart/related", "multipart/alternative"],
    )
    assert (image.get_content_disposition(), image.get_filename()) == ("inline", LOGO.name)
    assert (image["Content-ID"], image.get_payload(decode=True)) == ("<logo%201.png>", LOGO.content)
    assert [part.get_payload(decode=True) for part in files] == [file.content for file in FILES]


def test_images_of_one_name_share_no_id() -> None:
    made = mail(html="<p>Hello</p>", attachments=lambda: [LOGO, LOGO, LOGO], extras=extras(inline=3))
    _, *images = made.iter_parts()
    assert [image["Content-ID"] for image in images] == ["<logo%201.png>", None, None]
    assert {image.get_content_disposition() for image in images} == {"inline"}


def test_images_may_be_the_only_files() -> None:
    made = mail(text=None, html="<p>Hello</p>", attachments=lambda: [LOGO], extras=extras(inline=1))
    assert made.get_content_type() == "multipart/related"
    page, image = made.iter_parts()
    assert (content(page), image.get_payload(decode=True)) == ("<p>Hello</p>\n", LOGO.content)


def test_headers_of_the_sender_are_added() -> None:
    long = f"<https://acme.example/{'x' * 300}>, <mailto:off@acme.example>"
    given = {"X-Campaign": "荷物", "List-Unsubscribe": long, "X-Trap": ENCODED}
    made = mail(extras=extras(to=("a@b.example", "c@d.example"), cc=("e@f.example",), reply_to="R <r@s.example>"))
    assert (made["To"], made["Cc"]) == ("a@b.example, c@d.example", "e@f.example")
    assert made["Reply-To"] == "R <r@s.example>"
    made = mail(extras=extras(headers=given))
    assert {name: made[name] for name in given} == given


def test_a_copy_still_goes_to_one_recipient() -> None:
    made = written(replace(OUTGOING, extras=extras(to=(), cc=("e@f.example",))), "links.example")
    assert made.recipient == OUTGOING.recipient
    assert OUTGOING.recipient not in made.as_bytes().decode()
    assert parsed(made)["To"] == "undisclosed-recipients:;"


def test_a_named_address_may_need_utf8() -> None:
    made = written(replace(OUTGOING, extras=extras(cc=("jörg@example.com",))), "links.example")
    assert made.needs_utf8


@pytest.mark.parametrize("name", ["Bcc", "Subject", "Content-Type", "X\r\nBcc"])
def test_no_header_of_ours_is_doubled(name: str) -> None:
    with pytest.raises(ValueError, match=r"^the headers must"):
        mail(extras=extras(headers={name: "x@y.example"}))


def test_large_attachments_are_written_in_time() -> None:
    large = Attached("film.mp4", "video/mp4", bytes(25 * 1024 * 1024))
    made = written(replace(OUTGOING, attachments=lambda: [large]), "links.example")
    assert made.size == len(made.as_bytes()) > 33 * 1024 * 1024


def test_a_mail_has_only_seven_bits_and_short_lines() -> None:
    made = written(
        replace(OUTGOING, text="荷物" * 5000, subject="荷物" * 100, attachments=lambda: FILES), "links.example"
    )
    content = made.as_bytes()
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"") and b"\r" not in content.replace(b"\r\n", b"")


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
    assert "\r\nTo: jörg@example.com\r\n".encode() in made.as_bytes()


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


ENCODED = "=?utf-8?q?a=0D=0ABcc:_x@y.example?="


def test_an_encoded_word_stays_what_was_typed() -> None:
    kind = 'text/plain; charset="us-ascii"'
    made = mail(
        subject=ENCODED, sender=f"{ENCODED} <news@acme.example>", attachments=lambda: [Attached(ENCODED, kind, b"x")]
    )
    [file] = made.iter_attachments()
    assert (made["Subject"], made["From"].addresses[0].display_name, file.get_filename()) == (ENCODED,) * 3
    assert file["Content-Type"] == kind


@pytest.mark.parametrize("value", ["=?utf-8?q?a=0D=0AX-Evil:1?=", "=?us-ascii?q?a?="])
def test_a_type_with_an_encoded_word_is_none(value: str) -> None:
    made = mail(attachments=lambda: [Attached("a", f'text/plain; charset="{value}"', b"x")])
    assert [part["Content-Type"] for part in made.iter_attachments()] == ["application/octet-stream"]


PIECES = ["=?utf-8?q?", "=?utf-8?b?", "=0D=0A", "DQpCY2M6IHhAeQ==", "?=", "Bcc: x@y", "\r\n", "\u3000", " ", "=", ";"]
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from([*PIECES, '"', "\\", "荷物", "%0D%0A"]), max_size=8).map(
    "".join
)
TYPES = st.from_regex(r"[a-z]{1,9}/[a-z]{1,9}(; ?[a-z]{1,7}=([a-z0-9-]{1,7}|\"[ -~]{0,20}\"))?", fullmatch=True) | TEXTS
GATEWAYS = Gateways({Channel.EMAIL: GatewayName.SMTP}, {GatewayName.SMTP: frozenset({Channel.EMAIL})})
HEADERS = ["Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]
OF_A_FILE = ["Content-Disposition", "Content-Transfer-Encoding", "Content-Type"]


def display_name(made: Mail) -> str:
    """The name of the sender by RFC 2047: the spaces between two encoded words do not count."""
    name, _, _ = message_from_bytes(made.as_bytes())["From"].rpartition("<")
    return unquote(name.strip()) if name.startswith('"') else str(make_header(decode_header(name.strip())))


@given(subject=TEXTS, name=TEXTS, file=TEXTS, kind=TYPES)
@example(ENCODED, ENCODED, ENCODED, f'text/plain; charset="{ENCODED}"')
@example("\N{PACKAGE}" * 250, "お店　支店", "請求書　11月" * 20 + ".pdf", "text/plain; charset=shift_jis; name=x")
def test_what_is_submitted_arrives_or_is_refused(subject: str, name: str, file: str, kind: str) -> None:
    sender = f"{name} <news@acme.example>"
    files = [{"name": file, "content_type": kind, "content": "eA=="}]
    fields = {"message": TEXT, "subject": subject, "sender": sender, "recipient": "a@b.example", "attachments": files}
    try:
        route.find(Submission.check(fields, Policy()), Account(), GATEWAYS)
    except InvalidFieldsError:
        return
    files_read = lambda: [Attached(file, kind, b"x")]  # noqa: E731
    sent = written(replace(OUTGOING, subject=subject, sender=sender, attachments=files_read), "links.example")
    made = parsed(sent)
    [found] = made.iter_attachments()
    assert (made["Subject"], found.get_payload(decode=True)) == (subject, b"x")
    assert found["Content-Disposition"].params["filename"] == file
    assert display_name(sent) == MailAddress.parse_sender(sender).name
    assert (sorted(made.keys()), sorted(found.keys())) == (HEADERS, OF_A_FILE)
    assert f"\r\nContent-Type: {kind}\r\n".encode() in sent.as_bytes()


@given(subject=TEXTS, name=TEXTS, file=TEXTS, kind=TEXTS, sender=TEXTS, recipient=TEXTS)
def test_no_text_adds_a_header(subject: str, name: str, file: str, kind: str, sender: str, recipient: str) -> None:
    """Whatever is given, even past the submission, a mail has these headers and one recipient, or it is refused."""
    try:
        made = written(
            replace(
                OUTGOING,
                subject=subject,
                sender=f"{name} <news{sender}@acme.example>",
                recipient=f"{recipient}@example.com",
                attachments=lambda: [Attached(file, kind, b"x")],
            ),
            "links.example",
        )
    except ValueError:
        return
    read = parsed(made)
    assert sorted(read.keys()) == HEADERS
    assert [sorted(part.keys()) for part in read.iter_attachments()] == [OF_A_FILE]
    assert " " not in made.sender + made.recipient
