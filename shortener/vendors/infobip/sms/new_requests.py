"""The request of the new generation: `POST /sms/3/messages`."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from shortener.validation.types import Text
from shortener.vendors.infobip import sending, tracking
from shortener.vendors.infobip.fields import Flag, Id, InfobipFields
from shortener.vendors.infobip.new_fields import MessageOptions, Schedule, Webhooks
from shortener.vendors.infobip.sending import MOST, Wanted
from shortener.vendors.infobip.sms import numbers
from shortener.vendors.infobip.sms.numbers import Number
from shortener.vendors.infobip.tracking import UrlOptions

EXAMPLE: Final[dict[str, Any]] = {
    "messages": [
        {
            "sender": "SHOP",
            "destinations": [{"to": "41793026727"}],
            "content": {"text": "On its way: https://example.com/track?id=1"},
        }
    ]
}

SEND_AT: Final = "options.schedule.sendAt"


class NewDestination(InfobipFields):
    """A recipient, with the client's own id of the message."""

    to: Annotated[Number, Field(max_length=64)]
    message_id: Id = None


class Content(InfobipFields):
    """What is sent; binary content is not supported."""

    text: Text


class NewMessage(InfobipFields):
    """A text for one or several recipients."""

    sender: Id = None
    destinations: Annotated[list[NewDestination], Field(min_length=1, max_length=MOST)]
    content: Content
    options: MessageOptions | None = None
    webhooks: Webhooks | None = None

    def wanted(self, bulk_id: str | None, shared: Mapping[str, Any], at: str) -> Iterator[Wanted]:
        """Yield a message for each recipient, with what all messages share; `at` is where this one stands."""
        options, webhooks = self.options or MessageOptions(), self.webhooks or Webhooks()
        kept = {"callbackData": webhooks.callback_data, **options.kept}
        face = sending.from_face("sms/3", kept, bulk_id, webhooks.told_states)
        mine = {
            "message": self.content.text,
            "sender": self.sender,
            "receipts_url": webhooks.url,
            "validity_period": options.validity_period.seconds if options.validity_period else None,
        }
        for index, each in enumerate(self.destinations):
            own = {"recipient": numbers.stored(each.to), "client_tag": each.message_id}
            names = _names(at, f"{at}.destinations[{index}]")
            yield Wanted(to=each.to, submission={**shared, **mine, **own}, face=face, names=names)


def _names(message: str, destination: str) -> Mapping[str, str]:
    """Return where the fields of a submission stand."""
    return {
        "recipient": f"{destination}.to",
        "client_tag": f"{destination}.messageId",
        "message": f"{message}.content.text",
        "sender": f"{message}.sender",
        "receipts_url": f"{message}.webhooks.delivery.url",
        "validity_period": f"{message}.options.validityPeriod",
        "send_on": SEND_AT,
        "lt_callbackurl": "options.tracking.trackingUrl",
        sending.ALL: "messages",
    }


class RequestOptions(InfobipFields):
    """Options of all messages."""

    schedule: Schedule | None = None
    tracking: UrlOptions | None = None
    include_sms_count_in_response: Flag = None


class InfobipSend(InfobipFields):
    """Texts to send, in the new form."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    messages: Annotated[list[NewMessage], Field(min_length=1, max_length=MOST)]
    options: RequestOptions | None = None

    def wanted(self, now: dt.datetime) -> tuple[str | None, list[Wanted]]:
        """Return the id of the request, and a message for each recipient."""
        options = self.options or RequestOptions()
        schedule = options.schedule or Schedule()
        bulk_id = sending.bulk_id(schedule.bulk_id, sum(len(message.destinations) for message in self.messages))
        send_on = sending.send_on(schedule.send_at, now, SEND_AT)
        shared = {**tracking.of_sms(options.tracking), "send_on": send_on}
        return bulk_id, [
            each
            for index, message in enumerate(self.messages)
            for each in message.wanted(bulk_id, shared, f"messages[{index}]")
        ]
