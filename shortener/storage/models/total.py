"""Totals of an hour's messages, which can be counted again from the messages at any time."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from shortener.storage.models.base import Base
from shortener.storage.models.column_types import Document, RowId


class HourTotal(Base):
    """What counting an account's messages of one hour gave. One that is missing is counted when it is asked for."""

    __tablename__ = "hour_total"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    hour: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)  # hours since 1970
    version: Mapped[int]  # how often it has been counted
    counts: Mapped[dict[str, Any]] = mapped_column(Document, nullable=False)


class ChangedHour(Base):
    """A note that a message of this hour has changed, so that the hour's total is wrong until it is counted again.

    Notes are only added, so that no transaction waits for another one. That is why hours have no unique constraint, and
    accounts no foreign key, which would lock their rows.
    """

    __tablename__ = "changed_hour"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    account_id: Mapped[int] = mapped_column(BigInteger)
    hour: Mapped[int] = mapped_column(BigInteger)
