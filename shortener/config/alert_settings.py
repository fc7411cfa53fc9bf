"""The settings of alerts: whom to tell what has gone wrong, and how."""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlsplit

import pydantic
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from shortener.config.gateway_settings import GatewaySettings
from shortener.config.types import SmtpUrl, Url, split
from shortener.rules.delivery import receiver
from shortener.rules.delivery.event import SECRET_PREFIX
from shortener.rules.mail.address import MailAddress


def _address(value: str) -> str:
    return str(MailAddress.parse(value))


def _secret(value: str) -> str:
    """Check that a secret is `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks has it."""
    try:
        key = base64.b64decode(value.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not value.startswith(SECRET_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("must be whsec_ and 24 to 64 random bytes in base64")
    return value


def _can_be_called(value: str) -> str:
    receiver.destination(value)  # its ValueError says what is allowed
    return value


class AlertSettings(GatewaySettings):
    """The part of the settings that is about alerts; after those of gateways, because mails need a relay."""

    alert_smtp_url: SmtpUrl | None = Field(
        None,
        repr=False,
        description="The mail relay of alerts, if it is not that of `SHORTENER_SMTP_URL`, which messages can use too.",
    )
    alert_mail: Annotated[
        tuple[Annotated[str, AfterValidator(_address)], ...], BeforeValidator(split), Field(max_length=10)
    ] = Field(
        (),
        description="E-mail addresses (comma-separated) of the operator, who is told about every incident. With it, "
        "owners of accounts get mails about theirs. Without it there are no mails.",
    )
    alert_from: Annotated[str, AfterValidator(_address)] | None = Field(
        None, description="The address that alerts are sent from. Default: `alerts@` and the host of the public URL."
    )
    alert_secret: Annotated[str, AfterValidator(_secret)] | None = Field(
        None,
        repr=False,
        description="The key that signs the operator's alerts: `whsec_` and 24 to 64 random bytes in base64.",
    )
    alert_url: Annotated[Url, AfterValidator(_can_be_called)] | None = Field(
        None,
        repr=False,
        description="The operator's URL, at any address, that gets a signed `alert` event for every incident.",
    )

    @pydantic.field_validator("alert_mail")
    @classmethod
    def _has_a_relay(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        relays: Mapping[str, object] = {name: info.data.get(name, "") for name in ("smtp_url", "alert_smtp_url")}
        if value and set(relays.values()) == {None}:
            raise ValueError("needs a mail relay: set SHORTENER_SMTP_URL or SHORTENER_ALERT_SMTP_URL")
        return value

    @pydantic.field_validator("alert_url")
    @classmethod
    def _has_a_secret(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("alert_secret", "") is None:
            raise ValueError("needs SHORTENER_ALERT_SECRET, which signs the events")
        return value

    @property
    def alert_relay(self) -> str | None:
        """The URL of the relay that alerts are sent through; None if no mails are wanted."""
        return (self.alert_smtp_url or self.smtp_url) if self.alert_mail else None

    def alert_sender(self, base_url: str) -> str:
        """Return the address that alerts are sent from."""
        return self.alert_from or f"alerts@{urlsplit(base_url).hostname}"
