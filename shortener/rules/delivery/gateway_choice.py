"""Decide which gateway sends a message, and whether its sender and recipient are such that the gateway can."""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shortener.rules.delivery.gateway_name import NONE, Carried
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.mail.address import MailAddress

_WRITTEN: Final = {Channel.SMS: "SMS", Channel.EMAIL: "e-mail"}
_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")
_SEPARATORS: Final = re.compile(r"[ ().-]")
_TRUNK_ZERO: Final = re.compile(r"\( *0 *\)")  # dialled only within the country; with it the number is another one
_SMS_SENDER: Final = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True, slots=True)
class Gateways:
    """The gateways of an installation: that of each channel, all that may be chosen, and how long they may try."""

    by_channel: Mapping[Channel, str] = field(default_factory=dict)
    configured: Carried = field(default_factory=dict)  # all that may be chosen, with what they carry
    validity_period: dt.timedelta = dt.timedelta(days=3)


def channel(recipient: str | None, *, has_html: bool) -> Channel:
    """Return the way to a recipient: e-mail if it is an address, and for HTML without a recipient."""
    is_mail = "@" in recipient if recipient else has_html
    return Channel.EMAIL if is_mail else Channel.SMS


def choose(asked: str | None, of_account: str | None, way: Channel, gateways: Gateways) -> str | None:
    """Return the gateway of a message: its own, else its account's, else that of its channel; None if it is not sent.

    An account's gateway is for the channels that it carries. ValueError with a sentence if there is no such gateway.
    """
    if asked is not None:
        return _named(asked, way, gateways)
    if of_account == NONE:
        return None
    if of_account is not None and way in _of_account(of_account, gateways):
        return of_account
    return gateways.by_channel.get(way)


def destination(account_id: int, gateway: str) -> str:
    """Return the destination of a sending, for fair share: the account and its gateway."""
    return f"{account_id} gateway://{gateway}:0"


def dialled(recipient: str, way: Channel) -> str:
    """Return a recipient as a gateway gets it: numbers without separators. ValueError if it cannot be one."""
    if way is Channel.EMAIL:
        MailAddress.parse(recipient)
        return recipient
    if recipient.startswith("+") and _TRUNK_ZERO.search(recipient):
        raise ValueError("must not have the zero in `(0)` after a country code, such as +81(0)80: leave it out")
    number = _SEPARATORS.sub("", recipient)
    if not _NUMBER.fullmatch(number):
        raise ValueError("must be a number of 3 to 15 digits, such as +818012345678, or an e-mail address")
    return number


def sender_fault(sender: str, way: Channel) -> str | None:
    """Return what is wrong with a sender; None if every gateway of the channel can use it."""
    if way is Channel.SMS:
        return None if _SMS_SENDER.fullmatch(sender) else "must be printable ASCII for SMS, without spaces at its ends"
    try:
        MailAddress.parse_sender(sender)
    except ValueError as fault:
        return str(fault)
    return None


def _named(name: str, way: Channel, gateways: Gateways) -> str | None:
    if name == NONE:
        return None
    if name not in gateways.configured:
        names = ", ".join([*sorted(gateways.configured), NONE])
        raise ValueError(f"must be one of those configured here: {names}")
    if way not in gateways.configured[name]:
        raise ValueError(f"must be a gateway for {_WRITTEN[way]}; {name} carries no {_WRITTEN[way]}")
    return name


def _of_account(name: str, gateways: Gateways) -> frozenset[Channel]:
    """Return the channels of an account's gateway."""
    if name not in gateways.configured:
        raise ValueError(
            f"must be given, because the account's gateway {name} is not configured here; the operator can change that"
        )
    return gateways.configured[name]
