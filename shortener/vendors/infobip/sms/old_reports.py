"""Reports and logs of SMS in the old form."""

from typing_extensions import TypedDict

from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip import moments, outcome
from shortener.vendors.infobip.error_codes import ErrorDocument
from shortener.vendors.infobip.outcome import PRICE, InfobipPrice, Outcome
from shortener.vendors.infobip.sending import message_id
from shortener.vendors.infobip.sms import documents, numbers
from shortener.vendors.infobip.statuses import StatusDocument


class _Row(TypedDict):
    bulkId: str | None
    messageId: str
    to: str | None
    sentAt: str
    doneAt: str | None
    smsCount: int
    mccMnc: str | None
    callbackData: str | None
    price: InfobipPrice
    status: StatusDocument
    error: ErrorDocument


class InfobipOldSmsReport(_Row):
    """What became of a message."""


OldSender = TypedDict("OldSender", {"from": str | None})


class InfobipOldSmsLog(_Row, OldSender):
    """A message and what has become of it until now."""

    text: str


class InfobipOldReports(TypedDict):
    """Reports, each given out once."""

    results: list[InfobipOldSmsReport]


class InfobipOldLogs(TypedDict):
    """The messages of the last 48 hours."""

    results: list[InfobipOldSmsLog]


def report(message: FaceMessage, told: Outcome) -> InfobipOldSmsReport:
    """Return the report of a message."""
    return {
        "bulkId": message.bulk_id,
        "messageId": message_id(message),
        "to": numbers.written(message.recipient),
        "sentAt": moments.write(outcome.sent_on(message)),
        "doneAt": told.done_at,
        "smsCount": documents.parts(message),
        "mccMnc": None,
        "callbackData": message.fields.get("callbackData"),
        "price": PRICE,
        "status": told.status,
        "error": told.error(is_old=True),
    }


def log(message: FaceMessage) -> InfobipOldSmsLog:
    """Return a message as the list shows it."""
    return {**report(message, outcome.of_message(message)), "from": message.sender, "text": message.text}
