"""The queue of one kind of jobs: claim, settle, give back, reopen. The caller commits each step; that is the protocol.

A claimed job is leased: `due_on` says when the lease runs out, `lease_token` who holds it. After a crash the lease runs
out, and the next claim takes the job up again.
"""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from shortener.delivery.due import Due
from shortener.delivery.job import Claimed, Ended, JobTables, Result
from shortener.delivery.statements import Statements
from shortener.delivery.stranded import Stranded
from shortener.rules.delivery.fair_share import Slots
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.retry import MAX_STARTS, Delivered, Judgement, RetryAfter, judge, seconds_until

# A job that was interrupted so often may itself crash our processes. It is attempted alone, because otherwise it would
# interrupt others too, until they are exhausted.
SUSPECT_AFTER = 2
_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
Fields = Row[*tuple[Any, ...]]


class Queue:
    """The jobs of one kind. It holds statements only, so one object serves all threads and databases."""

    def __init__(self, tables: JobTables) -> None:
        self.tables = tables
        self.due = Due(tables.job)
        self.stranded = Stranded(tables)
        self._statements = Statements(tables)

    def claim(
        self,
        session: Session,
        *,
        now: dt.datetime,
        limit: int,
        lease: dt.timedelta,
        per_destination: int,
        slots: Slots | None = None,
    ) -> list[Claimed]:
        """Take up to `limit` due jobs and start an attempt of each. Commit, then make the attempts.

        No destination gets more than `per_destination` attempts in flight, on all nodes together: claims run one at a
        time, on SQLite by the lock of every write. With `slots`, no account gets more of them than its share.
        """
        connection = session.connection()
        if connection.dialect.name == "postgresql":  # two claims could both fill the last slot of a destination
            connection.execute(_LOCK, {"lock": self.tables.claim_lock})
        ids = self.due.claimable(session, now=now, per_destination=per_destination, limit=limit, slots=slots)
        rows = self._lock(connection, ids, now)
        if not rows:
            return []
        starts, interrupted = self._history(connection, ids)
        spent = [row for row in rows if starts.get(row.id, 0) - row.starts_before >= MAX_STARTS]
        suspects = {row.id for row in rows if _was_attempting(row) and interrupted.get(row.id, 0) >= SUSPECT_AFTER}
        chosen = _without_suspects([row for row in rows if row not in spent], suspects)
        self._interrupt(connection, [row.id for row in [*spent, *chosen] if _was_attempting(row)], now)
        self._exhaust(connection, [row.id for row in spent], now)
        return self._start(connection, chosen, starts, now, lease, alone=any(row.id in suspects for row in chosen))

    def settle(
        self,
        session: Session,
        ended: Sequence[Ended],
        *,
        now: dt.datetime,
        waits: Sequence[float],
        chance: Callable[[], float],
    ) -> list[Judgement | None]:
        """Store the results of attempts, and settle or postpone their jobs; `waits` in seconds between attempts.

        None if the lease was lost: the attempt's result is stored, but the job belongs to the new holder.
        """
        if not ended:
            return []
        connection = session.connection()
        held, used = self._lock_held(connection, ended)
        judgements: list[Judgement | None] = []
        changes = []
        for claimed, result in ended:
            job = held.get(claimed.job_id)
            if job is None or job.lease_token != claimed.lease_token:
                judgements.append(None)
                continue
            tries = 1 if job.replayed_from else used.get(job.id, 0) + 1
            judgement = _judge(result, tries, () if job.replayed_from else waits, now, chance())
            judgements.append(judgement)
            changes.append(_state_after(judgement, job, tries, now))
        if changes:
            connection.execute(self._statements.set_state, changes)
        values = [{"row_id": claimed.attempt_id, **self.attempt_values(result, now)} for claimed, result in ended]
        connection.execute(self._statements.end, values)
        return judgements

    def attempt_values(self, result: Result, now: dt.datetime) -> dict[str, Any]:
        """Return the columns of an attempt's row that its result sets."""
        common = {"ended_on": now, "outcome": result.outcome, "detail": result.detail}
        return {**self._statements.no_result, **result.columns, **common}

    def give_back(self, session: Session, claimed: Claimed, *, now: dt.datetime) -> None:
        """Make a job due whose attempt is interrupted because we stop. Does nothing if the lease was lost."""
        connection = session.connection()
        values = {"row_id": claimed.job_id, "token": claimed.lease_token, "now": now}
        if connection.scalar(self._statements.give_back, values) is not None:
            self._interrupt(connection, [claimed.job_id], now)

    def reopen(self, session: Session, ids: Sequence[int], *, now: dt.datetime) -> Sequence[int]:
        """Make settled jobs due for one more attempt, and give the ids of those that were settled.

        If that attempt fails, a job is again what it was before.
        """
        if not ids:
            return []
        return session.connection().scalars(self._statements.reopen, {"ids": list(ids), "now": now}).all()

    def _lock(self, connection: Connection, ids: Sequence[int], now: dt.datetime) -> list[Fields]:
        """The jobs in the order of `ids`, without those that are being settled."""
        if not ids:
            return []
        order = {row_id: place for place, row_id in enumerate(ids)}
        rows = connection.execute(self._statements.lock_due, {"ids": ids, "now": now})
        return sorted(rows, key=lambda row: order[row.id])

    def _lock_held(self, connection: Connection, ended: Sequence[Ended]) -> tuple[dict[int, Fields], dict[int, int]]:
        """The jobs of attempts that ended, and how many attempts each had used up before."""
        ids = {"ids": [claimed.job_id for claimed, _ in ended]}
        # Jobs are locked before attempts, as a claim does it, so that no two transactions wait for each other.
        held = {row.id: row for row in connection.execute(self._statements.lock_held, ids)}
        these = ids | {"attempt_ids": [claimed.attempt_id for claimed, _ in ended]}
        return held, dict(connection.execute(self._statements.used, these).all())

    def _history(self, connection: Connection, ids: Sequence[int]) -> tuple[dict[int, int], dict[int, int]]:
        """How often each job was started, and how often such an attempt was interrupted."""
        rows = connection.execute(self._statements.history, {"ids": ids}).all()
        return {row_id: starts for row_id, starts, _ in rows}, {row_id: times for row_id, _, times in rows}

    def _interrupt(self, connection: Connection, ids: Sequence[int], now: dt.datetime) -> None:
        if ids:
            connection.execute(self._statements.interrupt, {"ids": ids, "now": now})

    def _exhaust(self, connection: Connection, ids: Sequence[int], now: dt.datetime) -> None:
        """Give up jobs that were started too often: something about them ends our processes."""
        reason = f"started {MAX_STARTS} times; our own processes ended too often before an attempt did"
        if ids:
            changes = [_settled(row_id, JobState.EXHAUSTED, now, reason) for row_id in ids]
            connection.execute(self._statements.set_state, changes)

    def _start(
        self,
        connection: Connection,
        rows: Sequence[Fields],
        starts: Mapping[int, int],
        now: dt.datetime,
        lease: dt.timedelta,
        *,
        alone: bool,
    ) -> list[Claimed]:
        if not rows:
            return []
        token = secrets.token_urlsafe(16)
        values = {"ids": [row.id for row in rows], "token": token, "until": now + lease}
        connection.execute(self._statements.lease, values)
        first = {"number": 1, "started_on": now}
        attempts = [first | {self.tables.job_column: row.id, "number": starts.get(row.id, 0) + 1} for row in rows]
        attempt_ids = connection.scalars(self._statements.start, attempts)
        return [
            Claimed(
                job_id=row.id,
                attempt_id=attempt_id,
                account_id=row.account_id,
                destination=row.destination,
                label=str(getattr(row, self.tables.label)),
                lease_token=token,
                loaded=row,
                alone=alone,
            )
            for row, attempt_id in zip(rows, attempt_ids, strict=True)
        ]


