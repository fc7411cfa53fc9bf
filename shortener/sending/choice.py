"""The gateways of an installation by name, and the URL at which each is to leave its receipts."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit

from shortener.config.settings import Settings
from shortener.receipts.incoming import Reader
from shortener.rules.delivery import server_address
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.receipt_key import receipt_key
from shortener.rules.delivery.server_address import KANNEL_PORTS, SMTP_PORTS
from shortener.sending.gateway import Gateway
from shortener.sending.kannel import receipts as kannel_receipts
from shortener.sending.kannel.gateway import Kannel
from shortener.sending.mail import receipts as mail_receipts
from shortener.sending.mail.gateway import Smtp
from shortener.sending.simulator import Simulator

GatewaysByName = Mapping[GatewayName, Gateway]


def _kannel(settings: Settings) -> Gateway:
    return Kannel(server_address.parse(settings.kannel_url or "", KANNEL_PORTS), settings.kannel_smsc)


def _smtp(settings: Settings) -> Gateway:
    own_host = urlsplit(settings.base_url).hostname or "localhost"
    return Smtp(server_address.parse(settings.smtp_url or "", SMTP_PORTS), own_host, settings.smtp_sent_is)


_MAKERS: Final[Mapping[GatewayName, Callable[[Settings], Gateway]]] = {
    GatewayName.SIMULATOR: lambda _: Simulator(),
    GatewayName.KANNEL: _kannel,
    GatewayName.SMTP: _smtp,
}

# By the name in the URL of receipts. A relay sends a kind of mail that others send too, so it has a name of its own.
RECEIPT_READERS: Final[Mapping[str, Reader]] = {
    GatewayName.KANNEL: kannel_receipts.read,
    "dsn": mail_receipts.read,
}


def make(settings: Settings) -> GatewaysByName:
    """Make the configured gateways. It opens no connection and reads no secret key."""
    return {name: _MAKERS[name](settings) for name in sorted(settings.configured_gateways)}


def receipt_url(settings: Settings, gateway: GatewayName, msgid: str) -> str:
    """The URL for the receipts of one message; its key proves that we gave it out. May make the secret key."""
    key = receipt_key(settings.secret_keys[0], gateway, msgid)
    return f"{settings.receipts_base_url}/receipts/{gateway}/{msgid}/{key}"
