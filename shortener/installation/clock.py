"""Decide whether the clock can be trusted before anything is deleted by age.

The installation stores the latest time that it accepted. A clock that is more than `LEAP` ahead of that time is not
accepted: it may be wrong, and what is deleted by a wrong clock is lost. After a long shutdown, or with a restored
backup, such a clock is right. Only an operator can know that, and says so with `shortener prune --trust-clock`.
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
    """Store `now` as the latest accepted time, unless it is too far ahead of the stored one."""
    on.execute(_NOTE, {"now": now, "reachable": now - LEAP})


def trust(on: Connection | Session, now: dt.datetime) -> None:
    """Store `now` as the latest accepted time, whatever is stored: an operator has checked it."""
    on.execute(_TRUST, {"now": now})


def check(on: Connection | Session, now: dt.datetime) -> None:
    """Raise ClockError if the clock is too far ahead."""
    seen_on = last_seen(on)
    if state(seen_on, now) == "ahead":
        raise ClockError(seen_on or now, now)


def last_seen(on: Connection | Session) -> dt.datetime | None:
    """Return the latest accepted time; None if there is none yet."""
    return on.scalar(_SEEN)


def state(seen_on: dt.datetime | None, now: dt.datetime) -> State:
    """Compare the clock with the latest accepted time. A clock that is behind deletes nothing too early."""
    if seen_on is None or abs(now - seen_on) <= LEAP:
        return "ok"
    return "ahead" if now > seen_on else "behind"


def trusted(now: dt.datetime) -> ColumnElement[bool]:
    """Return a condition for a DELETE by age: it is false while the clock is too far ahead."""
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
