"""The objects of the new generation that both channels have."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from shortener.vendors.infobip import sending
from shortener.vendors.infobip.fields import (
    LONGEST_VALIDITY,
    BulkId,
    CallbackData,
    Flag,
    InfobipFields,
    Name,
    Positive,
    Url,
)
from shortener.vendors.infobip.moments import Time

SECONDS: Final = {"SECONDS": 1, "MINUTES": 60, "HOURS": 3600}


class ValidityPeriod(InfobipFields):
    """How long a message may be tried."""

    amount: Positive
    time_unit: Literal["SECONDS", "MINUTES", "HOURS"] | None = None

    @property
    def seconds(self) -> int:
        """The period, which is cut to 48 hours."""
        return min(self.amount * SECONDS[self.time_unit or "MINUTES"], LONGEST_VALIDITY)


class Platform(InfobipFields):
    """Names that the client gives to parts of its business; kept and given back."""

    entity_id: Name = None
    application_id: Name = None


class MessageOptions(InfobipFields):
    """Options of a message. Those that are meant for carriers are ignored."""

    validity_period: ValidityPeriod | None = None
    campaign_reference_id: Name = None
    platform: Platform | None = None

    @property
    def kept(self) -> dict[str, Any]:
        """What is stored with the message, by the vendor's names."""
        platform = self.platform.model_dump(by_alias=True) if self.platform else {}
        return {"campaignReferenceId": self.campaign_reference_id, **platform}


class Delivery(InfobipFields):
    """Where reports are pushed, and which."""

    url: Url = None
    intermediate_report: Flag = None
    notify: Flag = None


class Webhooks(InfobipFields):
    """Where reports are pushed, and what they give back."""

    delivery: Delivery | None = None
    callback_data: CallbackData = None

    @property
    def url(self) -> str | None:
        """The URL for reports; None for the account's."""
        return self.delivery.url if self.delivery else None

    @property
    def told_states(self) -> sending.Told:
        """The states whose reports are pushed."""
        asked = self.delivery or Delivery()
        return sending.told_states(intermediate=asked.intermediate_report, notify=asked.notify)


class Schedule(InfobipFields):
    """When all messages of a request are sent, and the id of the request."""

    bulk_id: BulkId = None
    send_at: Annotated[Time | None, Field(description="At most 180 days ahead.")] = None
