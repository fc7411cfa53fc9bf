"""Which gateway sends a message, and which senders and recipients it can have."""

import pytest

from shortener.rules.delivery import gateway_choice, gateway_name
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel

SMS, EMAIL = Channel.SMS, Channel.EMAIL
BOTH = Gateways({SMS: GatewayName.KANNEL, EMAIL: GatewayName.SMTP}, gateway_name.OWN)
NONE_AT_ALL = Gateways()


@pytest.mark.parametrize(
    ("recipient", "has_html", "expected"),
    [
        ("+818012345678", False, SMS),
        ("+818012345678", True, SMS),
        ("ann@example.com", False, EMAIL),
        (None, True, EMAIL),
        (None, False, SMS),
    ],
)
def test_the_recipient_tells_the_channel(recipient: str | None, has_html: bool, expected: Channel) -> None:
    assert gateway_choice.channel(recipient, has_html=has_html) is expected


@pytest.mark.parametrize(
    ("asked", "of_account", "way", "expected"),
    [
        (None, None, SMS, "kannel"),
        (None, None, EMAIL, "smtp"),
        (None, "simulator", SMS, "simulator"),
        ("kannel", "simulator", SMS, "kannel"),
        ("none", "simulator", SMS, None),
        (None, "none", SMS, None),
        ("smtp", "none", EMAIL, "smtp"),
        (None, "kannel", EMAIL, "smtp"),  # for the channels that it carries
    ],
)
def test_message_then_account_then_setting(
    asked: str | None, of_account: str | None, way: Channel, expected: str | None
) -> None:
    assert gateway_choice.choose(asked, of_account, way, BOTH) == expected


def test_without_gateways_nothing_is_sent() -> None:
    assert gateway_choice.choose(None, None, SMS, NONE_AT_ALL) is None
    assert gateway_choice.choose("none", None, EMAIL, NONE_AT_ALL) is None


@pytest.mark.parametrize(
    ("asked", "of_account", "way"),
    [("kannel", None, EMAIL), ("smtp", None, SMS), ("carrier", None, SMS), (None, "carrier", SMS)],
)
def test_a_gateway_that_cannot_is_refused(asked: str | None, of_account: str | None, way: Channel) -> None:
    with pytest.raises(ValueError, match="must be"):
        gateway_choice.choose(asked, of_account, way, BOTH)


@pytest.mark.parametrize(
    ("asked", "of_account", "way", "sentence"),
    [
        ("smtp", None, SMS, "must be a gateway for SMS; smtp carries no SMS"),
        ("kannel", None, EMAIL, "must be a gateway for e-mail; kannel carries no e-mail"),
        (None, "carrier", SMS, "must be given, because the account's gateway carrier is not configured here; "),
    ],
)
def test_the_refusal_says_whose_gateway(asked: str | None, of_account: str | None, way: Channel, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        gateway_choice.choose(asked, of_account, way, BOTH)


def test_an_unconfigured_gateway_is_not_taken() -> None:
    with pytest.raises(ValueError, match="none"):
        gateway_choice.choose("kannel", None, SMS, NONE_AT_ALL)


@pytest.mark.parametrize(
    ("recipient", "way", "expected"),
    [
        ("+81 80-1234-5678", SMS, "+818012345678"),
        ("818012345678", SMS, "818012345678"),
        ("ann+x@example.com", EMAIL, "ann+x@example.com"),
    ],
)
def test_numbers_lose_their_separators(recipient: str, way: Channel, expected: str) -> None:
    assert gateway_choice.dialled(recipient, way) == expected


def test_a_trunk_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="leave it out"):
        gateway_choice.dialled("+81(0)80-1111-2222", SMS)
    assert gateway_choice.dialled("(080) 1111-2222", SMS) == "08011112222"


@pytest.mark.parametrize(
    ("recipient", "way"),
    [
        ("ann", SMS),
        ("12", SMS),
        ("+1234567890123456", SMS),
        ("+81x", SMS),
        ("１２３４５", SMS),
        ("a@b, c@d", EMAIL),
        ("a@b\r\nBcc: c@d", EMAIL),
        ("@example.com", EMAIL),
        ("Ann <a@example.com>", EMAIL),
        ("=?utf-8?q?a?=@example.com", EMAIL),
        ("a@example.com.", EMAIL),
        ("a@b=c.example", EMAIL),
    ],
)
def test_what_is_no_recipient_is_refused(recipient: str, way: Channel) -> None:
    with pytest.raises(ValueError, match="must be"):
        gateway_choice.dialled(recipient, way)


@pytest.mark.parametrize(
    ("sender", "way", "is_good"),
    [
        ("SHOP", SMS, True),
        ("Blue Shop", SMS, True),
        ("SHOP\r\nX: y", SMS, False),
        ("SHOP ", SMS, False),
        ("漢字", SMS, False),
        ("", SMS, False),
        ("shop@example.com", EMAIL, True),
        ("お店 <shop@example.com>", EMAIL, True),
        ("SHOP", EMAIL, False),
        ("a <b@c> <d@e>", EMAIL, False),
        ("a\r\nBcc: b <b@c>", EMAIL, False),
        ("shop@-\u0301.example", EMAIL, False),
    ],
)
def test_a_sender_fits_its_channel(sender: str, way: Channel, is_good: bool) -> None:
    assert (gateway_choice.sender_fault(sender, way) is None) == is_good
