"""The gateways that the product has, what they carry, and which of them the operator chose for each channel."""

import enum
from collections.abc import Mapping
from typing import Final

from shortener.rules.delivery.gateway_rules import Channel

NONE: Final = "none"  # instead of a gateway: the text is given back, and not sent


class GatewayName(enum.StrEnum):
    """A gateway by its name."""

    SIMULATOR = "simulator"  # sends nothing, and reports what the end of the recipient asks for
    KANNEL = "kannel"  # an SMS gateway of the operator
    SMTP = "smtp"  # a mail relay of the operator

    @property
    def channels(self) -> frozenset[Channel]:
        """The channels that it carries."""
        return _CHANNELS[self]


_CHANNELS: Final = {
    GatewayName.SIMULATOR: frozenset(Channel),
    GatewayName.KANNEL: frozenset({Channel.SMS}),
    GatewayName.SMTP: frozenset({Channel.EMAIL}),
}


def by_channel(text: str) -> Mapping[Channel, GatewayName]:
    """Read `none`, a name, or `sms=NAME,email=NAME`; ValueError with a sentence if it is none of them.

    A name alone stands for all channels that the gateway carries.
    """
    if text.strip() == NONE:
        return {}
    if "=" not in text:
        name = _name(text)
        return {channel: name for channel in Channel if channel in name.channels}
    chosen: dict[Channel, GatewayName] = {}
    for entry in text.split(","):
        channel, name = _entry(entry)
        if channel in chosen:
            raise ValueError(f"must name one gateway for {channel}")
        chosen[channel] = name
    return chosen


def _entry(entry: str) -> tuple[Channel, GatewayName]:
    given, _, name = (part.strip() for part in entry.partition("="))
    if given not in set(Channel):
        raise ValueError(f"must look like {NONE}, {GatewayName.KANNEL} or sms=kannel,email=smtp")
    channel, gateway = Channel(given), _name(name)
    if channel not in gateway.channels:
        raise ValueError(f"must name a gateway for {channel} that carries it; {gateway} does not")
    return channel, gateway


def _name(text: str) -> GatewayName:
    try:
        return GatewayName(text.strip())
    except ValueError:
        raise ValueError(f"must be {NONE} or one of the gateways {', '.join(GatewayName)}") from None
