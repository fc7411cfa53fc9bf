"""The queue of callbacks: claim, settle, give back. Its commits are its protocol, made by the caller of each step.

A claimed callback is leased: `due_on` is when the lease runs out, `lease_token` who holds it. A crash leaves a lease
that runs out; the next claim takes the callback up again.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from shortener.accounts import random_text
from shortener.models import Attempt, Callback
from shortener.outbound import Answer
from shortener.rules.retry import MAX_STARTS, Delivered, Judgement, RetryAfter, judge, parse_retry_after

PENDING, ATTEMPTING, DELIVERED, EXHAUSTED = "pending", "attempting", "delivered", "exhausted"
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A callback that this worker may attempt until its lease runs out: plain values, no open transaction."""

    callback_id: int
    attempt_id: int
    account_id: int
    event_id: str
    url: str
    body: bytes
    lease_token: str


def any_due(session: Session, *, now: dt.datetime) -> bool:
    """Tell whether a claim would find something; takes no write lock."""
    return session.scalar(select(Callback.id).where(_due(now)).limit(1)) is not None


def claim(session: Session, *, now: dt.datetime, limit: int, lease: dt.timedelta) -> list[Claimed]:
    """Take up to `limit` due callbacks, the longest due first, and start an attempt of each. Commit, then POST."""
    due = select(Callback).where(_due(now)).order_by(Callback.due_on, Callback.id).limit(limit)
    callbacks = list(session.scalars(due.with_for_update(skip_locked=True)))
    if not callbacks:
        return []
    ids = [callback.id for callback in callbacks]
    _close_cut_off(session, ids, now)
    starts = _starts(session, ids)
    token = random_text(22)
    attempts = [
        (callback, _start(callback, starts.get(callback.id, 0) + 1, token, now, lease))
        for callback in callbacks
        if not _spent(callback, starts.get(callback.id, 0), now)
    ]
    session.add_all([attempt for _, attempt in attempts])
    session.flush()  # the attempts' ids are handed out
    return [_claimed(callback, attempt, token) for callback, attempt in attempts]


def settle(
    session: Session, claimed: Claimed, answer: Answer, *, now: dt.datetime, waits: Sequence[float], chance: float
) -> Judgement | None:
    """Close an attempt and its callback.

    None if the lease was lost: then the attempt keeps its outcome, and the callback is the new holder's.
    """
    session.execute(update(Attempt).where(Attempt.id == claimed.attempt_id).values(_outcome(answer, now)))
    used = session.scalars(
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.callback_id == claimed.callback_id, Attempt.outcome != INTERRUPTED)
    ).one()
    retry_after = parse_retry_after(answer.retry_after, now)
    judgement = judge(answer.status, used=used, waits=waits, retry_after=retry_after, chance=chance)
    values = _state_after(judgement, now) | {"lease_token": None}
    return judgement if _update_leased(session, claimed, values) else None


def give_back(session: Session, claimed: Claimed, *, now: dt.datetime) -> None:
    """Let go of a callback whose attempt was cut off by our own end; it is due at once, for whoever comes."""
    if _update_leased(session, claimed, {"state": PENDING, "due_on": now, "lease_token": None}):
        _close_cut_off(session, [claimed.callback_id], now)


def _due(now: dt.datetime) -> ColumnElement[bool]:
    return Callback.settled_on.is_(None) & (Callback.due_on <= now)


def _starts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = select(Attempt.callback_id, func.max(Attempt.number)).where(Attempt.callback_id.in_(ids))
    return dict(session.execute(query.group_by(Attempt.callback_id)).all())


def _close_cut_off(session: Session, ids: Sequence[int], now: dt.datetime) -> None:
    """Mark attempts that were started and never settled."""
    session.execute(
        update(Attempt)
        .where(Attempt.callback_id.in_(ids), Attempt.outcome.is_(None))
        .values(outcome=INTERRUPTED, ended_on=now, detail="our own process ended before the attempt did")
    )


def _spent(callback: Callback, starts: int, now: dt.datetime) -> bool:
    """Exhaust a callback that was started too often: something about it ends our processes."""
    if starts < MAX_STARTS:
        return False
    callback.state, callback.lease_token, callback.settled_on = EXHAUSTED, None, now
    return True


def _start(callback: Callback, number: int, token: str, now: dt.datetime, lease: dt.timedelta) -> Attempt:
    callback.state, callback.lease_token, callback.due_on = ATTEMPTING, token, now + lease
    return Attempt(callback_id=callback.id, number=number, started_on=now)


def _claimed(callback: Callback, attempt: Attempt, token: str) -> Claimed:
    return Claimed(
        callback_id=callback.id,
        attempt_id=attempt.id,
        account_id=callback.account_id,
        event_id=callback.event_id,
        url=callback.url,
        body=callback.body,
        lease_token=token,
    )


def _outcome(answer: Answer, now: dt.datetime) -> dict[str, object]:
    delivered = answer.status == 200
    if answer.status is not None and not delivered:
        detail = f"answered {answer.status}; the contract is exactly 200"
    else:
        detail = "answered 200" if delivered else answer.detail
    return {
        "ended_on": now,
        "outcome": "delivered" if delivered else answer.outcome,
        "detail": detail,
        "status": answer.status,
        "answer": answer.body or None,
        "lookup_us": answer.lookup_us,
        "connect_us": answer.connect_us,
        "first_byte_us": answer.first_byte_us,
        "total_us": answer.total_us,
    }


def _state_after(judgement: Judgement, now: dt.datetime) -> dict[str, object]:
    if isinstance(judgement, RetryAfter):
        return {"state": PENDING, "due_on": now + dt.timedelta(seconds=judgement.seconds)}
    return {"state": DELIVERED if isinstance(judgement, Delivered) else EXHAUSTED, "settled_on": now}


def _update_leased(session: Session, claimed: Claimed, values: dict[str, object]) -> bool:
    mine = update(Callback).where(Callback.id == claimed.callback_id, Callback.lease_token == claimed.lease_token)
    return session.scalar(mine.values(values).returning(Callback.id)) is not None
