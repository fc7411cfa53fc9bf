"""Rows of messages that were sent: sendings, receipts, callbacks about states, attachments."""

import datetime as dt
from typing import Any

from shortener.accounts.random_text import random_text
from shortener.rules.delivery import receiver
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Attachment, Callback, Message, Receipt, Sending, SendingAttempt

SETTLED = frozenset({JobState.DELIVERED, JobState.EXHAUSTED, JobState.HELD, JobState.CANCELED})


def add_sending(message: Message, state: JobState = JobState.DELIVERED, **columns: Any) -> int:
    """Store a sending of the message, with one attempt; return its id."""
    at = message.received_on
    values = {"gateway": "simulator", "channel": Channel.SMS, "state": state, "created_on": at, "due_on": at}
    values |= {"destination": f"{message.account_id} gateway://simulator:0", "expires_on": at + dt.timedelta(days=3)}
    values |= {"settled_on": at if state in SETTLED else None}
    with db.write() as session:
        sending = Sending(message_id=message.id, account_id=message.account_id, **values | columns)
        session.add(sending)
        session.flush()
        session.add(SendingAttempt(sending_id=sending.id, number=1, started_on=at))
        return sending.id


def add_receipt(message: Message, received_on: dt.datetime | None = None, *, early: bool = False) -> None:
    """Store a receipt of the message; an early one does not know its message."""
    at = received_on or message.received_on
    whose = {"account_id": message.account_id, "message_id": None if early else message.id}
    receipt = Receipt(**whose, gateway="simulator", state=MessageState.ACCEPTED, happened_on=at, received_on=at)
    with db.write() as session:
        session.add(receipt)


def add_state_callback(
    message: Message,
    state: MessageState,
    url: str = "http://127.0.0.1:9/receipts",
    *,
    body: bytes = b"{}",
    face: str | None = None,
) -> str:
    """Store a due callback about a state of the message; return its event id."""
    at = message.received_on
    event_id = f"evt_{random_text(26)}"
    whose = {"message_id": message.id, "account_id": message.account_id, "about": state.value}
    where = {"url": url, "destination": receiver.queue(message.account_id, url)}
    with db.write() as session:
        session.add(Callback(**whose, **where, event_id=event_id, face=face, body=body, created_on=at, due_on=at))
    return event_id


def add_attachment(message: Message) -> None:
    """Store a small attachment of the message."""
    with db.write() as session:
        session.add(
            Attachment(
                message_id=message.id,
                position=1,
                name="invoice.pdf",
                content_type="application/pdf",
                size=4,
                sha256=bytes(32),
                content=b"%PDF",
            )
        )
