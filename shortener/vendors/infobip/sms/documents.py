"""The answers about SMS, in both generations."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from shortener.rules import sms_parts
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.wire.documents import Url
from shortener.vendors.infobip.sending import Sent
from shortener.vendors.infobip.statuses import StatusDocument


class InfobipSmsDetails(TypedDict):
    """How many SMS a text needs."""

    messageCount: int


class InfobipOldSmsSent(TypedDict):
    """What became of one destination; `text` and `shortlink` are ours."""

    messageId: str | None
    to: str
    status: StatusDocument
    text: str | None
    shortlink: Url | None


class InfobipOldSent(TypedDict):
    """The accepted and rejected messages of a request."""

    bulkId: NotRequired[str]
    messages: list[InfobipOldSmsSent]


class InfobipSmsSent(TypedDict):
    """What became of one destination; `text` and `shortlink` are ours."""

    messageId: str | None
    destination: str
    status: StatusDocument
    details: InfobipSmsDetails
    text: str | None
    shortlink: Url | None


class InfobipSent(TypedDict):
    """The accepted and rejected messages of a request."""

    bulkId: NotRequired[str]
    messages: list[InfobipSmsSent]


def old_sent(bulk_id: str | None, messages: Sequence[Sent]) -> InfobipOldSent:
    """Return the answer of the old generation."""
    answered = [
        InfobipOldSmsSent(
            messageId=sent.message_id,
            to=sent.to,
            status=sent.status,
            text=sent.message.text if sent.message else None,
            shortlink=sent.message.shortlink if sent.message else None,
        )
        for sent in messages
    ]
    return {"bulkId": bulk_id, "messages": answered} if bulk_id else {"messages": answered}


def new_sent(bulk_id: str | None, messages: Sequence[Sent]) -> InfobipSent:
    """Return the answer of the new generation."""
    answered = [
        InfobipSmsSent(
            messageId=sent.message_id,
            destination=sent.to,
            status=sent.status,
            details={"messageCount": parts(sent.message) if sent.message else 0},
            text=sent.message.text if sent.message else None,
            shortlink=sent.message.shortlink if sent.message else None,
        )
        for sent in messages
    ]
    return {"bulkId": bulk_id, "messages": answered} if bulk_id else {"messages": answered}


def parts(message: FaceMessage) -> int:
    """Return how many SMS a rewritten text needs."""
    return sms_parts.count(message.text).parts
