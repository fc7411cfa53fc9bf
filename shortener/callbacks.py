"""The queue of callbacks: claim, settle, give back. Its commits are its protocol, made by the caller of each step.

A claimed callback is leased: `due_on` is when the lease runs out, `lease_token` who holds it. A crash leaves a lease
that runs out; the next claim takes the callback up again.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select, text, update
from sqlalchemy.orm import Session

from shortener import backlog
from shortener.accounts import random_text
from shortener.models import Attempt, Callback
from shortener.outbound import Answer
from shortener.rules.retry import MAX_STARTS, Delivered, Judgement, RetryAfter, judge, parse_retry_after

PENDING, ATTEMPTING, DELIVERED, EXHAUSTED = "pending", "attempting", "delivered", "exhausted"
INTERRUPTED = "interrupted"
# Claims of all nodes take turns, or two would fill the same place of a destination. The number is arbitrary and ours.
CLAIM_LOCK = 5_203_418_668
# Nothing that was loaded before an update of many rows is used after it.
AS_IT_IS = {"synchronize_session": False}


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


Ended = tuple[Claimed, Answer]
Fields = Row[*tuple[Any, ...]]


def claim(
    session: Session, *, now: dt.datetime, limit: int, lease: dt.timedelta, per_destination: int
) -> list[Claimed]:
    """Take up to `limit` due callbacks and start an attempt of each. Commit, then POST.

    No destination gets more than `per_destination` attempts in flight, on all nodes together: claims take turns, on
    SQLite by the lock of every write.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CLAIM_LOCK})
    ids = backlog.claimable(session, now=now, per_destination=per_destination, limit=limit)
    rows = _locked(session, ids, now)
    if not rows:
        return []
    _close_cut_off(session, [row.id for row in rows if row.state == ATTEMPTING], now)
    starts = _starts(session, ids)
    spent = [row.id for row in rows if starts.get(row.id, 0) - row.starts_before >= MAX_STARTS]
    _exhaust(session, spent, now)
    return _start(session, [row for row in rows if row.id not in spent], starts, now, lease)


def settle(
    session: Session,
    ended: Sequence[Ended],
    *,
    now: dt.datetime,
    waits: Sequence[float],
    chance: Callable[[], float],
) -> list[Judgement | None]:
    """Close attempts that ended, with their callbacks.

    None where the lease was lost: then the attempt keeps its outcome, and the callback is the new holder's.
    """
    if not ended:
        return []
    held = _held(session, ended)  # callbacks before attempts, as a claim takes them: no two wait for each other
    used = _used(session, ended)
    judgements: list[Judgement | None] = []
    changes = []
    for claimed, answer in ended:
        callback = held.get(claimed.callback_id)
        if callback is None or callback.lease_token != claimed.lease_token:
            judgements.append(None)
            continue
        tries = 1 if callback.replayed_from else used.get(callback.id, 0) + 1
        judgement = judge(
            answer.status,
            used=tries,
            waits=() if callback.replayed_from else waits,
            retry_after=parse_retry_after(answer.retry_after, now),
            chance=chance(),
        )
        judgements.append(judgement)
        changes.append(_state_after(judgement, callback, tries, now))
    _update_each(session, Callback, changes)
    _update_each(session, Attempt, [_outcome(claimed, answer, now) for claimed, answer in ended])
    return judgements


def give_back(session: Session, claimed: Claimed, *, now: dt.datetime) -> None:
    """Let go of a callback whose attempt was cut off by our own end; it is due at once, for whoever comes."""
    mine = update(Callback).where(Callback.id == claimed.callback_id, Callback.lease_token == claimed.lease_token)
    freed = session.scalar(mine.values(state=PENDING, due_on=now, lease_token=None).returning(Callback.id))
    if freed is not None:
        _close_cut_off(session, [claimed.callback_id], now)


def _locked(session: Session, ids: Sequence[int], now: dt.datetime) -> list[Fields]:
    """What a claim must know of the callbacks, in the order of `ids`; without those that are being settled."""
    if not ids:
        return []
    columns = (
        Callback.id,
        Callback.account_id,
        Callback.event_id,
        Callback.url,
        Callback.body,
        Callback.state,
        Callback.starts_before,
    )
    query = select(*columns).where(Callback.id.in_(ids), backlog.is_due(now)).with_for_update(skip_locked=True)
    order = {row_id: place for place, row_id in enumerate(ids)}
    return sorted(session.execute(query), key=lambda row: order[row.id])


