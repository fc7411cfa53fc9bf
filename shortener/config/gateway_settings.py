"""The settings of sending: which gateways there are, how they are reached, and how fast they are fed."""

from collections.abc import Mapping

import pydantic
from pydantic import Field, ValidationInfo

from shortener.config.types import GatewayUrls, KannelUrl, Line, MailSender, Origin, SentIs, SmtpUrl
from shortener.rules.delivery import gateway_name, vendor_addresses
from shortener.rules.delivery.gateway_name import Carried, GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.server_address import ServerAddress


class GatewaySettings(pydantic.BaseModel):
    """The part of the settings that is about gateways."""

    gateway_urls: GatewayUrls = Field(
        "",
        repr=False,
        description="The URLs of vendors' APIs that may be gateways: `name=https://user:password@host/path`, separated "
        "by spaces or lines, special characters as `%XX`.",
    )
    gateway: str = Field(
        gateway_name.NONE,
        description="The gateway that messages are sent through: `none`, `simulator`, `kannel`, `smtp` or a vendor's "
        "name, or one for each channel: `sms=kannel,email=smtp`. `none`: texts are given back and not sent.",
    )
    gateway_rate: float | None = Field(
        None, gt=0, le=10_000, description="Messages per second that one gateway gets, from all nodes together."
    )
    gateway_in_flight: int = Field(
        8, ge=1, le=64, description="Messages that are handed over to one gateway at once, by all nodes together."
    )
    validity_period: int = Field(
        259_200,
        ge=1,
        le=2_592_000,
        description="Seconds within which a message must be handed over and delivered, if it gives no period itself.",
    )
    kannel_url: KannelUrl | None = Field(
        None,
        repr=False,
        description="Kannel's `sendsms` service: `http://user:password@127.0.0.1:13013/cgi-bin/sendsms`, special "
        "characters as `%XX`.",
    )
    kannel_smsc: Line | None = Field(None, description="The `smsc-id` that Kannel shall use. Default: Kannel's choice.")
    internal_url: Origin | None = Field(
        None,
        description="The URL at which gateways in your network reach the product, for receipts. Default: "
        "`SHORTENER_PUBLIC_URL`.",
    )
    smtp_url: SmtpUrl | None = Field(
        None,
        repr=False,
        description="Your mail relay: `smtp://user:password@host:587`, with STARTTLS if it is offered, or `smtps://…`.",
    )
    smtp_sent_is: SentIs = Field(
        MessageState.SENT,
        description="`delivered`: mail counts as delivered as soon as the relay has taken it, for relays that send no "
        "delivery status notifications.",
    )
    mail_sender: MailSender | None = Field(
        None,
        description="Who sends mails of the product itself, such as invitations: `Shortener <shortener@example.com>`. "
        "Default: `shortener@` and the host of `SHORTENER_PUBLIC_URL`.",
    )
    simulator_delay: float = Field(
        0.5, ge=0, le=3600, description="Seconds until the simulator's receipts come, after it took a message."
    )

    @pydantic.field_validator("gateway")
    @classmethod
    def _names_gateways(cls, value: str, info: ValidationInfo) -> str:
        if "gateway_urls" in info.data:  # otherwise it is faulty, and says so
            gateway_name.by_channel(value, _possible(info.data["gateway_urls"]))  # its ValueError says what is allowed
        return value

    @pydantic.field_validator("kannel_url", "smtp_url")
    @classmethod
    def _is_there_if_named(cls, value: str | None, info: ValidationInfo) -> str | None:
        name = GatewayName((info.field_name or "").removesuffix("_url"))
        if value is None and name in _named(info.data.get("gateway"), info.data.get("gateway_urls")):
            raise ValueError(f"is required, because SHORTENER_GATEWAY names {name}")
        return value

    def gateways(self, carried: Carried) -> Mapping[Channel, str]:
        """The gateway of each channel that has one, where the configured ones carry these channels.

        ValueError with a sentence if one is to carry what it does not.
        """
        return gateway_name.by_channel(self.gateway, carried)

    @property
    def vendor_addresses(self) -> Mapping[str, ServerAddress]:
        """The address of each vendor's API that may be a gateway, by the vendor's name."""
        return vendor_addresses.parse(self.gateway_urls)

    @property
    def configured_gateways(self) -> frozenset[str]:
        """All gateways that an account or a message may choose: those named, and those that have a URL."""
        having_urls = {GatewayName.KANNEL: self.kannel_url, GatewayName.SMTP: self.smtp_url}
        with_urls = {name for name, url in having_urls.items() if url} | set(self.vendor_addresses)
        return _named(self.gateway, self.gateway_urls) | with_urls


def _possible(urls: str) -> Carried:
    """The gateways that may be named. What a vendor's carries is known only when its folder has been read."""
    return {**gateway_name.OWN, **dict.fromkeys(vendor_addresses.parse(urls), frozenset(Channel))}


def _named(gateway: str | None, urls: str | None) -> frozenset[str]:
    """The gateways that a setting names; none if one of the two is faulty."""
    if gateway is None or urls is None:
        return frozenset()
    return frozenset(gateway_name.by_channel(gateway, _possible(urls)).values())
