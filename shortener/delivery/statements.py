"""The statements of a queue, built once for each kind of jobs: to build one takes longer than to run it."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Delete, Select, Update, bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert

from shortener.delivery.due import is_due
from shortener.delivery.job import JobTables
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState

INTERRUPTED: Final = AttemptOutcome.INTERRUPTED
JOB_COLUMNS: Final = ("id", "account_id", "destination", "state", "starts_before")
_ids: Final[BindParameter[Any]] = bindparam("ids", expanding=True)
_now: Final[BindParameter[Any]] = bindparam("now")


class Statements:
    """The statements that claim, settle and give back jobs of one kind. Those on many jobs take their `ids`."""

    def __init__(self, tables: JobTables) -> None:
        self.lock_due = _lock_due(tables)
        self.lock_held = _lock_held(tables)
        self.history = _history(tables)
        self.used = _used(tables)
        self.lease = _lease(tables)
        self.start = _start(tables)
        self.forget = _forget(tables)
        self.interrupt = _interrupt(tables)
        self.give_back = _give_back(tables)
        self.renew = _renew(tables)
        self.reopen = _reopen(tables)
        self.set_state = _set_state(tables)
        self.no_result: dict[str, None] = dict.fromkeys(_result_columns(tables))
        self.end = _end(tables)


def _lock_due(tables: JobTables) -> Select[*tuple[Any, ...]]:
    """Select the columns of due jobs that a claim needs; jobs that are being settled are left out."""
    columns = dict.fromkeys((*JOB_COLUMNS, tables.label, *tables.loaded))
    job = tables.job
    these = select(*job.c[*columns]).where(job.c.id.in_(_ids), is_due(job, _now))
    return these.with_for_update(skip_locked=True)


def _lock_held(tables: JobTables) -> Select[*tuple[Any, ...]]:
    """Select and lock the columns of jobs that settling needs."""
    columns = tables.job.c["id", "lease_token", "replayed_from", "exhausted_because"]
    return select(*columns).where(tables.job.c.id.in_(_ids)).order_by(tables.job.c.id).with_for_update()


def _history(tables: JobTables) -> Select[*tuple[Any, ...]]:
    """How often each job was started, how often such an attempt was interrupted, and the number of the last such."""
    job_id, outcome, number = tables.job_of_attempt, tables.attempt.c.outcome, tables.attempt.c.number
    interrupted = case((or_(outcome == INTERRUPTED, outcome.is_(None)), number))
    counted = select(job_id, func.max(number), func.count(interrupted), func.max(interrupted))
    return counted.where(job_id.in_(_ids)).group_by(job_id)


def _used(tables: JobTables) -> Select[*tuple[Any, ...]]:
    """How many attempts each job has used up beside those of `attempt_ids`; interrupted ones do not count."""
    job_id, attempt = tables.job_of_attempt, tables.attempt
    others = attempt.c.id.not_in(bindparam("attempt_ids", expanding=True))
    counted = select(job_id, func.count()).where(job_id.in_(_ids), others, attempt.c.outcome != INTERRUPTED)
    return counted.group_by(job_id)


def _lease(tables: JobTables) -> Update:
    leased = {"state": JobState.ATTEMPTING, "lease_token": bindparam("token"), "due_on": bindparam("until")}
    return update(tables.job).where(tables.job.c.id.in_(_ids)).values(leased)


def _start(tables: JobTables) -> ReturningInsert[int]:
    return insert(tables.attempt).returning(tables.attempt.c.id, sort_by_parameter_order=True)


def _forget(tables: JobTables) -> Delete:
    """Delete an attempt that never began."""
    attempt = tables.attempt
    return delete(attempt).where(attempt.c.id == bindparam("row_id"), attempt.c.outcome.is_(None))


def _interrupt(tables: JobTables) -> Update:
    """End attempts that were started and never settled."""
    detail = "our own process ended before the attempt did"
    running = update(tables.attempt).where(tables.job_of_attempt.in_(_ids), tables.attempt.c.outcome.is_(None))
    return running.values(outcome=INTERRUPTED, ended_on=_now, detail=detail)


def _give_back(tables: JobTables) -> Update:
    job = tables.job
    mine = update(job).where(job.c.id == bindparam("row_id"), job.c.lease_token == bindparam("token"))
    return mine.values(state=JobState.PENDING, due_on=_now, lease_token=None).returning(job.c.id)


def _renew(tables: JobTables) -> Update:
    job = tables.job
    mine = update(job).where(job.c.id == bindparam("row_id"), job.c.lease_token == bindparam("token"))
    return mine.values(due_on=bindparam("until")).returning(job.c.id)


def _reopen(tables: JobTables) -> Update:
    job, job_id = tables.job, tables.job_of_attempt
    starts = select(func.coalesce(func.max(tables.attempt.c.number), 0)).where(job_id == job.c.id)
    values = {
        "state": JobState.PENDING,
        "due_on": _now,
        "settled_on": None,
        "replayed_from": job.c.state,
        "starts_before": starts.scalar_subquery(),
    }
    settled = update(job).where(job.c.id.in_(_ids), job.c.settled_on.is_not(None))
    return settled.values(values).returning(job.c.id)


def _set_state(tables: JobTables) -> Update:
    """Set the state of the job `row_id`, without a lease; this also ends its replay."""
    names = ("state", "due_on", "settled_on", "exhausted_because")
    values: dict[str, Any] = {"lease_token": None, "replayed_from": None, **{name: bindparam(name) for name in names}}
    return update(tables.job).where(tables.job.c.id == bindparam("row_id")).values(values)


def _result_columns(tables: JobTables) -> Sequence[str]:
    """The columns in which attempts of this kind store more than every attempt does."""
    common = {"id", tables.job_column, "number", "started_on", "ended_on", "outcome", "detail"}
    return [column.name for column in tables.attempt.columns if column.name not in common]


def _end(tables: JobTables) -> Update:
    """Store the result of the attempt `row_id`."""
    values: dict[str, Any] = {
        name: bindparam(name) for name in ("ended_on", "outcome", "detail", *_result_columns(tables))
    }
    return update(tables.attempt).where(tables.attempt.c.id == bindparam("row_id")).values(values)
