"""A job as the engine sees it: its two tables, what a claim hands out, and how an attempt ended."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Column, Row, Table

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.retry import Judgement


@dataclass(frozen=True)
class JobTables:
    """The tables of one kind of jobs: a row for each job, and a row for each attempt.

    A job has the columns id, account_id, destination, state, due_on, lease_token, settled_on, exhausted_because,
    replayed_from and starts_before; an attempt has id, number, started_on, ended_on, outcome and detail. Both may have
    more. `docs/adr/0026-outbox-engine.md` lists the indexes that a job table needs.
    """

    job: Table
    attempt: Table
    job_column: str  # the column of an attempt that refers to its job
    label: str  # the column of a job that names it in the log
    loaded: Sequence[str]  # more columns of a job, which its attempt needs
    claim_lock: int  # any number that no other lock of ours has: claims of one kind run one at a time
    is_scheduled: bool = False  # a job may first be due at any time; it also has the column created_on

    @property
    def name(self) -> str:
        """What one job is called in the log, such as `callback`."""
        return self.job.name

    @property
    def job_of_attempt(self) -> Column[Any]:
        """The column of an attempt that refers to its job."""
        return self.attempt.c[self.job_column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job: plain values, no open transaction."""

    job_id: int
    account_id: int
    destination: str
    label: str
    loaded: Row[*tuple[Any, ...]]  # has the columns that `JobTables.loaded` names, as attributes
    starts: int = 0  # attempts so far
    was_attempting: bool = False  # its lease has run out
    was_interrupted: bool = False  # its last attempt was: nobody knows whether it was done


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed(Job):
    """A job that this worker may attempt until its lease runs out."""

    attempt_id: int
    lease_token: str
    about: Mapping[str, str] = field(default_factory=dict)  # what the log says besides: account, msgid
    alone: bool = False  # start no other attempt in this process meanwhile

    @property
    def number(self) -> int:
        """The number of this attempt; the first is 1."""
        return self.starts + 1


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended. A kind without a judgement of its own is settled by DELIVERED, and retries any other."""

    outcome: AttemptOutcome
    detail: str | None = None  # one sentence for the owner of the job
    summary: str = ""  # for the log; the outcome where it is empty
    retry_after: float | dt.datetime | None = None  # the wait that the other side asked for: seconds, or until when
    columns: Mapping[str, object] = field(default_factory=dict)  # what else the attempt's row stores
    payload: object = None  # what the kind itself needs when the attempt is settled

    @property
    def is_delivered(self) -> bool:
        """Whether the job is done."""
        return self.outcome is AttemptOutcome.DELIVERED

    def without_content(self) -> "Result":
        """Leave out all text and bytes from the other side, which the database may have refused."""
        numbers = {name: value for name, value in self.columns.items() if isinstance(value, int | float)}
        return replace(self, detail="the answer cannot be stored", columns=numbers, payload=None)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a transaction decided about a job.

    Without a result no attempt was made. Without a judgement the lease was lost: only the attempt's result is stored.
    """

    job: Job
    result: Result | None
    judgement: Judgement | None


Attempt = Callable[[], Result]  # does the work in its own thread, outside of the loop's transactions
Started = tuple[Claimed, Attempt]
Ended = tuple[Claimed, Result]
