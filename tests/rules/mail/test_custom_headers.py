"""A sender may add headers, but none that says who wrote a mail or which way it came."""

import pytest

from shortener.rules.mail import custom_headers


@pytest.mark.parametrize("name", ["X-Campaign", "List-Unsubscribe", "In-Reply-To", "Precedence", "x-1"])
def test_a_header_of_the_senders_own_passes(name: str) -> None:
    assert custom_headers.fault(name, "<https://acme.example/off?a=1>") is None


@pytest.mark.parametrize(
    "name",
    ["Bcc", "FROM", "Content-Type", "content-id", "DKIM-Signature", "Received", "Resent-To", "Message-ID", "Date"],
)
def test_headers_of_every_mail_stay_ours(name: str) -> None:
    assert custom_headers.fault(name, "x") == f"must not set {name}, which is written for every mail"


@pytest.mark.parametrize("name", ["", "X Y", "X:Y", "X\r\nBcc", "Ä", "1x", "x" * 77])
def test_names_that_are_no_headers_are_refused(name: str) -> None:
    assert (custom_headers.fault(name, "x") or "").startswith("must name headers of letters")


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y.example", "a\nb", "a\0", "\ud800", "x" * 901])
def test_values_of_several_lines_are_refused(value: str) -> None:
    assert (custom_headers.fault("X-A", value) or "").startswith("must have a value of one line")
