"""Exports, which write messages to the operator's storage, and their attempts."""

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models.base import Base, partial_index
from shortener.storage.models.column_types import Document, RowId


class Export(Base):
    """The job of writing the messages that a filter selects to a file."""

    __tablename__ = "export"
    __table_args__ = (
        # `due_on` is the time of the next attempt and, during an attempt, the end of its lease.
        partial_index("ix_export_due_on", "settled_on IS NULL", "due_on", "id"),
        partial_index("ix_export_destination", "settled_on IS NULL", "destination", "due_on", "id"),
        partial_index("ix_export_leased", "lease_token IS NOT NULL", "destination", "due_on"),
        UniqueConstraint("account_id", "place"),
        UniqueConstraint("account_id", "idempotency_key"),
        Index(None, "account_id", "created_on", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    public_id: Mapped[str] = mapped_column(unique=True)
    place: Mapped[str]  # the URL of the file
    bucket: Mapped[str]  # empty for a folder
    name: Mapped[str]
    format: Mapped[str]
    delimiter: Mapped[str | None]
    wanted: Mapped[dict[str, str]] = mapped_column(Document)  # the filter as parameters of a URL
    # The account and one name for all exports, as `7 export://storage:0`: the unit that attempts are limited by.
    destination: Mapped[str]
    state: Mapped[JobState] = mapped_column(default=JobState.PENDING)
    created_on: Mapped[dt.datetime]  # messages received before it are exported
    due_on: Mapped[dt.datetime]
    lease_token: Mapped[str | None]
    settled_on: Mapped[dt.datetime | None]
    exhausted_because: Mapped[str | None]
    replayed_from: Mapped[JobState | None]
    starts_before: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int] = mapped_column(BigInteger, default=0)  # of the current or the last attempt, so far
    size: Mapped[int] = mapped_column(BigInteger, default=0)  # bytes
    idempotency_key: Mapped[str | None]
    fingerprint: Mapped[bytes | None] = mapped_column(LargeBinary(32))


class ExportAttempt(Base):
    """One try to write a file. Without an outcome it is running or was interrupted."""

    __tablename__ = "export_attempt"
    __table_args__ = (UniqueConstraint("export_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    export_id: Mapped[int] = mapped_column(ForeignKey("export.id"))
    number: Mapped[int]
    started_on: Mapped[dt.datetime]
    ended_on: Mapped[dt.datetime | None]
    outcome: Mapped[AttemptOutcome | None]
    detail: Mapped[str | None]
    rows: Mapped[int | None] = mapped_column(BigInteger)
    size: Mapped[int | None] = mapped_column(BigInteger)  # bytes
