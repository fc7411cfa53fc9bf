"""Totals of an hour's messages, which can be counted again from the messages at any time."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from shortener.storage.models.base import Base, partial_index
from shortener.storage.models.column_types import Document, RowId

UNTAGGED = "coalesce(tagged_version, 0) <> version"  # of a total whose tag totals must be counted


class HourTotal(Base):
    """What counting an account's messages of one hour gave. One that is missing is counted when it is asked for."""

    __tablename__ = "hour_total"
    __table_args__ = (partial_index("ix_hour_total_untagged", UNTAGGED, "account_id", "hour"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # hours since 1970
    version: Mapped[int]  # how often it has been counted
    counts: Mapped[dict[str, Any]] = mapped_column(Document, nullable=False)
    # The version with which the hour's tag totals were counted; NULL: by a version of the product that had none.
    tagged_version: Mapped[int | None]


class TagTotal(Base):
    """What counting an account's messages of one hour and one tag gave; with an empty tag, of all its messages.

    All rows of an hour are stored together. They are right if the hour's total has their version and no note is newer.
    Young hours have no total: their rows are as old as `counted_on`. Rows are stored by tag, as most are read.
    """

    __tablename__ = "tag_total"
    __table_args__ = (Index(None, "account_id", "hour"), {"sqlite_with_rowid": False})

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(primary_key=True)
    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # hours since 1970
    messages: Mapped[int]
    with_link: Mapped[int]
    clicked: Mapped[int]
    first_on: Mapped[dt.datetime]  # when its first message was received
    last_on: Mapped[dt.datetime]
    counted_on: Mapped[dt.datetime]
    left_out: Mapped[int]  # how many tags of the hour have no row, because it has very many; in the row of all messages
    details: Mapped[dict[str, Any] | None] = mapped_column(Document)  # of a tag


class ChangedHour(Base):
    """A note that a message of this hour has changed, so that the hour's total is wrong until it is counted again.

    Notes are only added, so that no transaction waits for another one. That is why hours have no unique constraint, and
    accounts no foreign key, which would lock their rows.
    """

    __tablename__ = "changed_hour"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger)
    hour: Mapped[int] = mapped_column(BigInteger)
