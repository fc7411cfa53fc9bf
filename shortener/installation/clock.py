"""May the clock be trusted with what cannot be undone?

The installation stores the latest time that it has believed. A clock that is ahead of it by more than `LEAP` is not
believed: it may be wrong, and what is removed by it is gone. After a long standstill or from a backup it is right, but
only an operator can know that; `flask --app wsgi prune --trust-clock` says so.
"""

import datetime as dt
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, bindparam, exists, or_, select, update
from sqlalchemy.orm import Session

from shortener.errors import ClockError
from shortener.storage.models import Base

LEAP: Final = dt.timedelta(days=7)
State = Literal["ok", "ahead", "behind"]


def note(on: Connection | Session, now: dt.datetime) -> None:
    """Store the time as believed, unless it is too far ahead of the one stored before."""
    on.execute(_NOTE, {"now": now, "reachable": now - LEAP})


def trust(on: Connection | Session, now: dt.datetime) -> None:
    """Store the time as believed, whatever was stored before: an operator has looked at it."""
    on.execute(_TRUST, {"now": now})


def check(on: Connection | Session, now: dt.datetime) -> None:
    """ClockError where the clock is too far ahead."""
    seen_on = last_seen(on)
    if state(seen_on, now) == "ahead":
        raise ClockError(seen_on or now, now)


def last_seen(on: Connection | Session) -> dt.datetime | None:
    """The latest time that was believed; None before the first."""
    return on.scalar(_SEEN)


def state(seen_on: dt.datetime | None, now: dt.datetime) -> State:
    """How the clock stands to the latest time that was believed; what is behind removes nothing too early."""
    if seen_on is None or abs(now - seen_on) <= LEAP:
        return "ok"
    return "ahead" if now > seen_on else "behind"


def trusted(now: dt.datetime) -> ColumnElement[bool]:
    """The condition of a DELETE by age: false while the clock is too far ahead."""
    return ~exists(select(_installation.c.id).where(_installation.c.seen_on < now - LEAP))


_installation = Base.metadata.tables["installation"]
_SEEN: Final = select(_installation.c.seen_on)
_TRUST: Final = update(_installation).values(seen_on=bindparam("now"))
_NOTE: Final = _TRUST.where(
    or_(
        _installation.c.seen_on.is_(None),
        (_installation.c.seen_on < bindparam("now")) & (_installation.c.seen_on >= bindparam("reachable")),
    )
)
