"""A kind of jobs: everything that the engine must be given to deliver them."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from shortener.delivery import stranded
from shortener.delivery.job import Attempt, Claimed, Result
from shortener.delivery.judgements import NO_HOOKS, Hooks
from shortener.delivery.queue import Queue
from shortener.delivery.rates import Rates
from shortener.rules.delivery.job_state import JobState

LEASE_MARGIN: Final = 30.0  # seconds that a lease lasts longer than an attempt
Prepare = Callable[[Session, Sequence[Claimed], dt.datetime], Sequence[Attempt]]


@dataclass(frozen=True)
class Kind:
    """The queue, the limits and the attempts of one kind of jobs.

    `prepare` runs inside the transaction that claims: it loads what the attempts need from the database, and returns
    an attempt for each claimed job, in their order. If it raises, nothing is claimed and no attempt is used up.
    """

    queue: Queue
    prepare: Prepare
    slots: int  # attempts in flight in one loop
    per_destination: int  # attempts in flight for one destination, on all nodes together
    timeout: float  # seconds within which every attempt ends, or renews its lease (`heartbeat`)
    waits: Sequence[float]  # seconds between attempts; there are as many retries, unless the kind judges itself
    hooks: Hooks = NO_HOOKS
    max_starts: int | None = None  # after so many starts a job is exhausted; None: 25
    per_group: int | None = None  # attempts in flight for a destination of all accounts together, on all nodes
    rates: Rates | None = None
    longest_schedule: dt.timedelta = dt.timedelta(0)  # how far ahead a job may be due before its first attempt
    done: str = JobState.DELIVERED  # what the log calls a job whose attempt succeeded
    count: Callable[[Claimed, Result], object] = lambda _claimed, _result: None  # counts an attempt that has ended
    on_stop: Callable[[], object] = lambda: None  # tells attempts that last longer than `timeout` to end now

    @property
    def lease(self) -> dt.timedelta:
        """How long a claimed job is leased."""
        return dt.timedelta(seconds=self.timeout + LEASE_MARGIN)

    @property
    def name(self) -> str:
        """What one job is called in the log, such as `callback`."""
        return self.queue.tables.name

    @property
    def longest_wait(self) -> dt.timedelta:
        """How far ahead a job can be due; what is due later was stored by a wrong clock."""
        return max(stranded.longest_wait(self.waits), self.longest_schedule + stranded.SLACK)
