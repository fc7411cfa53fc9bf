"""The types of settings: how each value is written, and what is refused. No fault repeats a value: it may be secret."""

import contextlib
import ipaddress
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field

from shortener.config import database_address, settings_file
from shortener.rules import contact, export_place, own_network
from shortener.rules.delivery import server_address, vendor_addresses
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.mail.address import MailAddress

_ON, _OFF = frozenset({"on", "true", "1", "yes"}), frozenset({"off", "false", "0", "no"})
_UNIX = "unix:/[!-~]+"
_ADDRESS = r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):[0-9]{1,5}"


def _switch(value: object) -> object:
    """Accept the usual words for on and off, in upper or lower case."""
    plain = str(value).strip().lower()
    if plain in _ON | _OFF:
        return "on" if plain in _ON else "off"
    raise ValueError("must be on or off")


def split(value: object) -> object:
    """Split `a, b` into a list."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _like(pattern: str, example: str) -> AfterValidator:
    """Make a validator of texts that match a pattern and have a valid port."""

    def check(value: str) -> str:
        with contextlib.suppress(ValueError):  # raised for an invalid port
            if re.fullmatch(pattern, value) and urlsplit(value if "//" in value else f"//{value}").port != 0:
                return value
        raise ValueError(f"must look like {example}")

    return AfterValidator(check)


def _plain_host(value: str) -> str:
    """Normalize a host as callback URLs are: lower case, without a final dot or brackets."""
    host = value.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    if not re.fullmatch(r"[a-z0-9_.-]+|[0-9a-f:.]+", host):
        raise ValueError("must be a host like receiver.internal, without scheme, port or path")
    return str(ipaddress.IPv6Address(host)) if ":" in host else host


def _has_certificates(given: Path) -> Path:
    value = settings_file.located(given)
    try:
        ssl.create_default_context(cafile=str(value))
    except OSError as error:  # includes ssl.SSLError
        reason = "it holds no certificates in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
        raise ValueError(f"cannot read {value}: {reason}") from None
    return value


def _is_one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line without control characters")
    return value


def _can_be_linked(value: str) -> str:
    contact.href(value)  # its ValueError says what is allowed
    return value


def _sends_mail(value: str) -> str:
    MailAddress.parse_sender(value)  # its ValueError says what is allowed
    return value


def _sent_or_delivered(value: object) -> object:
    if value in {MessageState.SENT, MessageState.DELIVERED}:
        return value
    raise ValueError(f"must be {MessageState.SENT} or {MessageState.DELIVERED}")


def _has_gateway_urls(value: str) -> str:
    vendor_addresses.parse(value)  # its ValueError does not repeat the passwords
    return value


def _is_a_place(value: str) -> str:
    export_place.parse(value)  # its ValueError says what is allowed
    return value


def _is_a_bucket(value: str) -> str:
    if not export_place.is_bucket(value):
        raise ValueError(f"must be names of buckets, comma-separated; each must have {export_place.BUCKET}")
    return value


def _has_options(value: str) -> str:
    options = [option.partition("=") for option in value.split()]
    if not all(re.fullmatch("[a-z][a-z0-9_]*", name) and text for name, _, text in options):
        raise ValueError("must be options like name=value with spaces between; a value has no spaces")
    endpoint = next((text for name, _, text in options if name.removeprefix("aws_").startswith("endpoint")), "https:")
    if not endpoint.startswith("https:") and not own_network.has(endpoint):
        raise ValueError("endpoint must be https outside of your own network")
    return value


def _server(ports: Mapping[str, int]) -> AfterValidator:
    """Make a validator of addresses of the operator's servers, with these schemes and default ports."""

    def check(value: str) -> str:
        server_address.parse(value, ports)  # its ValueError does not repeat the password
        return value

    return AfterValidator(check)


Hosts = Annotated[tuple[Annotated[str, AfterValidator(_plain_host)], ...], BeforeValidator(split)]
Ports = Annotated[tuple[Annotated[int, Field(ge=1, le=65535)], ...], BeforeValidator(split)]
Networks = Annotated[tuple[pydantic.IPvAnyNetwork, ...], BeforeValidator(split)]
Seconds = Annotated[tuple[Annotated[float, Field(ge=0, le=604_800)], ...], BeforeValidator(split)]
Switch = Annotated[Literal["on", "off"], BeforeValidator(_switch)]
Bind = Annotated[str, _like(f"{_ADDRESS}|{_UNIX}", "127.0.0.1:8000 or unix:/run/s/s.sock")]
Url = Annotated[str, _like(r"https?://[A-Za-z0-9\[][!-~]*", "https://www.example.com/page, in ASCII")]
# Without a path, because slugs are at the root.
Origin = Annotated[str, _like(r"https?://[A-Za-z0-9.:\[\]-]+/?", "https://s.example.com, in ASCII and without a path")]
DatabaseUrl = Annotated[str, AfterValidator(database_address.checked)]
CertificateFile = Annotated[Path, AfterValidator(_has_certificates)]
Line = Annotated[str, Field(max_length=80), AfterValidator(_is_one_line)]
Contact = Annotated[str, Field(max_length=200), AfterValidator(_can_be_linked)]
GatewayUrls = Annotated[str, AfterValidator(_has_gateway_urls)]
KannelUrl = Annotated[str, _server(server_address.HTTP_PORTS)]
SmtpUrl = Annotated[str, _server(server_address.SMTP_PORTS)]
MailSender = Annotated[str, Field(max_length=200), AfterValidator(_sends_mail)]
ExportUrl = Annotated[str, AfterValidator(_is_a_place)]
Buckets = Annotated[tuple[Annotated[str, AfterValidator(_is_a_bucket)], ...], BeforeValidator(split)]
StorageOptions = Annotated[str, AfterValidator(_has_options)]
SentIs = Annotated[MessageState, BeforeValidator(_sent_or_delivered)]
