"""The gateways that the product has itself, what they carry, and which gateway the operator chose for each channel."""

import enum
from collections.abc import Mapping
from typing import Final

from shortener.rules.delivery.gateway_rules import Channel

NONE: Final = "none"  # instead of a gateway: the text is given back, and not sent
Carried = Mapping[str, frozenset[Channel]]  # the channels that each gateway carries, by its name


class GatewayName(enum.StrEnum):
    """A gateway of our own by its name. Vendors' gateways have the names of their folders, which are plain text."""

    SIMULATOR = "simulator"  # sends nothing, and reports what the end of the recipient asks for
    KANNEL = "kannel"  # an SMS gateway of the operator
    SMTP = "smtp"  # a mail relay of the operator


OWN: Final[Carried] = {
    GatewayName.SIMULATOR: frozenset(Channel),
    GatewayName.KANNEL: frozenset({Channel.SMS}),
    GatewayName.SMTP: frozenset({Channel.EMAIL}),
}


def by_channel(text: str, carried: Carried = OWN) -> Mapping[Channel, str]:
    """Read `none`, a name, or `sms=NAME,email=NAME`; ValueError with a sentence if it is none of them.

    Names are those of `carried`. A name alone stands for all channels that the gateway carries.
    """
    if text.strip() == NONE:
        return {}
    if "=" not in text:
        name = _name(text, carried)
        return {channel: name for channel in Channel if channel in carried[name]}
    chosen: dict[Channel, str] = {}
    for entry in text.split(","):
        channel, name = _entry(entry, carried)
        if channel in chosen:
            raise ValueError(f"must name one gateway for {channel}")
        chosen[channel] = name
    return chosen


def _entry(entry: str, carried: Carried) -> tuple[Channel, str]:
    given, _, text = (part.strip() for part in entry.partition("="))
    if given not in set(Channel):
        raise ValueError(f"must look like {NONE}, {GatewayName.KANNEL} or sms=kannel,email=smtp")
    channel, name = Channel(given), _name(text, carried)
    if channel not in carried[name]:
        raise ValueError(f"must name a gateway for {channel} that carries it; {name} does not")
    return channel, name


def _name(text: str, carried: Carried) -> str:
    name = text.strip()
    if name not in carried:
        names = ", ".join(carried)
        raise ValueError(f"must be {NONE} or one of the gateways {names}; a vendor's needs SHORTENER_GATEWAY_URLS too")
    return name
