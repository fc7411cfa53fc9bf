"""Callbacks, their attempts and their replays."""

import datetime as dt
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models.base import Base, partial_index
from shortener.storage.models.column_types import RowId

CLICK: Final = "click"  # what the callback of a first click is about


class Callback(Base):
    """The job of telling the sender about a message: its first click, or a new state of its sending."""

    __tablename__ = "callback"
    __table_args__ = (
        # `due_on` is the time of the next attempt and, during an attempt, the end of its lease.
        partial_index("ix_callback_due_on", "settled_on IS NULL", "due_on", "id"),
        partial_index("ix_callback_destination", "settled_on IS NULL", "destination", "due_on", "id"),
        partial_index("ix_callback_leased", "lease_token IS NOT NULL", "destination", "due_on"),
        partial_index("ix_callback_exhausted", "state = 'exhausted'", "account_id", "created_on", "id"),
        partial_index("ix_callback_exhausted_destination", "state = 'exhausted'", "destination", "created_on", "id"),
        partial_index("ix_callback_exhausted_settled", "state = 'exhausted'", "account_id", "settled_on"),
        Index(None, "account_id", "created_on", "id"),
        UniqueConstraint("message_id", "about"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # No foreign keys to messages and links: on PostgreSQL each first click would then lock the message's row, which
    # writes another page, and deleting a link would need an index. Retention deletes callbacks before both.
    message_id: Mapped[int] = mapped_column(RowId)
    about: Mapped[str] = mapped_column(default=CLICK)  # or a message's state
    # The link that was clicked; NULL if it is about a state.
    link_id: Mapped[int | None] = mapped_column(BigInteger)
    face: Mapped[str | None]  # the vendor in whose form it is sent; NULL: our signed event
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    event_id: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str]
    # Account, scheme, host and port: the unit that attempts in flight are limited by.
    destination: Mapped[str]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[JobState] = mapped_column(default=JobState.PENDING)
    created_on: Mapped[dt.datetime]
    due_on: Mapped[dt.datetime]
    lease_token: Mapped[str | None]
    settled_on: Mapped[dt.datetime | None]
    exhausted_because: Mapped[str | None]
    # During a replay: the state to return to if it fails, and the number of attempts started before it.
    replayed_from: Mapped[JobState | None]
    starts_before: Mapped[int] = mapped_column(default=0)


class Replay(Base):
    """A request to attempt a settled callback once more."""

    __tablename__ = "replay"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callback.id"), index=True)
    asked_on: Mapped[dt.datetime]
    asked_by: Mapped[str]


class Attempt(Base):
    """One HTTP attempt of a callback, with its outcome. Without an outcome it is running or was interrupted."""

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("callback_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    callback_id: Mapped[int] = mapped_column(ForeignKey("callback.id"))
    number: Mapped[int]
    started_on: Mapped[dt.datetime]
    ended_on: Mapped[dt.datetime | None]
    outcome: Mapped[AttemptOutcome | None]
    detail: Mapped[str | None]
    status: Mapped[int | None]
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    lookup_us: Mapped[int | None] = mapped_column(BigInteger)
    connect_us: Mapped[int | None] = mapped_column(BigInteger)
    first_byte_us: Mapped[int | None] = mapped_column(BigInteger)
    total_us: Mapped[int | None] = mapped_column(BigInteger)
