"""The vendor's message and its lists."""

from typing import Annotated, Final, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules import sms_parts
from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.documents import Msgid, Url
from shortener.vendors.karaden import states, times

BILLING_ADDRESS: Final = 1  # nothing is billed here, but the vendor's clients expect a number
COUNTRY: Final = "+81"
Time = Annotated[str, Field(description="ISO 8601 with the offset of Japan.")]


class KaradenMessage(TypedDict):
    """A message and what became of it."""

    id: Msgid
    object: Literal["message"]
    service_id: int
    billing_address_id: int
    to: str | None
    body: Annotated[str, Field(description="The text to send, with its shortlinks.")]
    tags: list[str]
    is_shorten: bool
    is_shorten_clicked: Annotated[bool | None, Field(description="Null if no link was shortened.")]
    result: states.Result
    status: states.Status
    sent_result: states.SentResult
    carrier: str | None
    charged_count_per_sent: Annotated[int, Field(description="SMS parts of the text.")]
    scheduled_at: Time | None
    limited_at: Time | None
    sent_at: Time | None
    received_at: Time | None
    charged_at: Time | None
    created_at: Time
    updated_at: Time
    text: NotRequired[Annotated[str, Field(description="`body`, once more; the vendor has no such field.")]]
    shortlink: NotRequired[Url | None]


class KaradenMessages(TypedDict):
    """A page of messages, the newest first."""

    object: Literal["list"]
    has_more: bool
    data: list[KaradenMessage]


def message(found: FaceMessage) -> KaradenMessage:
    """Return a message and what became of it."""
    words, is_delivered = states.words(found.state, found.reason), found.state is MessageState.DELIVERED
    return {
        "id": found.msgid,
        "object": "message",
        "service_id": found.fields.get("service_id", 1),
        "billing_address_id": BILLING_ADDRESS,
        "to": _national(found.recipient),
        "body": found.text,
        "tags": [*found.tags],
        "is_shorten": found.track_link,
        "is_shorten_clicked": found.accessed_on is not None if found.links else None,
        "result": words.result,
        "status": words.status,
        "sent_result": words.sent_result,
        "carrier": None,
        "charged_count_per_sent": sms_parts.count(found.text).parts,
        "scheduled_at": found.fields.get("scheduled_at"),
        "limited_at": found.fields.get("limited_at"),
        "sent_at": times.written_or_none(found.sent_on),
        "received_at": times.written_or_none(found.state_on) if is_delivered else None,
        "charged_at": None,
        "created_at": times.written(found.received_on),
        "updated_at": times.written(found.state_on or found.received_on),
    }


def sent(found: FaceMessage) -> KaradenMessage:
    """Return a message that was just stored, with its text and its first shortlink under our names too."""
    return {**message(found), "text": found.text, "shortlink": found.shortlink}


def _national(recipient: str | None) -> str | None:
    """Write a number as the vendor does, with 0 in place of the country code, as far as the account stores it."""
    if recipient is None or not recipient.startswith(COUNTRY):
        return recipient
    return "0" + recipient.removeprefix(COUNTRY)
