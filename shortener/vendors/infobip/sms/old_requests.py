"""The requests of the old generation: `POST /sms/2/text/advanced` and `GET /sms/1/text/query`."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from shortener.rules.delivery import receiver
from shortener.validation.types import Text
from shortener.vendors.infobip import sending, tracking
from shortener.vendors.infobip.fields import (
    LONGEST_VALIDITY,
    BulkId,
    CallbackData,
    Flag,
    Id,
    InfobipFields,
    Name,
    Positive,
    Url,
)
from shortener.vendors.infobip.moments import Time
from shortener.vendors.infobip.sending import MOST, Wanted
from shortener.vendors.infobip.sms import numbers
from shortener.vendors.infobip.sms.numbers import Number
from shortener.vendors.infobip.tracking import UrlOptions
from shortener.web.vendor_requests import comma_separated, one

EXAMPLE_OF_QUERY: Final[dict[str, Any]] = {
    "from": "SHOP",
    "to": "41793026727",
    "text": "On its way: https://example.com/track?id=1",
}
EXAMPLE: Final[dict[str, Any]] = {
    "messages": [
        {"from": "SHOP", "destinations": [{"to": "41793026727"}], "text": "On its way: https://example.com/track?id=1"}
    ]
}
IN_MESSAGES: Final = "messages[{}]."  # where the fields of a message stand
OldNumber = Annotated[Number, Field(max_length=50)]


class OldDestination(InfobipFields):
    """A recipient, with the client's own id of the message."""

    to: OldNumber
    message_id: Id = None


class OldText(InfobipFields):
    """A text and its options. Those that are meant for carriers are ignored."""

    sender: Annotated[Id, Field(alias="from")] = None
    text: Text
    callback_data: CallbackData = None
    notify_url: Url = None
    intermediate_report: Flag = None
    send_at: Time | None = None
    validity_period: Annotated[Positive | None, Field(description="Minutes, at most 2880.")] = None
    entity_id: Name = None
    application_id: Name = None


class OldMessage(OldText):
    """A text for one or several recipients."""

    destinations: Annotated[list[OldDestination], Field(min_length=1, max_length=MOST)]

    def wanted(self, bulk_id: str | None, links: Mapping[str, Any], now: dt.datetime, at: str) -> Iterator[Wanted]:
        """Yield a message for each recipient; `at` is where this one's fields stand in the request."""
        kept = self.model_dump(include={"callback_data", "entity_id", "application_id"}, by_alias=True)
        told = sending.told_states(intermediate=self.intermediate_report)
        face = sending.from_face("sms/2", kept, bulk_id, told)
        shared = {
            **links,
            "message": self.text,
            "sender": self.sender,
            "receipts_url": self.notify_url,
            "send_on": sending.send_on(self.send_at, now, f"{at}sendAt"),
            "validity_period": min(self.validity_period * 60, LONGEST_VALIDITY) if self.validity_period else None,
        }
        for index, each in enumerate(self.destinations):
            own = {"recipient": numbers.stored(each.to), "client_tag": each.message_id}
            yield Wanted(to=each.to, submission=shared | own, face=face, names=_names(at, index))


def _names(at: str, destination: int) -> Mapping[str, str]:
    """Return where the fields of a submission stand; `at` is empty for parameters of a URL."""
    return {
        "recipient": f"{at}destinations[{destination}].to" if at else f"to[{destination}]",
        "client_tag": f"{at}destinations[{destination}].messageId",
        "message": f"{at}text",
        "sender": f"{at}from",
        "receipts_url": f"{at}notifyUrl",
        "validity_period": f"{at}validityPeriod",
        "send_on": f"{at}sendAt",
        "lt_callbackurl": "urlOptions.trackingUrl",
        sending.ALL: "messages" if at else "to",
    }


class InfobipOldSend(InfobipFields):
    """Texts to send, in the old form."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    bulk_id: BulkId = None
    messages: Annotated[list[OldMessage], Field(min_length=1, max_length=MOST)]
    url_options: UrlOptions | None = None

    def wanted(self, now: dt.datetime, at: str = IN_MESSAGES) -> tuple[str | None, list[Wanted]]:
        """Return the id of the request, and a message for each recipient; `at` is where fields stand in the request."""
        bulk_id = sending.bulk_id(self.bulk_id, sum(len(message.destinations) for message in self.messages))
        links = tracking.of_sms(self.url_options)
        return bulk_id, [
            each
            for index, message in enumerate(self.messages)
            for each in message.wanted(bulk_id, links, now, at.format(index))
        ]


class InfobipOldQuery(OldText):
    """A text to send, as parameters of a URL."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_OF_QUERY]})

    bulk_id: BulkId = None
    to: Annotated[list[OldNumber], Field(min_length=1, max_length=MOST, description="Separated by commas.")]

    @classmethod
    def of(cls, given: Mapping[str, Any], policy: receiver.Policy) -> InfobipOldSend:
        """Check the parameters; of those that are given several times, except `to`, the last one counts."""
        fields = {name: one(value) or None for name, value in given.items()}
        asked = cls.check(fields | {"to": comma_separated(given.get("to"))}, policy)
        given_once = {name: getattr(asked, name) for name in OldText.model_fields}
        destinations = [OldDestination.model_construct(to=to) for to in asked.to]
        message = OldMessage.model_construct(**given_once, destinations=destinations)
        return InfobipOldSend.model_construct(bulk_id=asked.bulk_id, messages=[message])
