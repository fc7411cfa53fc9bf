"""The answers about mails that were just sent, in both generations."""

from collections.abc import Sequence
from typing import NotRequired

from typing_extensions import TypedDict

from shortener.rules.wire.documents import Url
from shortener.vendors.infobip.sending import Sent
from shortener.vendors.infobip.statuses import StatusDocument


class _Sent(TypedDict):
    messageId: str | None
    status: StatusDocument
    text: str | None
    html: str | None
    shortlink: Url | None


class InfobipOldMailSent(_Sent):
    """What became of one recipient; `text`, `html` (unless a gateway has it) and `shortlink` are ours."""

    to: str
    messageCount: int


class InfobipOldMailsSent(TypedDict):
    """The accepted and rejected mails of a request."""

    bulkId: NotRequired[str]
    messages: list[InfobipOldMailSent]


class InfobipMailSent(_Sent):
    """What became of one recipient; `text`, `html` (unless a gateway has it) and `shortlink` are ours."""

    destination: str


class InfobipMailsSent(TypedDict):
    """The accepted and rejected mails of a request."""

    bulkId: NotRequired[str]
    messages: list[InfobipMailSent]


def old_sent(bulk_id: str | None, messages: Sequence[Sent]) -> InfobipOldMailsSent:
    """Return the answer of the old generation."""
    answered: list[InfobipOldMailSent] = [{**_sent(each), "to": each.to, "messageCount": 1} for each in messages]
    return {"bulkId": bulk_id, "messages": answered} if bulk_id else {"messages": answered}


def new_sent(bulk_id: str | None, messages: Sequence[Sent]) -> InfobipMailsSent:
    """Return the answer of the new generation."""
    answered: list[InfobipMailSent] = [{**_sent(each), "destination": each.to} for each in messages]
    return {"bulkId": bulk_id, "messages": answered} if bulk_id else {"messages": answered}


def _sent(sent: Sent) -> _Sent:
    message = sent.message
    return {
        "messageId": sent.message_id,
        "status": sent.status,
        "text": message.text if message else None,
        "html": message.html if message and message.state is None else None,  # large, and a gateway has it
        "shortlink": message.shortlink if message else None,
    }
