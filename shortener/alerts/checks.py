"""Look for incidents in the database, in one process of all nodes at a time."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select, update
from sqlalchemy.orm import Session

from shortener.alerts import callback_checks, incidents
from shortener.alerts.found import Found, Over
from shortener.alerts.incidents import New
from shortener.rules import local_time
from shortener.rules.alerts import conditions
from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.storage import db
from shortener.storage.models import Base, Incident

LIMITS: Final = (IncidentKind.LIMIT_NEAR, IncidentKind.LIMIT_REACHED)


def claim(interval: dt.timedelta) -> tuple[dt.datetime, dt.datetime | None] | None:
    """If the last check began at least `interval` ago, record that one begins now; return its time and the last one's.

    None if it is not due. Of several processes that ask at once, only one gets the times.
    """
    with db.read() as session:
        now = db.now(session)
        due = {"due": now - interval, "ahead": now + interval}
        row = session.connection().execute(_IS_DUE, due).first()
    if row is None:
        return None
    with db.write() as session:
        claimed = session.connection().execute(_CLAIM, {"now": now, **due}).rowcount
    return (now, row[0]) if claimed else None


def find(session: Session, now: dt.datetime, last_check: dt.datetime | None) -> Found:
    """Find the incidents that begin, and the open ones that are over."""
    is_open = incidents.open_of(session)
    return [
        *callback_checks.exhausted(session, is_open, now, last_check),
        *callback_checks.failing(session, is_open, now),
        *limits(session, is_open, now),
        *nodes(is_open, now),
    ]


def nodes(is_open: Sequence[Incident], now: dt.datetime) -> Iterator[Over]:
    """Find incidents of nodes that are over; the nodes themselves say when they last."""
    for one in is_open:
        is_lost = one.kind is IncidentKind.CLICKS_LOST and now - one.seen_on >= conditions.QUIET
        is_unused = one.kind is IncidentKind.CLICKS_SPOOLED and conditions.spool_is_over(one.mark, one.seen_on, now)
        if is_lost or is_unused:
            yield Over(one, one.count)


def limits(session: Session, is_open: Sequence[Incident], now: dt.datetime) -> Iterator[New | Over]:
    """Find accounts that have used most of their limit in this month of their time zone, or all of it."""
    limited = {row[0]: row[1:] for row in session.connection().execute(_LIMITED)}
    months = {id_: local_time.month(now, local_time.zone_or_utc(zone)) for id_, (_limit, zone) in limited.items()}
    used = _used(session.connection(), set(months.values()))
    known = {(one.account_id, one.kind, one.subject): one for one in is_open if one.kind in LIMITS}
    wanted = {
        id_: conditions.limit_kind(used[id_, month], limited[id_][0])
        for id_, month in months.items()
        if (id_, month) in used
    }
    for id_, kind in wanted.items():
        if kind is not None and (id_, kind, months[id_]) not in known:
            yield New(account_id=id_, kind=kind, subject=months[id_], begun_on=now, count=used[id_, months[id_]])
    for (id_, kind, month), one in known.items():
        if months.get(id_) != month:
            yield Over(one, one.count)
        elif id_ in wanted and wanted[id_] is not kind:  # a month that is to be counted anew says nothing
            is_told = wanted[id_] is None
            yield Over(one, used[id_, month], is_told)


def _used(connection: Connection, months: set[str]) -> dict[tuple[int, str], int]:
    rows = connection.execute(_USED, {"months": list(months)}) if months else ()
    return {(account_id, month): messages for account_id, month, messages in rows}


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_account, _usage, _installation = (Base.metadata.tables[name] for name in ("account", "usage", "installation"))
_LIMITED: Final = select(*_account.c["id", "monthly_limit", "time_zone"]).where(_account.c.monthly_limit.is_not(None))
# Naming the accounts lets the database use the key, which begins with the account.
_USED: Final = select(*_usage.c["account_id", "month", "messages"]).where(
    _usage.c.account_id.in_(select(_account.c.id).where(_account.c.monthly_limit.is_not(None))),
    _usage.c.month.in_(bindparam("months", expanding=True)),
)
_last = _installation.c.alerts_checked_on
# A time in the future was written by a clock that has been corrected since.
_due = or_(_last.is_(None), _last <= bindparam("due"), _last > bindparam("ahead"))
_IS_DUE: Final = select(_last).where(_due)
_CLAIM: Final = update(_installation).where(_due).values(alerts_checked_on=bindparam("now"))
