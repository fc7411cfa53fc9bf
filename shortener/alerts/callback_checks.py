"""Look for exhausted callbacks and for receivers that fail. However many there are, each look takes few index steps."""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import BigInteger, bindparam, delete, func, literal_column, select, type_coerce
from sqlalchemy.orm import Session

from shortener.alerts.found import Found, Over
from shortener.alerts.incidents import New
from shortener.rules.alerts import conditions
from shortener.rules.alerts.conditions import FAILING, MOST_RECEIVERS, QUIET, UNTRIED, Failing
from shortener.rules.alerts.incident_kind import IncidentKind
from shortener.rules.delivery.job_state import JobState
from shortener.storage.models import Base, Incident

MOST: Final = 100_000  # exhausted callbacks that are counted


def exhausted(session: Session, is_open: Sequence[Incident], now: dt.datetime, last_check: dt.datetime | None) -> Found:
    """Find accounts with callbacks that were exhausted lately."""
    connection = session.connection()
    latest: dict[int, dt.datetime | None] = dict(connection.execute(_LATEST).all())
    known = {one.account_id: one for one in is_open if one.kind is IncidentKind.CALLBACKS_EXHAUSTED}
    since = conditions.exhausted_since(now, last_check)
    new = [id_ for id_, moment in latest.items() if moment is not None and moment > since and id_ not in known]
    return [
        *(_begun(session, account_id, since) for account_id in new),
        *(
            Over(one, _count(session, account_id, one.begun_on)[0] or one.count)
            for account_id, one in known.items()
            if _is_over(latest.get(account_id), now)
        ),
    ]


def _is_over(latest: dt.datetime | None, now: dt.datetime) -> bool:
    return latest is None or latest <= now - QUIET


def _begun(session: Session, account_id: int, since: dt.datetime) -> New:
    number, first = _count(session, account_id, since + dt.timedelta(microseconds=1))
    kind = IncidentKind.CALLBACKS_EXHAUSTED
    return New(account_id=account_id, kind=kind, begun_on=first or since, count=number)


def _count(session: Session, account_id: int, since: dt.datetime) -> tuple[int, dt.datetime | None]:
    """Count the account's callbacks that were exhausted since then, at most MOST; and when the first one was."""
    values = {"account": account_id, "since": since, "most": MOST}
    row = session.connection().execute(_COUNT, values).one()
    return row[0], row[1]


def failing(session: Session, is_open: Sequence[Incident], now: dt.datetime) -> Found:
    """Find receivers that have failed for an hour or longer, and those that do not any more."""
    known = {(one.account_id, one.subject): one for one in is_open if one.kind is IncidentKind.RECEIVER_FAILING}
    rows = session.connection().execute(_FAILING, {"lasting": FAILING // MICROSECOND, "most": MOST_RECEIVERS})
    found = [Failing(id_, destination.partition(" ")[2], since, last) for id_, destination, since, last in rows]
    begun = [
        New(account_id=one.account_id, kind=IncidentKind.RECEIVER_FAILING, subject=one.receiver, begun_on=one.since)
        for one in conditions.to_tell(found, set(known))
    ]
    return [*begun, *_not_failing(session, list(known.values()), now)]


def _not_failing(session: Session, known: Sequence[Incident], now: dt.datetime) -> Iterator[Over]:
    destinations = {f"{one.account_id} {one.subject}": one for one in known}
    if not destinations:
        return
    last: dict[str, dt.datetime] = dict(
        session.connection().execute(_STILL, {"destinations": list(destinations)}).all()
    )
    for destination, one in destinations.items():
        if destination not in last or conditions.is_untried(last[destination], now):
            yield Over(one, one.count)


def has_untried(session: Session, now: dt.datetime) -> bool:
    """Whether there are receivers that nobody has called for days."""
    return session.connection().execute(_HAS_UNTRIED, {"before": now - UNTRIED}).first() is not None


def forget_untried(session: Session, now: dt.datetime) -> None:
    """Forget receivers that nobody has called for days."""
    session.connection().execute(_FORGET_UNTRIED, {"before": now - UNTRIED})


MICROSECOND: Final = dt.timedelta(microseconds=1)
# Statements are built once, and on tables rather than models: building one takes longer than running it.
_account, _callback, _receiver = (Base.metadata.tables[name] for name in ("account", "callback", "failing_receiver"))
# The state is a literal, because a parameter would not match the partial index.
_is_exhausted = _callback.c.state == literal_column(f"'{JobState.EXHAUSTED}'")
_newest = (
    select(_callback.c.settled_on)
    .where(_callback.c.account_id == _account.c.id, _is_exhausted)
    .order_by(_callback.c.settled_on.desc())
    .limit(1)
    .correlate(_account)
)
_LATEST: Final = select(_account.c.id, _newest.scalar_subquery().label("latest"))
_these = (
    select(_callback.c.settled_on)
    .where(_callback.c.account_id == bindparam("account"), _is_exhausted)
    .where(_callback.c.settled_on >= bindparam("since"))
    .order_by(_callback.c.settled_on)
    .limit(bindparam("most"))
    .subquery()
)
_COUNT: Final = select(func.count(), func.min(_these.c.settled_on))
_lasted = type_coerce(_receiver.c.failed_on, BigInteger) - type_coerce(_receiver.c.begun_on, BigInteger)
_place = func.row_number().over(partition_by=_receiver.c.account_id, order_by=_receiver.c.begun_on)
_ranked = (
    select(*_receiver.c["account_id", "destination", "begun_on", "failed_on"], _place.label("place"))
    .where(_lasted >= bindparam("lasting", type_=BigInteger))
    .subquery()
)
_FAILING: Final = select(*_ranked.c["account_id", "destination", "begun_on", "failed_on"]).where(
    _ranked.c.place <= bindparam("most")
)
_STILL: Final = select(_receiver.c.destination, _receiver.c.failed_on).where(
    _receiver.c.destination.in_(bindparam("destinations", expanding=True))
)
_HAS_UNTRIED: Final = select(_receiver.c.destination).where(_receiver.c.failed_on <= bindparam("before")).limit(1)
_FORGET_UNTRIED: Final = delete(_receiver).where(_receiver.c.failed_on <= bindparam("before"))
