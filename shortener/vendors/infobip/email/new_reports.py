"""Reports and logs of mails in the new form."""

from typing import NotRequired

from typing_extensions import TypedDict

from shortener.rules.delivery.face_message import FaceMessage
from shortener.vendors.infobip import moments, outcome
from shortener.vendors.infobip.error_codes import ErrorDocument
from shortener.vendors.infobip.lists import InfobipCursor
from shortener.vendors.infobip.outcome import PRICE, InfobipPrice, Outcome
from shortener.vendors.infobip.sending import message_id
from shortener.vendors.infobip.statuses import StatusDocument


class _Row(TypedDict):
    bulkId: str | None
    messageId: str
    sender: str | None
    sentAt: str
    doneAt: NotRequired[str]
    messageCount: int
    campaignReferenceId: str | None
    platform: dict[str, str]
    price: InfobipPrice
    status: StatusDocument
    error: ErrorDocument


class InfobipMailReport(_Row):
    """What became of a mail."""

    to: str | None
    callbackData: str | None


class InfobipMailLog(_Row):
    """A mail and what has become of it until now."""

    destination: str | None
    text: str


class InfobipMailReports(TypedDict):
    """Reports, each given out once."""

    results: list[InfobipMailReport]


class InfobipMailLogs(TypedDict):
    """The mails of the last 48 hours."""

    results: list[InfobipMailLog]
    cursor: NotRequired[InfobipCursor]


def report(message: FaceMessage, told: Outcome) -> InfobipMailReport:
    """Return the report of a mail."""
    return {**_row(message, told), "to": message.recipient, "callbackData": message.fields.get("callbackData")}


def log(message: FaceMessage) -> InfobipMailLog:
    """Return a mail as the list shows it."""
    row = _row(message, outcome.of_message(message))
    return {**row, "destination": message.recipient, "text": message.text}


def _row(message: FaceMessage, told: Outcome) -> _Row:
    row: _Row = {
        "bulkId": message.bulk_id,
        "messageId": message_id(message),
        "sender": message.sender,
        "sentAt": moments.write(outcome.sent_on(message)),
        "messageCount": 1,
        "campaignReferenceId": message.fields.get("campaignReferenceId"),
        "platform": {name: message.fields[name] for name in ("entityId", "applicationId") if name in message.fields},
        "price": PRICE,
        "status": told.status,
        "error": told.error(is_mail=True),
    }
    if told.done_at is not None:
        row["doneAt"] = told.done_at
    return row
