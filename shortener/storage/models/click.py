"""Clicks on links."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from shortener.rules.visitors.marks import Visitor
from shortener.storage.models.base import Base


class Click(Base):
    """One GET of a live link. Rows are stored by link, then by time, which is the order in which they are read."""

    __tablename__ = "click"
    __table_args__ = ({"sqlite_with_rowid": False},)

    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"), primary_key=True, autoincrement=False)
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    clicked_on: Mapped[dt.datetime]
    visitor: Mapped[Visitor]
    reason: Mapped[str]
    # The visitor's network, if the operator chose to store it; never the whole address.
    network: Mapped[str | None]
    # What the link was opened with, in the words of `rules.visitors.device_words`, or NULL if that is not known or not
    # kept. As plain text, so that a version that does not have a word yet can read it.
    system: Mapped[str | None]
    app: Mapped[str | None]
    device: Mapped[str | None]
