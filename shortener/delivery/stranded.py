"""Callbacks that a wrong clock has put off until long after their turn: they are due again at once.

A clock that was ahead leaves retries and leases that end in the future. No wait of ours is longer than twice the
longest step, and no lease longer than a lease; what is due later than that was not stored by the right clock.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, select, update
from sqlalchemy.orm import Session

from shortener.storage.models import Base

AT_ONCE: Final = 1000
SLACK: Final = dt.timedelta(minutes=10)  # clocks are set back by a little now and then, and settings are changed


def longest_wait(waits: Sequence[float]) -> dt.timedelta:
    """The longest time that a retry may be put off: `Retry-After` may double a step."""
    return dt.timedelta(seconds=2 * max(waits, default=0)) + SLACK


def find(
    session: Session, *, now: dt.datetime, longest: dt.timedelta, lease: dt.timedelta, thorough: bool = False
) -> list[int]:
    """Ids of at most 1,000 callbacks that are put off for longer than they can be; takes no lock.

    `thorough` also finds those that are put off for less, by a last attempt that ended in the future. It looks at
    every callback that waits.
    """
    asked = {"far": now + longest, "end": now + lease + SLACK, "now": now, "ahead": now + SLACK}
    statements = [_RETRIES, _LEASES, *([_BY_FUTURE_ATTEMPTS] if thorough else [])]
    found: dict[int, None] = {}
    for statement in statements:
        found.update(dict.fromkeys(session.connection().scalars(statement, asked)))
    return list(found)[:AT_ONCE]


def is_stranded(session: Session, callback_id: int, *, now: dt.datetime, longest: dt.timedelta) -> bool:
    """Whether this callback waits for longer than it can."""
    asked = {"far": now + longest, "now": now, "ahead": now + SLACK}
    waits = select(_callback.c.id).where(_callback.c.id == callback_id, _waits)
    later = waits.where((_callback.c.due_on > bindparam("far")) | _by_future_attempt)
    return session.connection().scalar(later, asked) is not None


def free(session: Session, ids: Sequence[int], *, now: dt.datetime, lease: dt.timedelta) -> int:
    """Make them due: retries now, leases after one lease, for their holder may still be at work; give how many."""
    those = {"ids": list(ids), "now": now, "end": now + lease}
    changed = session.connection().execute(_FREE_RETRIES, those).rowcount
    return changed + session.connection().execute(_FREE_LEASES, those).rowcount


def _open(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(_callback.c.settled_on.is_(None), condition)


_callback, _attempt = Base.metadata.tables["callback"], Base.metadata.tables["attempt"]
_waits = _open(_callback.c.lease_token.is_(None))
_leased = _open(_callback.c.lease_token.is_not(None))
_ids = select(_callback.c.id).limit(AT_ONCE)
_other = _attempt.alias()
_last = select(func.max(_other.c.number)).where(_other.c.callback_id == _callback.c.id).scalar_subquery()
_by_future_attempt = and_(
    _callback.c.due_on > bindparam("now"),
    exists().where(
        _attempt.c.callback_id == _callback.c.id, _attempt.c.ended_on > bindparam("ahead"), _attempt.c.number == _last
    ),
)
_RETRIES: Final = _ids.where(_waits, _callback.c.due_on > bindparam("far")).order_by(_callback.c.due_on.desc())
_LEASES: Final = _ids.where(_leased, _callback.c.due_on > bindparam("end"))
_BY_FUTURE_ATTEMPTS: Final = _ids.where(_waits, _by_future_attempt)
_those = _callback.c.id.in_(
    select(_callback.c.id)
    .where(_callback.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update(skip_locked=True)  # who is at work on one does not wait for us, nor we for them
)
_FREE_RETRIES: Final = update(_callback).where(_those, _waits).values(due_on=bindparam("now"))
_FREE_LEASES: Final = (
    update(_callback).where(_those, _leased, _callback.c.due_on > bindparam("end")).values(due_on=bindparam("end"))
)
