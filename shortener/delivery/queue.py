"""The queue of callbacks: claim, settle, give back. Its commits are its protocol, made by the caller of each step.

A claimed callback is leased: `due_on` is when the lease runs out, `lease_token` who holds it. A crash leaves a lease
that runs out; the next claim takes the callback up again.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, Row, bindparam, case, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.delivery import due
from shortener.outbound.client import Answer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.fair_share import Room
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.retry import MAX_STARTS, Delivered, Judgement, RetryAfter, judge, parse_retry_after
from shortener.storage.models import Base, Callback

PENDING, ATTEMPTING, DELIVERED, EXHAUSTED = JobState
INTERRUPTED = AttemptOutcome.INTERRUPTED
# Claims of all nodes take turns, or two would fill the same place of a destination. The number is arbitrary and ours.
CLAIM_LOCK = 5_203_418_668
# A callback that was cut off so often may be what ends our processes: it is attempted without company, or others
# would be cut off with it until they are exhausted too.
SUSPECT_AFTER = 2


@dataclass(frozen=True, slots=True)
class Claimed:
    """A callback that this worker may attempt until its lease runs out: plain values, no open transaction."""

    callback_id: int
    attempt_id: int
    account_id: int
    event_id: str
    url: str
    destination: str
    body: bytes
    lease_token: str
    alone: bool = False  # start nothing beside it in this process


Ended = tuple[Claimed, Answer]
Fields = Row[*tuple[Any, ...]]


def claim(
    session: Session,
    *,
    now: dt.datetime,
    limit: int,
    lease: dt.timedelta,
    per_destination: int,
    room: Room | None = None,
) -> list[Claimed]:
    """Take up to `limit` due callbacks and start an attempt of each. Commit, then POST.

    No destination gets more than `per_destination` attempts in flight, on all nodes together: claims take turns, on
    SQLite by the lock of every write. With a `room`, no account gets more of it than its share.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_TURN, {"lock": CLAIM_LOCK})
    ids = due.claimable(session, now=now, per_destination=per_destination, limit=limit, room=room)
    rows = _locked(connection, ids, now)
    if not rows:
        return []
    starts, cut_off = _history(connection, ids)
    spent = [row for row in rows if starts.get(row.id, 0) - row.starts_before >= MAX_STARTS]
    suspects = {row.id for row in rows if row.state == ATTEMPTING and cut_off.get(row.id, 0) >= SUSPECT_AFTER}
    chosen = _apart([row for row in rows if row not in spent], suspects)
    _close_cut_off(connection, [row.id for row in [*spent, *chosen] if row.state == ATTEMPTING], now)
    _exhaust(connection, [row.id for row in spent], now)
    return _start(connection, chosen, starts, now, lease, alone=any(row.id in suspects for row in chosen))


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
    connection = session.connection()
    ids = {"ids": [claimed.callback_id for claimed, _ in ended]}
    # Callbacks before attempts, as a claim takes them: no two wait for each other.
    held = {row.id: row for row in connection.execute(_HELD, ids)}
    used: dict[int, int] = dict(
        connection.execute(_USED, ids | {"attempt_ids": [claimed.attempt_id for claimed, _ in ended]}).all()
    )
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
    if changes:
        connection.execute(_SETTLED, changes)
    connection.execute(_ENDED, [{"row_id": claimed.attempt_id, **outcome(answer, now)} for claimed, answer in ended])
    return judgements


def outcome(answer: Answer, now: dt.datetime) -> dict[str, Any]:
    """What an attempt keeps of its answer, by the names of its columns."""
    return {
        "ended_on": now,
        "outcome": AttemptOutcome.DELIVERED if answer.status == 200 else answer.outcome,
        "detail": answer.detail,
        "status": answer.status,
        "answer": answer.body or None,
        "lookup_us": answer.lookup_us,
        "connect_us": answer.connect_us,
        "first_byte_us": answer.first_byte_us,
        "total_us": answer.total_us,
    }


def give_back(session: Session, claimed: Claimed, *, now: dt.datetime) -> None:
    """Let go of a callback whose attempt was cut off by our own end; it is due at once, for whoever comes."""
    mine = update(Callback).where(Callback.id == claimed.callback_id, Callback.lease_token == claimed.lease_token)
    freed = session.scalar(mine.values(state=PENDING, due_on=now, lease_token=None).returning(Callback.id))
    if freed is not None:
        _close_cut_off(session.connection(), [claimed.callback_id], now)


def _locked(connection: Connection, ids: Sequence[int], now: dt.datetime) -> list[Fields]:
    """What a claim must know of the callbacks, in the order of `ids`; without those that are being settled."""
    if not ids:
        return []
    order = {row_id: place for place, row_id in enumerate(ids)}
    return sorted(connection.execute(_LOCKED, {"ids": ids, "now": now}), key=lambda row: order[row.id])