def _was_attempting(job: Fields) -> bool:
    return bool(job.state == JobState.ATTEMPTING)


def _without_suspects(jobs: Sequence[Fields], suspects: AbstractSet[int]) -> Sequence[Fields]:
    """Only the first job if it is a suspect, otherwise all that are none."""
    if jobs and jobs[0].id in suspects:
        return jobs[:1]
    return [job for job in jobs if job.id not in suspects]


def _judge(result: Result, tries: int, waits: Sequence[float], now: dt.datetime, chance: float) -> Judgement:
    retry_after = seconds_until(result.retry_after, now)
    return judge(is_delivered=result.is_delivered, used=tries, waits=waits, retry_after=retry_after, chance=chance)


def _settled(row_id: int, state: JobState, now: dt.datetime, reason: str | None) -> dict[str, Any]:
    return {"row_id": row_id, "state": state, "due_on": now, "settled_on": now, "exhausted_because": reason}


def _state_after(judgement: Judgement, job: Fields, tries: int, now: dt.datetime) -> dict[str, Any]:
    if isinstance(judgement, RetryAfter):
        later = {"due_on": now + dt.timedelta(seconds=judgement.seconds), "settled_on": None}
        return _settled(job.id, JobState.PENDING, now, None) | later
    if isinstance(judgement, Delivered):
        return _settled(job.id, JobState.DELIVERED, now, None)
    if job.replayed_from:
        return _settled(job.id, job.replayed_from, now, job.exhausted_because)
    return _settled(job.id, JobState.EXHAUSTED, now, f"all {tries} attempts failed")
