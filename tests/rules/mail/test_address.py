"""E-mail addresses, and names in front of them."""

import pytest

from shortener.rules.mail.address import MailAddress


@pytest.mark.parametrize(
    ("text", "address", "name"),
    [
        ("shop@example.com", "shop@example.com", ""),
        ("<shop@example.com>", "shop@example.com", ""),
        ('"Blue, Shop" <shop@example.com>', "shop@example.com", "Blue, Shop"),
        ("お店　支店 <shop@bücher.example>", "shop@xn--bcher-kva.example", "お店　支店"),
        ("=?utf-8?q?a?= <jörg@example.com>", "jörg@example.com", "=?utf-8?q?a?="),
    ],
)
def test_a_sender_has_address_and_name(text: str, address: str, name: str) -> None:
    found = MailAddress.parse_sender(text)
    assert (str(found), found.name) == (address, name)


def test_a_recipient_is_an_address_alone() -> None:
    assert MailAddress.parse("anna@例え.jp") == MailAddress("anna", "xn--r8jz45g.jp")


@pytest.mark.parametrize("text", ["", "a", "a@", "@b", "a@b c", "a@b@c", "a@b,c", "<a@b>", "a@b..c", "=?x?=@b"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be one e-mail address"):
        MailAddress.parse(text)
