"""The content types that a file of a mail may have."""

import pytest

from shortener.rules.mail import content_type


@pytest.mark.parametrize(
    "text",
    [
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "image/svg+xml",
        "text/plain; charset=utf-8",
        'text/csv;charset="utf-8"; header=present',
    ],
)
def test_a_usual_type_is_taken(text: str) -> None:
    assert content_type.fault(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pdf",
        "a/b/c",
        "text/plain;",
        "text/plain; charset",
        "text/plain; charset*=utf-8''x",
        'text/plain; charset="a"b"',
        'text/plain; charset="=?utf-8?q?a=0D=0AX-Evil:1?="',
        "text/plain; charset=utf-8\r\nX-Evil: 1",
        "text/plain\n",
        "téxt/plain",
        "multipart/mixed; boundary=x",
        "Message/rfc822",
        "text/plain; charset=" + "x" * 400,
    ],
)
def test_another_is_refused(text: str) -> None:
    assert content_type.fault(text)
