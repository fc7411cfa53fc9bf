"""What exists once in an installation, and the public addresses that it has had."""

import datetime as dt

from sqlalchemy.orm import Mapped, mapped_column

from shortener.storage.models.base import Base
from shortener.storage.models.column_types import RowId


class Installation(Base):
    """One row with what exists once in an installation."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    # Made with the tables and never changed: with another salt, all slugs in use would lead nowhere.
    slug_salt: Mapped[str]
    # When a process last began to delete old messages.
    pruned_on: Mapped[dt.datetime | None]
    # The latest accepted time: a clock that is far ahead of it deletes nothing.
    seen_on: Mapped[dt.datetime | None]
    # Messages received before this may be part of an hourly total: whoever changes one of them leaves a note.
    totals_end_on: Mapped[dt.datetime | None]
    # When a process last looked for incidents.
    alerts_checked_on: Mapped[dt.datetime | None]
    # When a process last began to count hours.
    totalled_on: Mapped[dt.datetime | None]


class Origin(Base):
    """A public address that shortlinks were made with, such as `https://s.example.com`."""

    __tablename__ = "origin"

    address: Mapped[str] = mapped_column(primary_key=True)
