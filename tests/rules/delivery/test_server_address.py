"""Addresses of the operator's own servers, and passwords that no fault repeats."""

import pytest

from shortener.rules.delivery.server_address import SMTP_PORTS as PORTS
from shortener.rules.delivery.server_address import ServerAddress, parse


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("smtp://relay.internal", ServerAddress("smtp", "relay.internal", 25)),
        ("SMTPS://Relay.Internal/", ServerAddress("smtps", "relay.internal", 465, "/")),
        ("smtp://me:hunter2@relay:587", ServerAddress("smtp", "relay", 587, "", "me", "hunter2")),
        ("smtp://me%40x:p%40%3A%2F@[2001:DB8::1]:2525", ServerAddress("smtp", "2001:db8::1", 2525, "", "me@x", "p@:/")),
    ],
)
def test_an_address_has_these_parts(text: str, parsed: ServerAddress) -> None:
    assert parse(text, PORTS) == parsed


@pytest.mark.parametrize(
    "text",
    [
        *[
            "relay:25",
            "http://relay",
            "smtp://",
            "smtp://me:hunter2",
            "smtp://me:hunter2@",
            "smtp://me:hunter2@relay:0",
        ],
        *["smtp://me:hunter2@relay:99999", "smtp://me:hunter2@relay:25 ", "smtp://me:hunt\ner2@relay"],
        *["smtp://me:hunter2%0D%0AX@relay", "smtp://me:hunter2@re lay", "smtp://me:hunter2#@relay", "smtp://me@relay"],
        *["smtp://me:hunter2@例え.jp", "smtp://me:%E9hunter2@relay"],
        *["smtp://me:hunter2@relay/a#b", "smtp://me:hunter2@relay/a\\b", "smtp://me:hunter2@[1::2::3]"],
    ],
)
def test_a_wrong_address_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as caught:
        parse(text, PORTS)
    assert "hunter2" not in str(caught.value)


def test_a_password_is_in_no_repr() -> None:
    assert "hunter2" not in repr(parse("smtp://me:hunter2@relay", PORTS))


def test_a_url_has_no_password() -> None:
    assert parse("smtp://me:hunter2@[::1]/a%20b", PORTS).url == "smtp://[::1]:25/a%20b"


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("localhost", True), ("[::1]", True), ("10.0.0.1", False), ("127.example", False)],
)
def test_only_this_machine_is_loopback(host: str, is_loopback: bool) -> None:
    assert parse(f"smtp://{host}", PORTS).is_loopback is is_loopback
