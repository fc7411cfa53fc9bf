"""The documents about what became of a sent message: its present state, and its gateway's receipts."""

import datetime as dt
from typing import Annotated, Final

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from typing_extensions import TypedDict

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason, explanation, shown
from shortener.rules.wire.documents import Moment
from shortener.rules.wire.moments import rfc3339
from shortener.storage import models
from shortener.storage.models import Message

MOST: Final = 200  # receipts of a message, as many as are stored


class State(TypedDict):
    """What became of a message that is sent."""

    state: MessageState
    code: Annotated[str, Field(description="The gateway's own code; empty if it gave none.")]
    reason: Reason | None
    explanation: Annotated[str | None, Field(description="The reason in one sentence.")]
    final: Annotated[bool, Field(description="Whether no other state will follow.")]
    at: Annotated[Moment, Field(description="Since when.")]


class MessageReceipt(State):
    """A gateway's word about a message, also one that did not change its state."""

    gateway: str
    gateway_ref: Annotated[str, Field(description="The gateway's name for the message; empty if it gave none.")]
    received_on: Moment


def latest(message: Message) -> State | None:
    """Return the state of a message; None if nobody sends it for its sender."""
    if message.state is None:
        return None
    return _state(message.state, message.code or "", message.reason, message.state_on or message.received_on)


def of(session: Session, message: Message) -> list[MessageReceipt]:
    """Return the receipts of a message, the oldest first."""
    its = select(models.Receipt).where(models.Receipt.message_id == message.id)
    newest = its.order_by(models.Receipt.received_on.desc(), models.Receipt.id.desc()).limit(MOST)
    return [_receipt(receipt) for receipt in session.scalars(newest).all()[::-1]]


def _receipt(receipt: models.Receipt) -> MessageReceipt:
    return {
        **_state(receipt.state, receipt.code, receipt.reason, receipt.happened_on),
        "gateway": receipt.gateway,
        "gateway_ref": receipt.gateway_ref,
        "received_on": rfc3339(receipt.received_on),
    }


def _state(state: MessageState, code: str, reason: Reason | None, at: dt.datetime) -> State:
    return {
        "state": state,
        "code": code,
        "reason": shown(reason, code),
        "explanation": explanation(reason, code),
        "final": state.is_final,
        "at": rfc3339(at),
    }
