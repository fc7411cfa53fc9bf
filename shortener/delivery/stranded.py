"""Jobs that a wrong clock has postponed: find them, and make them due again.

A clock that is ahead leaves retries and leases that end in the future. No retry waits longer than twice the longest
step, and no lease is longer than a lease; a job that is due later than that was stored by a wrong clock.
Of jobs that may be scheduled, those were that were made in the future, to begin at once.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from shortener.delivery.job import JobTables

AT_ONCE: Final = 1000
SLACK: Final = dt.timedelta(minutes=10)  # clocks are corrected by a little now and then, and settings change


def longest_wait(waits: Sequence[float]) -> dt.timedelta:
    """The longest time that a retry may wait, given the waits in seconds: `Retry-After` may double a step."""
    return dt.timedelta(seconds=2 * max(waits, default=0)) + SLACK


class Stranded:
    """Finds and frees postponed jobs of one kind."""

    def __init__(self, tables: JobTables) -> None:
        job = tables.job
        is_open, is_leased = job.c.settled_on.is_(None), job.c.lease_token.is_not(None)
        is_waiting, is_held = is_open & ~is_leased, is_open & is_leased
        is_far, ends_late = job.c.due_on > bindparam("far"), job.c.due_on > bindparam("end")
        by_future_attempt = _by_future_attempt(tables)
        ids = select(job.c.id).limit(AT_ONCE)
        self._retries = ids.where(is_waiting, is_far).order_by(job.c.due_on.desc())
        self._leases = ids.where(is_held, ends_late)
        self._after_future_attempts = ids.where(is_waiting, by_future_attempt)
        self._made_ahead = [ids.where(is_waiting, _made_in_future(tables))] if tables.is_scheduled else []
        one = job.c.id == bindparam("row_id")
        self._one = select(job.c.id).where(one, is_waiting, is_far | by_future_attempt)
        these = job.c.id.in_(_unlocked(tables))
        self._free_retries = update(job).where(these, is_waiting).values(due_on=bindparam("now"))
        self._free_leases = update(job).where(these, is_held, ends_late).values(due_on=bindparam("end"))

    def find(
        self,
        session: Session,
        *,
        now: dt.datetime,
        longest: dt.timedelta,
        lease: dt.timedelta,
        thorough: bool = False,
    ) -> list[int]:
        """Ids of at most 1,000 jobs that wait longer than they can; takes no lock.

        `thorough` also finds those that wait less, after a last attempt that ended in the future. It reads every job
        that is not settled.
        """
        values = {"far": now + longest, "end": now + lease + SLACK, "now": now, "ahead": now + SLACK}
        statements = [self._retries, self._leases, *self._made_ahead]
        statements += [self._after_future_attempts] if thorough else []
        found: dict[int, None] = {}
        for statement in statements:
            found.update(dict.fromkeys(session.connection().scalars(statement, values)))
        return list(found)[:AT_ONCE]

    def includes(self, session: Session, job_id: int, *, now: dt.datetime, longest: dt.timedelta) -> bool:
        """Whether this job waits longer than it can."""
        values = {"row_id": job_id, "far": now + longest, "now": now, "ahead": now + SLACK}
        return session.connection().scalar(self._one, values) is not None

    def free(self, session: Session, ids: Sequence[int], *, now: dt.datetime, lease: dt.timedelta) -> int:
        """Make retries due now, and leases after one lease, because their holders may still work; give how many."""
        values = {"ids": list(ids), "now": now, "end": now + lease}
        changed = session.connection().execute(self._free_retries, values).rowcount
        return changed + session.connection().execute(self._free_leases, values).rowcount


def _by_future_attempt(tables: JobTables) -> ColumnElement[bool]:
    """Whether a job is not due yet, and its last attempt ended in the future."""
    job, attempt, other = tables.job, tables.attempt, tables.attempt.alias()
    last = select(func.max(other.c.number)).where(other.c[tables.job_column] == job.c.id).scalar_subquery()
    ended_ahead = exists().where(
        tables.job_of_attempt == job.c.id, attempt.c.ended_on > bindparam("ahead"), attempt.c.number == last
    )
    return (job.c.due_on > bindparam("now")) & ended_ahead


def _made_in_future(tables: JobTables) -> ColumnElement[bool]:
    """Whether a job that has not begun was made in the future, to begin at once; a schedule may be right."""
    job = tables.job
    has_begun = exists().where(tables.job_of_attempt == job.c.id)
    made_ahead = (job.c.created_on > bindparam("ahead")) & (job.c.due_on <= job.c.created_on)
    return (job.c.due_on > bindparam("now")) & made_ahead & ~has_begun


def _unlocked(tables: JobTables) -> Select[*tuple[Any, ...]]:
    """The ids of jobs that nobody else has locked: nobody then waits for us, nor we for them."""
    ids: ColumnElement[Any] = bindparam("ids", expanding=True)
    return select(tables.job.c.id).where(tables.job.c.id.in_(ids)).with_for_update(skip_locked=True)