def _history(connection: Connection, ids: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
    """How often each callback was started, and how often such an attempt was cut off."""
    rows = connection.execute(_HISTORY, {"ids": ids}).all()
    return {row_id: starts for row_id, starts, _ in rows}, {row_id: times for row_id, _, times in rows}


def _apart(rows: Sequence[Fields], suspects: AbstractSet[int]) -> Sequence[Fields]:
    """The first where it is a suspect, otherwise all that are none."""
    if rows and rows[0].id in suspects:
        return rows[:1]
    return [row for row in rows if row.id not in suspects]


def _close_cut_off(connection: Connection, ids: Sequence[int], now: dt.datetime) -> None:
    """Mark attempts that were started and never settled."""
    if ids:
        connection.execute(_CUT_OFF, {"ids": ids, "now": now})


def _exhaust(connection: Connection, ids: Sequence[int], now: dt.datetime) -> None:
    """Give up callbacks that were started too often: something about them ends our processes."""
    reason = f"started {MAX_STARTS} times; our own processes ended too often before an attempt did"
    if ids:
        connection.execute(_SETTLED, [_settled(row_id, EXHAUSTED, now, reason) for row_id in ids])


def _start(
    connection: Connection,
    rows: Sequence[Fields],
    starts: dict[int, int],
    now: dt.datetime,
    lease: dt.timedelta,
    *,
    alone: bool,
) -> list[Claimed]:
    if not rows:
        return []
    token = random_text(22)
    connection.execute(_LEASED, {"ids": [row.id for row in rows], "token": token, "until": now + lease})
    attempts = connection.scalars(
        _STARTED, [{"callback_id": row.id, "number": starts.get(row.id, 0) + 1, "started_on": now} for row in rows]
    )
    return [
        Claimed(row.id, attempt_id, row.account_id, row.event_id, row.url, row.destination, row.body, token, alone)
        for row, attempt_id in zip(rows, attempts, strict=True)
    ]


def _settled(row_id: int, state: JobState, now: dt.datetime, reason: str | None) -> dict[str, Any]:
    return {"row_id": row_id, "state": state, "due_on": now, "settled_on": now, "exhausted_because": reason}


def _state_after(judgement: Judgement, callback: Fields, tries: int, now: dt.datetime) -> dict[str, Any]:
    if isinstance(judgement, RetryAfter):
        later = {"state": PENDING, "due_on": now + dt.timedelta(seconds=judgement.seconds), "settled_on": None}
        return _settled(callback.id, PENDING, now, None) | later
    if isinstance(judgement, Delivered):
        return _settled(callback.id, DELIVERED, now, None)
    if callback.replayed_from:
        return _settled(callback.id, callback.replayed_from, now, callback.exhausted_because)
    return _settled(callback.id, EXHAUSTED, now, f"all {tries} attempts failed")


# Statements are built once, and on the tables: to put them together takes longer than to run them.
_callback, _attempt = Base.metadata.tables["callback"], Base.metadata.tables["attempt"]
_TURN = text("SELECT pg_advisory_xact_lock(:lock)")
_these: BindParameter[Any] = bindparam("ids", expanding=True)
_LOCKED = (
    select(*_callback.c["id", "account_id", "event_id", "url", "destination", "body", "state", "starts_before"])
    .where(_callback.c.id.in_(_these), due.is_due(bindparam("now")))
    .with_for_update(skip_locked=True)
)
_HISTORY = (
    select(
        _attempt.c.callback_id,
        func.max(_attempt.c.number),
        func.count(case((or_(_attempt.c.outcome == INTERRUPTED, _attempt.c.outcome.is_(None)), 1))),
    )
    .where(_attempt.c.callback_id.in_(_these))
    .group_by(_attempt.c.callback_id)
)
_CUT_OFF = (
    update(_attempt)
    .where(_attempt.c.callback_id.in_(_these), _attempt.c.outcome.is_(None))
    .values(outcome=INTERRUPTED, ended_on=bindparam("now"), detail="our own process ended before the attempt did")
)
_LEASED = (
    update(_callback)
    .where(_callback.c.id.in_(_these))
    .values(state=ATTEMPTING, lease_token=bindparam("token"), due_on=bindparam("until"))
)
_STARTED = insert(_attempt).returning(_attempt.c.id, sort_by_parameter_order=True)
_HELD = (  # locked until the commit
    select(*_callback.c["id", "lease_token", "replayed_from", "exhausted_because"])
    .where(_callback.c.id.in_(_these))
    .order_by(_callback.c.id)
    .with_for_update()
)
_USED = (  # retries used up before these attempts; those that we cut off do not count
    select(_attempt.c.callback_id, func.count())
    .where(
        _attempt.c.callback_id.in_(_these),
        _attempt.c.id.not_in(bindparam("attempt_ids", expanding=True)),
        _attempt.c.outcome != INTERRUPTED,
    )
    .group_by(_attempt.c.callback_id)
)
_SETTLED = (
    update(_callback)
    .where(_callback.c.id == bindparam("row_id"))
    .values(
        state=bindparam("state"),
        due_on=bindparam("due_on"),
        lease_token=None,
        settled_on=bindparam("settled_on"),
        exhausted_because=bindparam("exhausted_because"),
        replayed_from=None,
    )
)
_ENDED = (
    update(_attempt)
    .where(_attempt.c.id == bindparam("row_id"))
    .values(
        {
            name: bindparam(name)
            for name in [column.name for column in _attempt.c]
            if name not in ("id", "callback_id", "number", "started_on")
        }
    )
)
