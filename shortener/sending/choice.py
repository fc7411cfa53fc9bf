"""The gateways of an installation by name, and the URL at which each is to leave its receipts."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from shortener.config.settings import Settings
from shortener.errors import SettingsError
from shortener.receipts.incoming import Reader
from shortener.rules.delivery import gateway_name, server_address
from shortener.rules.delivery.gateway_choice import Gateways
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.receipt_key import receipt_key
from shortener.rules.delivery.server_address import HTTP_PORTS, SMTP_PORTS
from shortener.sending.gateway import Gateway
from shortener.sending.kannel import receipts as kannel_receipts
from shortener.sending.kannel.gateway import Kannel
from shortener.sending.mail import receipts as mail_receipts
from shortener.sending.mail.gateway import Smtp
from shortener.sending.simulator import Simulator
from shortener.sending.vendor_api import VendorApi, VendorGateway

GatewaysByName = Mapping[str, Gateway]
VendorApis = Mapping[str, VendorApi]  # by the vendor's name
_URLS: Final = "SHORTENER_GATEWAY_URLS"
_MSGID, _KEY = "x" * 32, "x" * 16  # as long as each msgid and each key


def _kannel(settings: Settings) -> Gateway:
    return Kannel(server_address.parse(settings.kannel_url or "", HTTP_PORTS), settings.kannel_smsc)


def _smtp(settings: Settings) -> Gateway:
    own_host = urlsplit(settings.base_url).hostname or "localhost"
    return Smtp(server_address.parse(settings.smtp_url or "", SMTP_PORTS), own_host, settings.smtp_sent_is)


_MAKERS: Final[Mapping[str, Callable[[Settings], Gateway]]] = {
    GatewayName.SIMULATOR: lambda _: Simulator(),
    GatewayName.KANNEL: _kannel,
    GatewayName.SMTP: _smtp,
}

# By the name in the URL of receipts. A relay sends a kind of mail that others send too, so it has a name of its own.
RECEIPT_READERS: Final[Mapping[str, Reader]] = {
    GatewayName.KANNEL: kannel_receipts.read,
    "dsn": mail_receipts.read,
}


def make(settings: Settings, vendor_apis: VendorApis) -> GatewaysByName:
    """Make the configured gateways. It opens no connection and reads no secret key.

    SettingsError if a vendor is named that has no API here, or a URL is our own.
    """
    vendors = settings.vendor_addresses
    if found := list(_faults(settings, vendor_apis)):
        raise SettingsError(found)
    made: dict[str, Gateway] = {
        name: VendorGateway(name, vendor_apis[name], address) for name, address in vendors.items()
    }
    own = sorted(settings.configured_gateways - vendors.keys())
    return {name: _MAKERS[name](settings) for name in own} | made


def faults(settings: Settings, vendor_apis: VendorApis) -> Iterator[str]:
    """Say what is wrong with the gateways of the settings, before anything is made."""
    found = list(_faults(settings, vendor_apis))
    yield from found
    if not found:
        try:
            chosen(settings, vendor_apis)
        except SettingsError as error:
            yield from error.faults


def _faults(settings: Settings, vendor_apis: VendorApis) -> Iterator[str]:
    known = ", ".join(sorted(vendor_apis)) or "none yet"
    for name, address in settings.vendor_addresses.items():
        if name not in vendor_apis:
            yield f"{_URLS}: {name} is no gateway of this version; vendors with one: {known}"
        elif f"{address.host}:{address.port}" in settings.own_receivers:
            yield f"{_URLS}: the URL of {name} is this installation, which would send each message to itself for ever"
        elif fault := vendor_apis[name].fault(address):
            yield f"{_URLS}: the URL of {name} {fault}"


def without_receipts(settings: Settings, vendor_apis: VendorApis) -> Iterator[str]:
    """Say which vendors cannot be given our URL for receipts because it is too long."""
    for name in settings.vendor_addresses:
        longest, length = vendor_apis[name].longest_receipt_url, len(_receipt_url(settings, name, _MSGID, _KEY))
        if longest is not None and length > longest:
            yield (
                f"{name} takes at most {longest} characters as the URL for receipts, and ours have {length}: it gets "
                f"none. Set a SHORTENER_INTERNAL_URL with at most {longest - length + len(settings.receipts_base_url)}"
            )


def chosen(settings: Settings, vendor_apis: VendorApis) -> Gateways:
    """Which gateway each channel has, and which may be chosen. SettingsError if one carries another channel."""
    all_carried = {**gateway_name.OWN, **{name: api.channels for name, api in vendor_apis.items()}}
    carried = {name: channels for name, channels in all_carried.items() if name in settings.configured_gateways}
    try:
        by_channel = settings.gateways(carried)
    except ValueError as fault:
        raise SettingsError([f"SHORTENER_GATEWAY: {fault}"]) from None
    return Gateways(by_channel, carried, dt.timedelta(seconds=settings.validity_period))


def receipt_url(settings: Settings, gateway: str, msgid: str) -> str:
    """The URL for the receipts of one message; its key proves that we gave it out. May make the secret key."""
    key = receipt_key(settings.secret_keys[0], gateway, msgid)
    return _receipt_url(settings, gateway, msgid, key)


def _receipt_url(settings: Settings, gateway: str, msgid: str, key: str) -> str:
    return f"{settings.receipts_base_url}/receipts/{gateway}/{msgid}/{key}"
