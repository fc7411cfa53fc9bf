"""The check of a mail's headers stops what the writing should never let through."""

import pytest

from shortener.outbound.mail import Base64
from shortener.sending.mail import headers

HEAD = b"From: a@b\r\nTo: c@d\r\nSubject: x\r\nDate: y\r\nMessage-ID: <z>\r\nMIME-Version: 1.0\r\n"
MIXED = HEAD + b'Content-Type: multipart/mixed; boundary="q"\r\n\r\n--q\r\n'
FILE = b"\r\n--q\r\nContent-Type: text/plain; charset=x\r\n\r\n"


def check(parts: int, *content: bytes | Base64) -> None:
    headers.check(content, parts)


def test_a_mail_as_we_write_it_passes() -> None:
    check(1, HEAD + b"Content-Type: text/plain\r\n\r\nBcc: x@y\r\n")
    check(2, MIXED + b"\r\nHello", FILE, Base64(b"x"), b"\r\n--q--\r\n")


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        (1, HEAD + b"Bcc: x@y\r\n\r\nHello"),
        (1, HEAD + b"Subject: twice\r\n\r\nHello"),
        (1, HEAD + b"\rBcc: x@y\r\n\r\nHello"),
        (1, HEAD.replace(b"Subject: x\r\n", b"") + b"\r\nHello"),
        (1, HEAD + b"no header\r\n\r\nHello"),
        (2, MIXED + b"\r\nHello" + FILE.replace(b"=x", b"=x\r\nX-Evil: 1") + b"\r\n--q--\r\n"),
        (1, MIXED + b"\r\nHello" + FILE + b"\r\n--q--\r\n"),
        (2, MIXED + b"\r\nHello" + FILE),
    ],
)
def test_any_other_is_refused(parts: int, content: bytes) -> None:
    with pytest.raises(ValueError, match="the message cannot be written"):
        check(parts, content)
