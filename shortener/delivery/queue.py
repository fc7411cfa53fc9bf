"""The queue of one kind of jobs: claim, settle, give back, reopen. The caller commits each step; that is the protocol.

A claimed job is leased: `due_on` says when the lease runs out, `lease_token` who holds it. After a crash the lease runs
out, and the next claim takes the job up again.
"""

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from shortener.delivery.due import Due
from shortener.delivery.history import Fields, History, was_attempting
from shortener.delivery.job import Claimed, Ended, JobTables, Result, Settled
from shortener.delivery.judgements import NO_HOOKS, Hooks, by_waits, once, settled, state_after
from shortener.delivery.statements import Statements
from shortener.delivery.stranded import Stranded
from shortener.rules.delivery.fair_share import Groups, Slots
from shortener.rules.delivery.retry import MAX_STARTS, Exhausted, Judgement

_LOCK: Final = text("SELECT pg_advisory_xact_lock(:lock)")
_SPENT: Final = "started {} times; our own processes ended too often before an attempt did"


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
        groups: Groups | None = None,
        hooks: Hooks = NO_HOOKS,
        max_starts: int | None = None,
    ) -> list[Claimed]:
        """Take up to `limit` due jobs and start an attempt of each. Commit, then make the attempts.

        No destination gets more than `per_destination` attempts in flight, on all nodes together: claims run one at a
        time, on SQLite by the lock of every write. With `slots`, no account gets more of them than its share; with
        `groups`, their limits hold too. A job that was started `max_starts` times, by default 25, is exhausted instead.
        """
        max_starts = MAX_STARTS if max_starts is None else max_starts
        self.lock_claims(session)
        connection = session.connection()
        ids = self.due.claimable(
            session, now=now, per_destination=per_destination, limit=limit, slots=slots, groups=groups
        )
        rows = self._lock(connection, ids, now)
        if not rows:
            return []
        history = History(connection, self._statements.history, ids)
        spent: dict[int, Judgement] = {
            row.id: Exhausted(_SPENT.format(max_starts))
            for row in rows
            if history.starts(row) - row.starts_before >= max_starts
        }
        chosen = history.chosen([row for row in rows if row.id not in spent])
        taken = [row for row in rows if row.id in spent] + list(chosen)
        self._interrupt(connection, [row.id for row in taken if was_attempting(row)], now)
        judged = {**spent, **self._judge_due(session, chosen, history, hooks, now)}
        self._settle_due(session, [row for row in taken if row.id in judged], judged, history, hooks, now)
        return self._start(connection, [row for row in chosen if row.id not in judged], history, now, lease)

    def lock_claims(self, session: Session) -> None:
        """Let no other claim of this kind run until this transaction ends; on SQLite no other writer runs anyway."""
        connection = session.connection()
        if connection.dialect.name == "postgresql":  # two claims could both fill the last slot of a destination
            connection.execute(_LOCK, {"lock": self.tables.claim_lock})

    def settle(
        self,
        session: Session,
        ended: Sequence[Ended],
        *,
        now: dt.datetime,
        waits: Sequence[float],
        chance: Callable[[], float],
        hooks: Hooks = NO_HOOKS,
    ) -> list[Judgement | None]:
        """Store the results of attempts, and settle or postpone their jobs; `waits` in seconds between attempts.

        None if the lease was lost: the attempt's result is stored, but the job belongs to the new holder.
        """
        if not ended:
            return []
        connection = session.connection()
        held, used = self._lock_held(connection, ended)
        judge = hooks.judge or by_waits(waits)
        judgements: list[Judgement | None] = []
        changes = []
        for claimed, result in ended:
            job = held.get(claimed.job_id)
            if job is None or job.lease_token != claimed.lease_token:
                judgements.append(None)
                continue
            tries = 1 if job.replayed_from else used.get(job.id, 0) + 1
            judgement = (once if job.replayed_from else judge)(claimed, result, tries, now, chance())
            judgements.append(judgement)
            changes.append(_change(judgement, job, tries, now))
        if changes:
            connection.execute(self._statements.set_state, changes)
        values = [{"row_id": claimed.attempt_id, **self.attempt_values(result, now)} for claimed, result in ended]
        connection.execute(self._statements.end, values)
        if hooks.on_settled:
            hooks.on_settled(
                session, [Settled(*pair, judged) for pair, judged in zip(ended, judgements, strict=True)], now
            )
        return judgements

    def attempt_values(self, result: Result, now: dt.datetime) -> dict[str, Any]:
        """Return the columns of an attempt's row that its result sets."""
        common = {"ended_on": now, "outcome": result.outcome, "detail": result.detail}
        return {**self._statements.no_result, **result.columns, **common}

    def renew(self, session: Session, claimed: Claimed, *, until: dt.datetime) -> bool:
        """Let a lease last until then; False if it was lost, so that another process may attempt the job."""
        values = {"row_id": claimed.job_id, "token": claimed.lease_token, "until": until}
        return session.connection().scalar(self._statements.renew, values) is not None

    def give_back(self, session: Session, claimed: Claimed, *, now: dt.datetime, begun: bool = True) -> None:
        """Make a job due whose attempt is interrupted because we stop, or was not even begun.

        Does nothing if the lease was lost.
        """
        connection = session.connection()
        values = {"row_id": claimed.job_id, "token": claimed.lease_token, "now": now}
        if connection.scalar(self._statements.give_back, values) is None:
            return
        if begun:
            self._interrupt(connection, [claimed.job_id], now)
        else:
            connection.execute(self._statements.forget, {"row_id": claimed.attempt_id})

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

    def _interrupt(self, connection: Connection, ids: Sequence[int], now: dt.datetime) -> None:
        if ids:
            connection.execute(self._statements.interrupt, {"ids": ids, "now": now})

    def _judge_due(
        self, session: Session, rows: Sequence[Fields], history: History, hooks: Hooks, now: dt.datetime
    ) -> Mapping[int, Judgement]:
        """Judgements of jobs that need no attempt, by their ids."""
        if hooks.judge_due is None or not rows:
            return {}
        return hooks.judge_due(session, [history.job(row, self.tables) for row in rows], now)

    def _settle_due(
        self,
        session: Session,
        rows: Sequence[Fields],
        judged: Mapping[int, Judgement],
        history: History,
        hooks: Hooks,
        now: dt.datetime,
    ) -> None:
        """Settle or postpone jobs without an attempt."""
        if not rows:
            return
        session.connection().execute(
            self._statements.set_state, [state_after(judged[row.id], row.id, now) for row in rows]
        )
        if hooks.on_settled:
            jobs = [history.job(row, self.tables) for row in rows]
            hooks.on_settled(session, [Settled(job, None, judged[job.job_id]) for job in jobs], now)

    def _start(
        self,
        connection: Connection,
        rows: Sequence[Fields],
        history: History,
        now: dt.datetime,
        lease: dt.timedelta,
    ) -> list[Claimed]:
        if not rows:
            return []
        token = secrets.token_urlsafe(16)
        values = {"ids": [row.id for row in rows], "token": token, "until": now + lease}
        connection.execute(self._statements.lease, values)
        attempts = [
            {self.tables.job_column: row.id, "number": history.starts(row) + 1, "started_on": now} for row in rows
        ]
        attempt_ids = connection.scalars(self._statements.start, attempts)
        alone = any(map(history.is_suspect, rows))
        return [
            Claimed(
                job_id=row.id,
                account_id=row.account_id,
                destination=row.destination,
                label=str(getattr(row, self.tables.label)),
                loaded=row,
                starts=history.starts(row),
                was_attempting=was_attempting(row),
                was_interrupted=history.was_interrupted(row),
                attempt_id=attempt_id,
                lease_token=token,
                alone=alone,
            )
            for row, attempt_id in zip(rows, attempt_ids, strict=True)
        ]


def _change(judgement: Judgement, job: Fields, tries: int, now: dt.datetime) -> dict[str, Any]:
    """What the judgement sets; a replay that failed gives the job its former state again."""
    if isinstance(judgement, Exhausted) and job.replayed_from:
        return settled(job.id, job.replayed_from, now, job.exhausted_because)
    return state_after(judgement, job.id, now, tries)
