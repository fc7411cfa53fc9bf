"""Campaign files that were uploaded in the dashboard, in blocks, with what is done with them."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.delivery.job_state import JobState
from shortener.storage.models.base import Base, partial_index
from shortener.storage.models.column_types import Document, RowId


class Campaign(Base):
    """An uploaded file of messages: `held` until somebody starts it, then the job of preprocessing its rows."""

    __tablename__ = "campaign"
    __table_args__ = (
        # `due_on` is when a process may work on it and, while one does, the end of its lease.
        partial_index("ix_campaign_due_on", "state = 'pending'", "due_on", "id"),
        Index(None, "account_id", "created_on", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    public_id: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]  # of the file
    format: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)  # bytes of the file
    created_on: Mapped[dt.datetime]
    created_by: Mapped[str]
    state: Mapped[JobState]
    options: Mapped[dict[str, Any]] = mapped_column(Document)  # encoding, columns, and values that all rows share
    total: Mapped[int | None]  # rows of the file, counted before the start
    rows: Mapped[int] = mapped_column(default=0)  # done so far, in order
    problems: Mapped[int] = mapped_column(default=0)  # of them, those that could not be used
    unlinked: Mapped[int] = mapped_column(default=0)  # of them, stored without a shortlink
    due_on: Mapped[dt.datetime]
    lease_token: Mapped[str | None]
    tries: Mapped[int] = mapped_column(default=0)  # since the last rows were done
    settled_on: Mapped[dt.datetime | None]
    detail: Mapped[str | None]  # why it failed


class CampaignBlock(Base):
    """A piece of a campaign's file, or of its result."""

    __tablename__ = "campaign_block"

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)  # `file` or `result`
    number: Mapped[int] = mapped_column(primary_key=True)  # of the piece; of a result: of its first row
    content: Mapped[bytes] = mapped_column(LargeBinary)
