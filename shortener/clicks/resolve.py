"""Look a link up by its number: where it leads, and whether it is live."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import bindparam, select, text

from shortener.rules.wire.moments import from_micros
from shortener.storage import postgresql
from shortener.storage.lookups import Readers
from shortener.storage.models import Base

# Built once: building a statement takes longer than running it.
_LINK = Base.metadata.tables["link"]
_COLUMNS = _LINK.c["id", "target", "location", "expires_on", "off_on", "accessed_on", "count_as_click"]
# The last column is the database's clock, or NULL where the system's clock counts.
_ALONE = select(_LINK.c.number, *_COLUMNS, text("NULL")).where(_LINK.c.number == bindparam("number"))
_TOGETHER = select(_LINK.c.number, *_COLUMNS, text(postgresql.CLOCK)).where(text("number IN (:numbers)"))


@dataclass(frozen=True, slots=True)
class Resolved:
    """A link as it is at the moment `now`."""

    link_id: int
    location: str  # the target in ASCII, for the header of the redirect
    live: bool
    off: bool
    accessed: bool
    count_as_click: str
    now: dt.datetime


def resolve(readers: Readers, number: int) -> Resolved | None:
    """Look up a link by its number; None if there is none.

    Takes at most one query, which on PostgreSQL also reads the database's clock.
    """
    if readers.dialect == "postgresql":
        row = readers.row_of(_TOGETHER, number)
    else:
        row = readers.row(_ALONE, {"number": number})
    if row is None:
        return None
    _, link_id, target, location, expires_on, off_on, accessed_on, count_as_click, clock = row
    now = postgresql.moment(clock) if clock else dt.datetime.now(dt.UTC)
    return Resolved(
        link_id=link_id,
        location=location or target,
        live=off_on is None and now < from_micros(expires_on),
        off=off_on is not None,
        accessed=accessed_on is not None,
        count_as_click=count_as_click,
        now=now,
    )
