"""The gateways of an installation by name, and the URL at which each is to leave its receipts."""

from collections.abc import Callable, Mapping
from typing import Final

from shortener.config.settings import Settings
from shortener.rules.delivery import server_address
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.receipt_key import receipt_key
from shortener.rules.delivery.server_address import KANNEL_PORTS
from shortener.sending.gateway import Gateway
from shortener.sending.kannel import Kannel
from shortener.sending.simulator import Simulator

Gateways = Mapping[GatewayName, Gateway]


def _kannel(settings: Settings) -> Gateway:
    return Kannel(server_address.parse(settings.kannel_url or "", KANNEL_PORTS), settings.kannel_smsc)


_MAKERS: Final[Mapping[GatewayName, Callable[[Settings], Gateway]]] = {
    GatewayName.SIMULATOR: lambda _: Simulator(),
    GatewayName.KANNEL: _kannel,
}


def make(settings: Settings) -> Gateways:
    """Make the configured gateways. It opens no connection and reads no secret key."""
    return {name: _MAKERS[name](settings) for name in sorted(settings.configured_gateways)}


def receipt_url(settings: Settings, gateway: GatewayName, msgid: str) -> str:
    """The URL for the receipts of one message; its key proves that we gave it out. May make the secret key."""
    key = receipt_key(settings.secret_keys[0], gateway, msgid)
    return f"{settings.receipts_base_url}/receipts/{gateway}/{msgid}/{key}"
