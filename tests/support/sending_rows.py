"""Rows of messages that are sent, in states that take a gateway and days to reach."""

import datetime as dt
from typing import Any

from sqlalchemy import update

from shortener.accounts.random_text import random_text
from shortener.rules.delivery import receiver
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import db
from shortener.storage.models import Attachment, Callback, Message, Receipt, SendingAttempt
from tests.support import sendings
from tests.support.factories import NOW

GATEWAY = "simulator"
SETTLED = frozenset({JobState.DELIVERED, JobState.EXHAUSTED, JobState.HELD, JobState.CANCELED})


def put_sending(
    message: Message,
    state: JobState = JobState.DELIVERED,
    outcomes: tuple[AttemptOutcome, ...] = (AttemptOutcome.TAKEN,),
    *,
    now: dt.datetime = NOW,
    **columns: Any,
) -> None:
    """Give a message a sending with one attempt for each outcome, ten seconds apart."""
    step = dt.timedelta(seconds=10)
    with db.write() as session:
        sending = sendings.add(
            session,
            message,
            GATEWAY,
            state=state,
            created_on=now,
            due_on=now + len(outcomes) * step,
            settled_on=now + len(outcomes) * step if state in SETTLED else None,
            lease_token=None,
            **columns,
        )
        session.add_all(
            SendingAttempt(
                sending_id=sending.id,
                number=number,
                started_on=now + number * step - step,
                ended_on=now + number * step - step,
                outcome=outcome,
                detail=f"detail of attempt {number}",
                total_us=1500,
            )
            for number, outcome in enumerate(outcomes, 1)
        )


def put_receipt(
    message: Message,
    state: MessageState,
    code: str = "",
    reason: Reason | None = None,
    *,
    now: dt.datetime = NOW,
    early: bool = False,
) -> None:
    """Store a receipt, without its effect on the message; an early one does not know its message."""
    with db.write() as session:
        session.add(
            Receipt(
                account_id=message.account_id,
                message_id=None if early else message.id,
                gateway=GATEWAY,
                state=state,
                code=code,
                reason=reason,
                happened_on=now,
                received_on=now,
            )
        )


def put_state(message: Message, state: MessageState, *, now: dt.datetime = NOW, **columns: Any) -> None:
    """Store the state of a message."""
    with db.write() as session:
        values = {"state": state, "state_on": now, "gateway": GATEWAY, **columns}
        session.execute(update(Message).where(Message.id == message.id).values(values))


def put_state_callback(
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


def put_attachment(message: Message) -> None:
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
