"""Build and sign the event that a callback carries, as Standard Webhooks specifies.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field, with_config
from typing_extensions import TypedDict

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.visitors.marks import Visitor
from shortener.rules.wire.documents import Moment, Msgid, Url
from shortener.rules.wire.moments import rfc3339

SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix of secrets, not one
CLICKED: Final = "link.clicked"
RECEIPT: Final = "message.receipt"
TEST: Final = "callback.test"
EventType = Literal["link.clicked", "callback.test", "message.receipt"]
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class EventData(TypedDict):
    """An event's data about a message and its click."""

    msgid: Msgid
    client_tag: str | None
    recipient: str | None
    link: str
    shortlink: Url | None
    accessed: bool
    accessed_on: Moment | None
    visitor: Visitor | None
    tags: list[str]
    metadata: dict[str, Any]


class ReceiptData(TypedDict):
    """An event's data about a message and its new state."""

    msgid: Msgid
    client_tag: str | None
    recipient: str | None
    state: MessageState
    code: Annotated[str, Field(description="The gateway's own code; empty if it gave none.")]
    reason: Reason | None
    explanation: Annotated[str | None, Field(description="A sentence about the reason.")]
    final: Annotated[bool, Field(description="Whether no other state can follow.")]
    at: Annotated[Moment, Field(description="The time of the state, by the gateway's clock if it gives one.")]
    tags: list[str]
    metadata: dict[str, Any]


@with_config(
    json_schema_extra={
        "examples": [
            {
                "type": CLICKED,
                "timestamp": "2026-11-22T09:05:12.345678Z",
                "data": {
                    "msgid": "7Hq2xN5vB7mK1sR4tW9yZ3aC6dE8fG0h",
                    "client_tag": "order-41923",
                    "recipient": "+818012345678",
                    "link": "https://example.com/track?id=1&lang=en",
                    "shortlink": "https://s.example.com/AbCdEfGhIj",
                    "accessed": True,
                    "accessed_on": "2026-11-22T09:05:12.345678Z",
                    "visitor": "person",
                    "tags": ["parcel"],
                    "metadata": {},
                },
            }
        ]
    }
)
class Event(TypedDict):
    """The signed document that a callback about a click carries."""

    type: Literal["link.clicked", "callback.test"]
    timestamp: Moment
    data: EventData


class ReceiptEvent(TypedDict):
    """The signed document that a callback about a message's state carries."""

    type: Literal["message.receipt"]
    timestamp: Moment
    data: ReceiptData


def build(event_type: EventType, timestamp: dt.datetime, data: EventData | ReceiptData) -> bytes:
    """Serialise an event once: every attempt signs and sends these bytes."""
    document = {"type": event_type, "timestamp": rfc3339(timestamp), "data": data}
    return _ENCODER.encode(document).encode()


def clicked(
    clicked_on: dt.datetime,
    visitor: Visitor,
    *,
    msgid: str,
    client_tag: str | None,
    recipient: str | None,
    link: str,
    shortlink: str,
    tags: list[str] | None,
    metadata: dict[str, Any] | None,
) -> bytes:
    """Return the bytes that `build` makes of the event of a click, in a third of the time: each first click has one."""
    at, text = rfc3339(clicked_on), _ENCODER.encode
    return (
        f'{{"type":"{CLICKED}","timestamp":"{at}","data":{{"msgid":{text(msgid)},'
        f'"client_tag":{"null" if client_tag is None else text(client_tag)},'
        f'"recipient":{"null" if recipient is None else text(recipient)},'
        f'"link":{text(link)},"shortlink":{text(shortlink)},"accessed":true,"accessed_on":"{at}",'
        f'"visitor":"{visitor.value}","tags":{text(tags) if tags else "[]"},'
        f'"metadata":{text(metadata) if metadata else "{}"}}}}}'
    ).encode()


def without_recipient(body: bytes) -> bytes:
    """Return a stored event with null as its recipient."""
    document = json.loads(body)
    document["data"]["recipient"] = None
    return _ENCODER.encode(document).encode()


def headers(event_id: str, sent_on: dt.datetime, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """Return the headers of one attempt. Each key signs, the newest first, so that keys can be rotated."""
    seconds = str(int(sent_on.timestamp()))
    signatures = " ".join(f"v1,{_signature(key, event_id, seconds, body)}" for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": seconds,
        "webhook-signature": signatures,
    }


def show_secret(key: bytes) -> str:
    """Return the key as the sender stores it: `whsec_` and base64."""
    return SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def _signature(key: bytes, event_id: str, seconds: str, body: bytes) -> str:
    signed = f"{event_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
