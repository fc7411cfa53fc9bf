"""Which gateway the setting names for which channel."""

from collections.abc import Mapping

import pytest

from shortener.rules.delivery.gateway_name import OWN, GatewayName, by_channel
from shortener.rules.delivery.gateway_rules import Channel

SMS, EMAIL = Channel.SMS, Channel.EMAIL
SIMULATOR, KANNEL, SMTP = GatewayName.SIMULATOR, GatewayName.KANNEL, GatewayName.SMTP


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("none", {}),
        ("simulator", {SMS: SIMULATOR, EMAIL: SIMULATOR}),
        ("kannel", {SMS: KANNEL}),
        (" smtp ", {EMAIL: SMTP}),
        ("sms=kannel,email=smtp", {SMS: KANNEL, EMAIL: SMTP}),
        ("email = simulator , sms = kannel", {SMS: KANNEL, EMAIL: SIMULATOR}),
        ("sms=kannel", {SMS: KANNEL}),
    ],
)
def test_a_setting_chooses_gateways_by_channel(text: str, chosen: Mapping[Channel, str]) -> None:
    assert by_channel(text) == chosen


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "carrier",
            "must be none or one of the gateways simulator, kannel, smtp; a vendor's needs SHORTENER_GATEWAY_URLS too",
        ),
        (
            "kannel,smtp",
            "must be none or one of the gateways simulator, kannel, smtp; a vendor's needs SHORTENER_GATEWAY_URLS too",
        ),
        (
            "sms=carrier",
            "must be none or one of the gateways simulator, kannel, smtp; a vendor's needs SHORTENER_GATEWAY_URLS too",
        ),
        (
            "sms=none",
            "must be none or one of the gateways simulator, kannel, smtp; a vendor's needs SHORTENER_GATEWAY_URLS too",
        ),
        ("fax=kannel", "must look like none, kannel or sms=kannel,email=smtp"),
        ("sms=kannel,", "must look like none, kannel or sms=kannel,email=smtp"),
        ("sms=kannel,sms=simulator", "must name one gateway for sms"),
        ("sms=smtp", "must name a gateway for sms that carries it; smtp does not"),
        ("email=kannel", "must name a gateway for email that carries it; kannel does not"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_sentence(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}$"):
        by_channel(text)


def test_a_vendors_gateway_has_a_plain_name() -> None:
    carried = {**OWN, "acme": frozenset({SMS})}
    assert by_channel("acme", carried) == {SMS: "acme"}
    assert by_channel("sms=acme,email=smtp", carried) == {SMS: "acme", EMAIL: SMTP}
    with pytest.raises(ValueError, match="carries it; acme does not"):
        by_channel("email=acme", carried)
