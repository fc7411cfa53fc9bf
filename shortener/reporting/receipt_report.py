"""What receipts say, as reports and lists show it."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from shortener.reporting.receipt_documents import MessageReceipt, Receipt
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason, explanation, shown
from shortener.rules.wire.moments import rfc3339
from shortener.storage import models
from shortener.storage.models import Message


def receipts_of(session: Session, message: Message) -> list[Receipt]:
    """Return the receipts of a message, the latest first."""
    receipt = models.Receipt
    query = select(receipt).where(receipt.message_id == message.id).options(defer(receipt.raw))
    rows = session.scalars(query).all()
    return [entry(row) for row in sorted(rows, key=lambda row: (row.received_on, row.id), reverse=True)]


def reporting(session: Session, messages: Sequence[Message]) -> dict[int, str]:
    """Return the gateways that last reported about messages that their senders send, by message id, with one query."""
    ids = [message.id for message in messages if message.gateway is None and message.state is not None]
    columns = select(models.Receipt.message_id, models.Receipt.gateway)
    each = columns.where(models.Receipt.message_id.in_(ids)).group_by(*columns.selected_columns)
    rows = session.execute(each.order_by(func.max(models.Receipt.received_on))) if ids else ()
    return {message_id: gateway for message_id, gateway in rows if message_id is not None}


def of_message(message: Message, reported_by: str | None = None) -> MessageReceipt | None:
    """Return a message's state; None if it has no gateway, and no receipt has come.

    `reported_by` is the gateway that reports about a message that its sender sends.
    """
    if message.state is None or message.state_on is None:
        return None
    gateway = message.gateway or reported_by
    return _state(message.state, message.code or "", message.reason, message.state_on, gateway)


def entry(row: models.Receipt) -> Receipt:
    """Return a receipt as reports show it."""
    return {
        **_state(row.state, row.code, row.reason, row.happened_on, row.gateway),
        "gateway_ref": row.gateway_ref,
        "received_on": rfc3339(row.received_on),
    }


def _state(
    state: MessageState, code: str, reason: Reason | None, at: dt.datetime, gateway: str | None
) -> MessageReceipt:
    return {
        "state": state,
        "code": code,
        "reason": shown(reason, code),
        "explanation": explanation(reason, code, state=state),
        "final": state.is_final,
        "at": rfc3339(at),
        "gateway": gateway,
    }
