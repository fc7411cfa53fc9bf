"""Reports and logs of SMS in the new form."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip import moments, outcome
from shortener.vendors.infobip.error_codes import ErrorDocument
from shortener.vendors.infobip.lists import InfobipCursor
from shortener.vendors.infobip.outcome import PRICE, InfobipPrice, Outcome
from shortener.vendors.infobip.sending import message_id
from shortener.vendors.infobip.sms import documents, numbers
from shortener.vendors.infobip.statuses import StatusDocument


class _Row(TypedDict):
    bulkId: str | None
    messageId: str
    sender: str | None
    sentAt: str
    doneAt: str | None
    messageCount: int
    mccMnc: str | None
    campaignReferenceId: str | None
    platform: dict[str, Any]
    price: InfobipPrice
    status: StatusDocument
    error: ErrorDocument


class InfobipSmsReport(_Row):
    """What became of a message."""

    to: str | None
    callbackData: str | None


class InfobipSmsContent(TypedDict):
    """The text as it was sent."""

    text: str


class InfobipSmsLog(_Row):
    """A message and what has become of it until now."""

    destination: str | None
    content: InfobipSmsContent


class InfobipReports(TypedDict):
    """Reports, each given out once."""

    results: list[InfobipSmsReport]


class InfobipLogs(TypedDict):
    """The messages of the last 48 hours."""

    results: list[InfobipSmsLog]
    cursor: NotRequired[InfobipCursor]


def report(message: FaceMessage, told: Outcome) -> InfobipSmsReport:
    """Return the report of a message."""
    to = numbers.written(message.recipient)
    return {**_row(message, told), "to": to, "callbackData": message.fields.get("callbackData")}


def log(message: FaceMessage) -> InfobipSmsLog:
    """Return a message as the list shows it."""
    row = _row(message, outcome.of_message(message))
    return {**row, "destination": numbers.written(message.recipient), "content": {"text": message.text}}


def _row(message: FaceMessage, told: Outcome) -> _Row:
    platform = {name: message.fields[name] for name in ("entityId", "applicationId") if name in message.fields}
    return {
        "bulkId": message.bulk_id,
        "messageId": message_id(message),
        "sender": message.sender,
        "sentAt": moments.write(outcome.sent_on(message)),
        "doneAt": told.done_at,
        "messageCount": documents.parts(message),
        "mccMnc": None,
        "campaignReferenceId": message.fields.get("campaignReferenceId"),
        "platform": platform,
        "price": PRICE,
        "status": told.status,
        "error": told.error(),
    }
