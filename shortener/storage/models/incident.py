"""Incidents, and the alerts that tell somebody about them; receivers that fail."""

import datetime as dt

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models.base import Base, partial_index
from shortener.storage.models.column_types import RowId

_OPEN = text("ended_on IS NULL")


class Incident(Base):
    """Something that somebody is told about once, and once more when it is over."""

    __tablename__ = "incident"
    __table_args__ = (
        # Of several processes that find the same thing, only one can store it.
        Index(
            "ix_incident_open",
            *("account_id", "kind", "subject"),
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        Index(None, "account_id", "id"),
        Index(None, "kind", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(RowId)  # 0: the installation
    kind: Mapped[IncidentKind]
    subject: Mapped[str] = mapped_column(default="")  # a receiver, a node or a month; by the kind
    begun_on: Mapped[dt.datetime]
    seen_on: Mapped[dt.datetime]  # when it was last found to last
    ended_on: Mapped[dt.datetime | None]
    count: Mapped[int] = mapped_column(BigInteger, default=0)  # of callbacks, clicks or messages
    mark: Mapped[int] = mapped_column(BigInteger, default=0)  # of a node: clicks that wait now, or were ever lost


class Alert(Base):
    """The job of telling one receiver or one mail address that an incident has begun or is over."""

    __tablename__ = "alert"
    __table_args__ = (
        # `due_on` is the time of the next attempt and, during an attempt, the end of its lease.
        partial_index("ix_alert_due_on", "settled_on IS NULL", "due_on", "id"),
        partial_index("ix_alert_destination", "settled_on IS NULL", "destination", "due_on", "id"),
        partial_index("ix_alert_leased", "lease_token IS NOT NULL", "destination", "due_on"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(RowId)  # 0: it is told to the operator
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"), index=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str | None]  # NULL: it is a mail
    mail_to: Mapped[str | None]
    title: Mapped[str] = mapped_column(default="")  # of a mail
    body: Mapped[bytes] = mapped_column(LargeBinary)
    destination: Mapped[str]
    state: Mapped[JobState] = mapped_column(default=JobState.PENDING)
    created_on: Mapped[dt.datetime]
    due_on: Mapped[dt.datetime]
    lease_token: Mapped[str | None]
    settled_on: Mapped[dt.datetime | None]
    exhausted_because: Mapped[str | None]
    replayed_from: Mapped[JobState | None]
    starts_before: Mapped[int] = mapped_column(default=0)


class AlertAttempt(Base):
    """One try to tell. Without an outcome it is running or was interrupted."""

    __tablename__ = "alert_attempt"
    __table_args__ = (UniqueConstraint("alert_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alert.id"))
    number: Mapped[int]
    started_on: Mapped[dt.datetime]
    ended_on: Mapped[dt.datetime | None]
    outcome: Mapped[AttemptOutcome | None]
    detail: Mapped[str | None]
    status: Mapped[int | None]


class FailingReceiver(Base):
    """A receiver of an account that has taken no callback since its first failure. A success deletes the row."""

    __tablename__ = "failing_receiver"

    destination: Mapped[str] = mapped_column(primary_key=True)  # as of callbacks: account, scheme, host and port
    account_id: Mapped[int] = mapped_column(RowId)
    begun_on: Mapped[dt.datetime] = mapped_column(index=True)
    failed_on: Mapped[dt.datetime]  # the last failure, at most a minute old while there are further ones
