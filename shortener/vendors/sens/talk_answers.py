"""The answers to NAVER's clients about FriendTalk, with its two stages: the request and the message."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.wire.documents import Url
from shortener.vendors.sens import codes, numbers, times
from shortener.vendors.sens.order import Order, Placed
from shortener.vendors.sens.refused import Refused

Milliseconds = Annotated[str, Field(description="Korean time, `YYYY-MM-DDTHH:mm:ss.SSS`.")]


class SensTalk(TypedDict):
    """One recipient of a request; `requestStatusName` is `fail` if its message is not taken."""

    messageId: Annotated[str | None, Field(description="Null if the message is not taken.")]
    countryCode: str
    to: str
    content: Annotated[str, Field(description="The text to send, or the one that is not taken.")]
    requestStatusCode: Annotated[str, Field(description="`A000` if it is taken.")]
    requestStatusName: Literal["success", "fail"]
    requestStatusDesc: str
    useSmsFailover: bool
    text: Annotated[str | None, Field(description="The text to send.")]
    shortlink: Url | None


class SensTalkRequested(TypedDict):
    """A request, with what became of each of its messages."""

    requestId: str
    requestTime: Milliseconds
    statusCode: Literal["202"]
    statusName: Literal["success"]
    messages: list[SensTalk]


class SensTalkStatus(TypedDict):
    """A FriendTalk message, and what became of it."""

    requestId: str
    messageId: str
    requestTime: Milliseconds
    completeTime: Annotated[str | None, Field(description="Korean time, `YYYY-MM-DDTHH:mm:ss`.")]
    plusFriendId: str
    countryCode: str
    to: Annotated[str | None, Field(description="As it is stored: perhaps masked, or null.")]
    content: Annotated[str, Field(description="The text that was sent.")]
    requestStatusCode: Literal["A000"]
    requestStatusName: Literal["success"]
    requestStatusDesc: str
    messageStatusCode: Annotated[str | None, Field(description="`0000` if it arrived; null until it is completed.")]
    messageStatusName: codes.Outcome
    messageStatusDesc: str | None
    useSmsFailover: bool
    shortlink: Url | None
    state: codes.OwnState


class SensTalkList(TypedDict):
    """A page of FriendTalk messages."""

    messages: list[SensTalkStatus]
    itemCount: int
    hasMore: bool
    nextToken: str | None


def requested(placed: Placed) -> SensTalkRequested:
    """Answer a request, also if none of its messages is taken."""
    return {
        "requestId": placed.request_id,
        "requestTime": times.milliseconds(placed.received_on),
        "statusCode": "202",
        "statusName": "success",
        "messages": [_taken(order, outcome) for order, outcome in placed.each],
    }


def _taken(order: Order, outcome: FaceMessage | Refused) -> SensTalk:
    refusal = outcome if isinstance(outcome, Refused) else None
    message = outcome if isinstance(outcome, FaceMessage) else None
    return {
        "messageId": message.msgid if message else None,
        "countryCode": order.country,
        "to": order.to,
        "content": message.text if message else order.text,
        "requestStatusCode": refusal.code if refusal else codes.REQUESTED,
        "requestStatusName": "fail" if refusal else "success",
        "requestStatusDesc": refusal.sentence if refusal else "success",
        "useSmsFailover": order.fields.get("useSmsFailover") is True,
        "text": message.text if message else None,
        "shortlink": message.shortlink if message else None,
    }


def listed(messages: Sequence[FaceMessage], next_token: str | None) -> SensTalkList:
    """Answer with a page of messages."""
    return {
        "messages": [found(message) for message in messages],
        "itemCount": len(messages),
        "hasMore": next_token is not None,
        "nextToken": next_token,
    }


def found(message: FaceMessage) -> SensTalkStatus:
    """Answer with one message."""
    fields = message.fields
    country = str(fields.get("countryCode"))
    return {
        "requestId": message.bulk_id or "",
        "messageId": message.msgid,
        "requestTime": times.milliseconds(message.received_on),
        "completeTime": times.seconds(message.state_on) if message.is_final and message.state_on else None,
        "plusFriendId": str(fields.get("plusFriendId")),
        "countryCode": country,
        "to": numbers.dialled(message.recipient, country, trunk_zero=fields.get("zero") is True),
        "content": message.text,
        "requestStatusCode": "A000",
        "requestStatusName": "success",
        "requestStatusDesc": "success",
        "messageStatusCode": codes.talk_code(message),
        "messageStatusName": codes.outcome(message),
        "messageStatusDesc": codes.sentence(message),
        "useSmsFailover": fields.get("useSmsFailover") is True,
        "shortlink": message.shortlink,
        "state": message.state,
    }
