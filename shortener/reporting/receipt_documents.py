"""The documents about receipts that reports and lists return and the API description shows."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.rules.wire.documents import Moment, Msgid, NextPage, Url


class _State(TypedDict):
    state: MessageState
    code: Annotated[str, Field(description="The gateway's own code; empty if it gave none.")]
    reason: Reason | None
    explanation: Annotated[str | None, Field(description="A sentence about the reason.")]
    final: Annotated[bool, Field(description="Whether no other state can follow.")]
    at: Annotated[Moment, Field(description="The time of the state, by the gateway's clock if it gives one.")]
    gateway: Annotated[str | None, Field(description="The gateway that sends the message or reports about it.")]


class MessageReceipt(_State):
    """What became of a message."""


class Receipt(_State):
    """A gateway's word about a message."""

    gateway_ref: Annotated[str, Field(description="The gateway's own ID of the message.")]
    received_on: Moment


class ListedReceipt(Receipt):
    """A receipt, as lists show it."""

    msgid: Annotated[Msgid | None, Field(description="Null until the message that the receipt is about is known.")]
    message: Annotated[Url | None, Field(description="The URL of the message's report.")]


class ReceiptPage(TypedDict):
    """Receipts, the newest first."""

    receipts: Annotated[list[ListedReceipt], Field(max_length=100)]
    next: NextPage
