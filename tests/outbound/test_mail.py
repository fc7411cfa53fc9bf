"""A mail in pieces is the same mail."""

import base64

import pytest

from shortener.outbound.mail import Base64, Mail


def mail(*content: bytes | Base64) -> Mail:
    return Mail("news@acme.example", "anna@example.com", content, "Zq3")


@pytest.mark.parametrize("size", [0, 1, 2, 3, 57, 58, 57 * 1024, 57 * 1024 + 1, 200_000])
def test_a_file_is_written_in_base64(size: int) -> None:
    file = Base64(bytes(index % 251 for index in range(size)))
    written = b"".join(file.pieces())
    assert base64.b64decode(written) == file.content
    assert len(written) == len(file)
    assert all(len(line) <= 76 for line in written.split(b"\r\n"))


def test_first_dots_are_doubled_while_sending() -> None:
    made = mail(b".a\n.\r\n", Base64(b"x"), b".b")
    assert b"".join(made.pieces()) == b"..a\r\n..\r\neA==\r\n..b\r\n"
    assert made.as_bytes() == b".a\n.\r\neA==\r\n.b"
    assert made.size == len(made.as_bytes())
