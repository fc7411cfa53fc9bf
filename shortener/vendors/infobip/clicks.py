"""What the vendor tells about clicks, of which we tell the first that counts."""

from typing import Any

from shortener.callbacks.forms import Told
from shortener.rules.wire.moments import to_micros
from shortener.vendors.infobip import outcome
from shortener.vendors.infobip.sending import message_id
from shortener.vendors.infobip.sms import numbers


def of_sms(told: Told) -> dict[str, Any]:
    """Return the document about a click in an SMS: `sendDateTime` is the time of the click."""
    return {
        **_shared(told),
        "recipient": numbers.written(told.message.recipient),
        "sendDateTime": to_micros(told.at) // 1000,
        "geoLocationInfo": {},
    }


def of_mail(told: Told) -> dict[str, Any]:
    """Return the document about a click in a mail: `sendDateTime` is the time of sending."""
    return {
        **_shared(told),
        "eventId": told.event_id,
        "domain": (told.message.sender or "").rpartition("@")[2].removesuffix(">"),
        "recipient": told.message.recipient,
        "sendDateTime": to_micros(outcome.sent_on(told.message)) // 1000,
        "geoLocation": {},
    }


def _shared(told: Told) -> dict[str, Any]:
    fields = told.message.fields
    platform = {name: fields[name] for name in ("campaignReferenceId", "entityId", "applicationId") if name in fields}
    return {
        "notificationType": "CLICKED",
        "url": told.link,
        "messageId": message_id(told.message),
        "bulkId": told.message.bulk_id,
        "callbackData": fields.get("callbackData"),
        "recipientInfo": {},
        **platform,
    }