def _starts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    query = select(Attempt.callback_id, func.max(Attempt.number)).where(Attempt.callback_id.in_(ids))
    return dict(session.execute(query.group_by(Attempt.callback_id)).all())


def _close_cut_off(session: Session, ids: Sequence[int], now: dt.datetime) -> None:
    """Mark attempts that were started and never settled."""
    if ids:
        cut_off = update(Attempt).where(Attempt.callback_id.in_(ids), Attempt.outcome.is_(None))
        values = {"outcome": INTERRUPTED, "ended_on": now, "detail": "our own process ended before the attempt did"}
        session.execute(cut_off.values(values), execution_options=AS_IT_IS)


def _exhaust(session: Session, ids: Sequence[int], now: dt.datetime) -> None:
    """Give up callbacks that were started too often: something about them ends our processes."""
    reason = f"started {MAX_STARTS} times; our own processes ended too often before an attempt did"
    changes = {"state": EXHAUSTED, "settled_on": now, "lease_token": None, "exhausted_because": reason}
    _update_each(session, Callback, [{"id": row_id, "replayed_from": None, **changes} for row_id in ids])


def _start(
    session: Session, rows: Sequence[Fields], starts: dict[int, int], now: dt.datetime, lease: dt.timedelta
) -> list[Claimed]:
    if not rows:
        return []
    token = random_text(22)
    leased = update(Callback).where(Callback.id.in_([row.id for row in rows]))
    values = {"state": ATTEMPTING, "lease_token": token, "due_on": now + lease}
    session.execute(leased.values(values), execution_options=AS_IT_IS)
    attempts = session.scalars(
        insert(Attempt).returning(Attempt.id, sort_by_parameter_order=True),
        [{"callback_id": row.id, "number": starts.get(row.id, 0) + 1, "started_on": now} for row in rows],
    )
    return [
        Claimed(row.id, attempt_id, row.account_id, row.event_id, row.url, row.body, token)
        for row, attempt_id in zip(rows, attempts, strict=True)
    ]


def _held(session: Session, ended: Sequence[Ended]) -> dict[int, Fields]:
    """The callbacks as they are now, locked until the commit."""
    columns = (Callback.id, Callback.lease_token, Callback.replayed_from)
    query = select(*columns).where(Callback.id.in_([claimed.callback_id for claimed, _ in ended]))
    return {row.id: row for row in session.execute(query.order_by(Callback.id).with_for_update())}


def _used(session: Session, ended: Sequence[Ended]) -> dict[int, int]:
    """How many retries the callbacks have used up before these attempts; those that we cut off do not count."""
    query = select(Attempt.callback_id, func.count()).where(
        Attempt.callback_id.in_([claimed.callback_id for claimed, _ in ended]),
        Attempt.id.not_in([claimed.attempt_id for claimed, _ in ended]),
        Attempt.outcome != INTERRUPTED,
    )
    return dict(session.execute(query.group_by(Attempt.callback_id)).all())


def _update_each(session: Session, table: type[Attempt | Callback], changes: Sequence[dict[str, Any]]) -> None:
    """Update rows by their ids, statements of one shape at a time."""
    if changes:
        session.execute(update(table), changes, execution_options=AS_IT_IS)


def _outcome(claimed: Claimed, answer: Answer, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": claimed.attempt_id,
        "ended_on": now,
        "outcome": "delivered" if answer.status == 200 else answer.outcome,
        "detail": answer.detail,
        "status": answer.status,
        "answer": answer.body or None,
        "lookup_us": answer.lookup_us,
        "connect_us": answer.connect_us,
        "first_byte_us": answer.first_byte_us,
        "total_us": answer.total_us,
    }


def _state_after(judgement: Judgement, callback: Fields, tries: int, now: dt.datetime) -> dict[str, Any]:
    changes: dict[str, Any] = {"id": callback.id, "lease_token": None}
    if isinstance(judgement, RetryAfter):
        return changes | {"state": PENDING, "due_on": now + dt.timedelta(seconds=judgement.seconds)}
    changes |= {"settled_on": now, "replayed_from": None}
    if isinstance(judgement, Delivered):
        return changes | {"state": DELIVERED, "exhausted_because": None}
    if callback.replayed_from:
        return changes | {"state": callback.replayed_from}
    return changes | {"state": EXHAUSTED, "exhausted_because": f"all {tries} attempts failed"}
