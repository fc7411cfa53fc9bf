"""A second kind of job, with its own tables and attempts without HTTP."""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Column, ForeignKey, MetaData, Table, Text, insert
from sqlalchemy.orm import Session

from shortener.delivery.job import Attempt, Claimed, JobTables, Result
from shortener.delivery.kind import Kind
from shortener.delivery.queue import Queue
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Choice, Instant, RowId

METADATA = MetaData()
ERRAND = Table(
    "errand",
    METADATA,
    Column("id", RowId, primary_key=True),
    Column("account_id", RowId, nullable=False),
    Column("destination", Text, nullable=False),
    Column("state", Choice(JobState), nullable=False, default=JobState.PENDING),
    Column("due_on", Instant, nullable=False),
    Column("lease_token", Text),
    Column("settled_on", Instant),
    Column("exhausted_because", Text),
    Column("replayed_from", Choice(JobState)),
    Column("starts_before", RowId, nullable=False, default=0),
    Column("parcel", Text, nullable=False),
)
TRIP = Table(
    "errand_trip",
    METADATA,
    Column("id", RowId, primary_key=True),
    Column("errand_id", ForeignKey("errand.id"), nullable=False),
    Column("number", RowId, nullable=False),
    Column("started_on", Instant, nullable=False),
    Column("ended_on", Instant),
    Column("outcome", Choice(AttemptOutcome)),
    Column("detail", Text),
    Column("miles", RowId),
)
RATE = Table(
    "errand_rate", METADATA, Column("door", Text, primary_key=True), Column("next_on", Instant, nullable=False)
)
ERRANDS = Queue(
    JobTables(job=ERRAND, attempt=TRIP, job_column="errand_id", label="id", loaded=("parcel",), claim_lock=77)
)
DELIVERED, CLOSED = Result(AttemptOutcome.DELIVERED, columns={"miles": 3}), Result(AttemptOutcome.REFUSED, "closed")


@dataclass
class Courier:
    """Makes the attempts: the outcome of each parcel, by its name, and the parcels that were carried."""

    results: dict[str, Callable[[], Result]] = field(default_factory=dict)
    carried: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kind(
        self, *, slots: int = 9, waits: Sequence[float] = (60.0, 3600.0), per_destination: int = 2, **given: Any
    ) -> Kind:
        """The kind of job that this courier runs; `given` are further fields of it."""
        return Kind(
            queue=ERRANDS,
            prepare=self._prepare,
            slots=slots,
            per_destination=per_destination,
            timeout=5,
            waits=waits,
            **given,
        )

    def _prepare(self, _session: Session, claimed: Sequence[Claimed], _now: dt.datetime) -> list[Attempt]:
        return [partial(self._carry, one.loaded.parcel) for one in claimed]

    def _carry(self, parcel: str) -> Result:
        with self._lock:
            self.carried.append(parcel)
        return self.results.get(parcel, lambda: DELIVERED)()


def put(session: Session, *parcels: str, now: dt.datetime, account_id: int = 1, door: str = "paper") -> None:
    """Add errands that are due at that time."""
    row = {"account_id": account_id, "destination": f"{account_id} door://{door}:1", "due_on": now}
    session.execute(insert(ERRAND), [{**row, "parcel": parcel} for parcel in parcels])
