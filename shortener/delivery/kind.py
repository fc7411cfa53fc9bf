"""A kind of jobs: everything that the engine must be given to deliver them."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shortener.delivery.job import Attempt, Claimed
from shortener.delivery.queue import Queue

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
    timeout: float  # seconds within which every attempt ends
    waits: Sequence[float]  # seconds between attempts; there are as many retries

    @property
    def name(self) -> str:
        """What one job is called in the log, such as `callback`."""
        return self.queue.tables.name
