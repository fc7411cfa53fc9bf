"""Sendings and receipts for demo data: what a gateway might have said about each message of a shop."""

import datetime as dt
import random
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import CODES
from shortener.storage.models import Message, Receipt, Sending, SendingAttempt

GATEWAY: Final = "kannel"
SECOND, HOUR, DAY = dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)
# The final words of gateways: how often, the state, and the code.
WORDS: Final = (
    (95, MessageState.DELIVERED, "0"),
    (2, MessageState.EXPIRED, "2"),
    (1, MessageState.FAILED, "3"),
    (1, MessageState.FAILED, "4"),
    (1, MessageState.REJECTED, "6"),
)
MOST_HELD: Final = 2


def add(session: Session, account_id: int, until: dt.datetime, chance: random.Random) -> None:
    """Let a gateway have had all messages of an account; of the newest two it is not known whether it took them."""
    query = select(Message).where(Message.account_id == account_id).order_by(Message.received_on.desc())
    newest = session.scalars(query).all()
    for message in newest[:MOST_HELD]:
        _hold(session, message)
    for message in newest[MOST_HELD:]:
        _hand_over(session, message, until, chance)
    session.flush()


def _hold(session: Session, message: Message) -> None:
    attempt = (AttemptOutcome.UNSURE, "no answer within 10 seconds; the gateway may have taken it", 10_000_000)
    settled_on = message.received_on + 130 * SECOND
    _store(session, message, JobState.HELD, [attempt], settled_on=settled_on, closes_on=settled_on + 3 * DAY)
    message.state, message.state_on = MessageState.UNKNOWN, settled_on


def _hand_over(session: Session, message: Message, until: dt.datetime, chance: random.Random) -> None:
    busy = [(AttemptOutcome.BUSY, "answered 503: queue full", 8_000)] if chance.random() < 0.1 else []
    taken = (AttemptOutcome.TAKEN, None, chance.randint(4_000, 30_000))
    sent_on = message.received_on + len(busy) * 5 * SECOND + SECOND
    _store(session, message, JobState.DELIVERED, [*busy, taken], settled_on=sent_on, sent_on=sent_on)
    [(_, state, code)] = chance.choices(WORDS, [weight for weight, _, _ in WORDS])
    told_on = sent_on + chance.uniform(2, 40) * SECOND
    _receipt(session, message, MessageState.ACCEPTED, "", sent_on + SECOND)
    if told_on >= until:
        message.state, message.state_on = MessageState.ACCEPTED, sent_on + SECOND
        return
    _receipt(session, message, state, code, told_on)
    message.state, message.state_on, message.code, message.reason = state, told_on, code, CODES[code]


def _store(
    session: Session,
    message: Message,
    state: JobState,
    attempts: Sequence[tuple[AttemptOutcome, str | None, int]],
    *,
    settled_on: dt.datetime,
    **columns: Any,
) -> None:
    message.gateway = GATEWAY
    sending = Sending(
        message_id=message.id,
        account_id=message.account_id,
        gateway=GATEWAY,
        channel=Channel.SMS,
        destination=f"{message.account_id} gateway://{GATEWAY}:0",
        recipient=message.recipient if state is JobState.HELD else None,
        state=state,
        created_on=message.received_on,
        due_on=settled_on,
        settled_on=settled_on,
        expires_on=message.received_on + 3 * DAY,
        **columns,
    )
    session.add(sending)
    session.flush()
    rows = [
        {
            "sending_id": sending.id,
            "number": number,
            "started_on": (started_on := message.received_on + (number - 1) * 5 * SECOND + 0.2 * SECOND),
            "ended_on": started_on + took * dt.timedelta(microseconds=1),
            "outcome": outcome,
            "detail": detail,
            "status": {AttemptOutcome.TAKEN: 202, AttemptOutcome.BUSY: 503}.get(outcome),
            "answer": b"0: Accepted for delivery" if outcome is AttemptOutcome.TAKEN else None,
            "total_us": took,
        }
        for number, (outcome, detail, took) in enumerate(attempts, 1)
    ]
    session.execute(insert(SendingAttempt), rows)


def _receipt(session: Session, message: Message, state: MessageState, code: str, at: dt.datetime) -> None:
    session.add(
        Receipt(
            account_id=message.account_id,
            message_id=message.id,
            gateway=GATEWAY,
            state=state,
            code=code,
            reason=CODES.get(code),
            happened_on=at,
            received_on=at,
        )
    )
