"""The answers to NAVER's clients about SMS."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.wire.documents import Url
from shortener.vendors.sens import codes, numbers, times
from shortener.vendors.sens.order import Placed
from shortener.vendors.sens.refused import Refused

Time = Annotated[str, Field(description="Korean time, `YYYY-MM-DD HH:mm:ss`.")]
SensFrom = TypedDict("SensFrom", {"from": str | None})  # no name for an attribute


class SensSms(TypedDict):
    """One recipient of a request; the vendor answers only for all of them."""

    messageId: Annotated[str | None, Field(description="Null if the message is not taken.")]
    to: str
    statusCode: str
    statusName: Literal["success", "fail"]
    statusMessage: str
    text: Annotated[str | None, Field(description="The text to send.")]
    shortlink: Url | None


class SensSmsRequested(TypedDict):
    """A request that was taken."""

    requestId: str
    requestTime: Annotated[str, Field(description="Korean time, with milliseconds.")]
    statusCode: Literal["202"]
    statusName: Literal["success"]
    messages: list[SensSms]


class SensSmsStatus(SensFrom, TypedDict):
    """An SMS, and what became of it."""

    requestId: str
    messageId: str
    requestTime: Time
    type: str
    contentType: str
    countryCode: str
    to: Annotated[str | None, Field(description="As it is stored: perhaps masked, or null.")]
    content: Annotated[str, Field(description="The text that was sent.")]
    status: codes.Status
    statusCode: Annotated[str | None, Field(description="`0` if it arrived; null until it is completed.")]
    statusName: Literal["success", "fail"] | None
    statusMessage: str | None
    completeTime: Time | None
    telcoCode: Annotated[str | None, Field(description="Always null: gateways do not name the carrier.")]
    shortlink: Url | None
    state: codes.OwnState


class SensSmsFound(TypedDict):
    """One SMS."""

    statusCode: Literal["200"]
    statusName: Literal["success"]
    messages: list[SensSmsStatus]


class SensSmsList(TypedDict):
    """A page of SMS."""

    requestId: str | None
    statusCode: Literal["202"]
    statusName: Literal["success"]
    messages: list[SensSmsStatus]
    itemCount: int
    hasMore: bool
    nextToken: str | None


def requested(placed: Placed) -> SensSmsRequested:
    """Answer a request that was taken, for one recipient at least."""
    return {
        "requestId": placed.request_id,
        "requestTime": times.milliseconds(placed.received_on),
        "statusCode": "202",
        "statusName": "success",
        "messages": [_taken(order.to, outcome) for order, outcome in placed.each],
    }


def _taken(to: str, outcome: FaceMessage | Refused) -> SensSms:
    refusal = outcome if isinstance(outcome, Refused) else None
    message = outcome if isinstance(outcome, FaceMessage) else None
    return {
        "messageId": message.msgid if message else None,
        "to": to,
        "statusCode": refusal.code if refusal else "202",
        "statusName": "fail" if refusal else "success",
        "statusMessage": refusal.sentence if refusal else "success",
        "text": message.text if message else None,
        "shortlink": message.shortlink if message else None,
    }


def found(message: FaceMessage) -> SensSmsFound:
    """Answer with one SMS."""
    return {"statusCode": "200", "statusName": "success", "messages": [_status(message)]}


def listed(messages: Sequence[FaceMessage], request_id: str | None, next_token: str | None) -> SensSmsList:
    """Answer with a page of SMS."""
    return {
        "requestId": request_id or (messages[0].bulk_id if messages else None),
        "statusCode": "202",
        "statusName": "success",
        "messages": [_status(message) for message in messages],
        "itemCount": len(messages),
        "hasMore": next_token is not None,
        "nextToken": next_token,
    }


def _status(message: FaceMessage) -> SensSmsStatus:
    fields, outcome = message.fields, codes.outcome(message)
    country = str(fields.get("countryCode"))
    return {
        "requestId": message.bulk_id or "",
        "messageId": message.msgid,
        "requestTime": times.spaced(message.received_on),
        "type": str(fields.get("type")),
        "contentType": str(fields.get("contentType")),
        "countryCode": country,
        "from": message.sender,
        "to": numbers.dialled(message.recipient, country, trunk_zero=fields.get("zero") is True),
        "content": message.text,
        "status": codes.status(message),
        "statusCode": codes.sms_code(message),
        "statusName": None if outcome == "processing" else outcome,
        "statusMessage": codes.sentence(message),
        "completeTime": times.spaced(message.state_on) if message.is_final and message.state_on else None,
        "telcoCode": None,
        "shortlink": message.shortlink,
        "state": message.state,
    }
