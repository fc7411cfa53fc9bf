"""Reports and logs of mails in the old form, whose client wants every key with a value."""

from typing import Literal

from typing_extensions import TypedDict

from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip import moments, outcome
from shortener.vendors.infobip.error_codes import ErrorDocument
from shortener.vendors.infobip.outcome import PRICE, InfobipPrice, Outcome
from shortener.vendors.infobip.sending import message_id
from shortener.vendors.infobip.statuses import StatusDocument


class _Row(TypedDict):
    bulkId: str | None
    messageId: str
    to: str
    sentAt: str
    doneAt: str
    messageCount: int
    callbackData: str | None
    price: InfobipPrice
    status: StatusDocument
    error: ErrorDocument
    channel: Literal["EMAIL"]


class InfobipOldMailReport(_Row):
    """What became of a mail."""


OldMailSender = TypedDict("OldMailSender", {"from": str})


class InfobipOldMailLog(_Row, OldMailSender):
    """A mail and what has become of it until now."""

    text: str


class InfobipOldMailReports(TypedDict):
    """Reports, each given out once."""

    results: list[InfobipOldMailReport]


class InfobipOldMailLogs(TypedDict):
    """The mails of the last 48 hours."""

    results: list[InfobipOldMailLog]


def report(message: FaceMessage, told: Outcome) -> InfobipOldMailReport:
    """Return the report of a mail. `doneAt` is the time of sending while nothing is final."""
    sent_at = moments.write(outcome.sent_on(message))
    return {
        "bulkId": message.bulk_id,
        "messageId": message_id(message),
        "to": message.recipient or "",
        "sentAt": sent_at,
        "doneAt": told.done_at or sent_at,
        "messageCount": 1,
        "callbackData": message.fields.get("callbackData"),
        "price": PRICE,
        "status": told.status,
        "error": told.error(is_old=True, is_mail=True),
        "channel": "EMAIL",
    }


def log(message: FaceMessage) -> InfobipOldMailLog:
    """Return a mail as the list shows it."""
    return {**report(message, outcome.of_message(message)), "from": message.sender or "", "text": message.text}
