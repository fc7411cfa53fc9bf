"""The settings of sending: which gateways there are, how they are reached, and how fast they are fed."""

from collections.abc import Mapping

import pydantic
from pydantic import Field, ValidationInfo

from shortener.config.types import GatewayChoice, KannelUrl, Line, Origin, SentIs, SmtpUrl
from shortener.rules.delivery import gateway_name
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState


class GatewaySettings(pydantic.BaseModel):
    """The part of the settings that is about gateways."""

    gateway: GatewayChoice = Field(
        gateway_name.NONE,
        description="The gateway that messages are sent through: `none`, `simulator`, `kannel` or `smtp`, or one for "
        "each channel: `sms=kannel,email=smtp`. `none`: texts are given back and not sent.",
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
    simulator_delay: float = Field(
        0.5, ge=0, le=3600, description="Seconds until the simulator's receipts come, after it took a message."
    )

    @pydantic.field_validator("kannel_url", "smtp_url")
    @classmethod
    def _is_there_if_named(cls, value: str | None, info: ValidationInfo) -> str | None:
        name = GatewayName((info.field_name or "").removesuffix("_url"))
        named = gateway_name.by_channel(info.data.get("gateway", gateway_name.NONE)).values()
        if value is None and name in named:
            raise ValueError(f"is required, because SHORTENER_GATEWAY names {name}")
        return value

    @property
    def gateways(self) -> Mapping[Channel, GatewayName]:
        """The gateway of each channel that has one."""
        return gateway_name.by_channel(self.gateway)

    @property
    def configured_gateways(self) -> frozenset[GatewayName]:
        """All gateways that an account or a message may choose: those named, and those that have a URL."""
        having_urls = {GatewayName.KANNEL: self.kannel_url, GatewayName.SMTP: self.smtp_url}
        return frozenset(self.gateways.values()) | {name for name, url in having_urls.items() if url}
