"""Which due callbacks may be claimed now: quick also where 100,000 of them wait for one dead receiver.

First the callbacks that are longest due are looked at. Only where they do not fill the free places although more are
due, the destinations are gone through, in steps of the index: the time grows with their number, not with the backlog.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.orm import Session, aliased

from shortener.models import Callback
from shortener.rules import turns

WINDOW = 200  # callbacks that are looked at before destinations are gone through

Waiting = list[tuple[str, int]]  # destination and id, the longest due first


def claimable(session: Session, *, now: dt.datetime, per_destination: int, limit: int) -> list[int]:
    """Ids of at most `limit` callbacks that are due and whose destinations have a place free; takes no lock."""
    waiting = _oldest(session, now)
    if not waiting:
        return []
    in_flight = _in_flight(session, now)
    chosen = turns.take(waiting, in_flight=in_flight, per_destination=per_destination, limit=limit)
    if len(waiting) < WINDOW or len(chosen) >= limit:
        return chosen
    free = _free_destinations(session, now, in_flight, per_destination, limit)
    waiting = _first_of_each(session, now, free, per_destination)
    return turns.take(waiting, in_flight=in_flight, per_destination=per_destination, limit=limit)


def is_due(now: dt.datetime) -> ColumnElement[bool]:
    """Not settled, and its time has come: to be attempted, or because the lease ran out."""
    return Callback.settled_on.is_(None) & (Callback.due_on <= now)


def _oldest(session: Session, now: dt.datetime) -> Waiting:
    query = select(Callback.destination, Callback.id).where(is_due(now))
    return _pairs(session, query.order_by(Callback.due_on, Callback.id).limit(WINDOW))


def _in_flight(session: Session, now: dt.datetime) -> dict[str, int]:
    """How many attempts each destination has under a lease that holds."""
    query = select(Callback.destination, func.count()).where(Callback.lease_token.is_not(None), Callback.due_on > now)
    return dict(session.execute(query.group_by(Callback.destination)).all())


def _free_destinations(
    session: Session, now: dt.datetime, in_flight: Mapping[str, int], per_destination: int, limit: int
) -> list[str]:
    """The destinations with something due and a place free, the longest due first, at most `limit`."""
    full = {destination for destination, count in in_flight.items() if count >= per_destination}
    rows = session.execute(_due_destinations(now).limit(limit + len(full)))
    return [destination for destination, _ in rows if destination not in full][:limit]


def _due_destinations(now: dt.datetime) -> Select[str, dt.datetime]:
    """Each destination with its first callback, found by one step of the index from the last: neither database
    skips through an index by itself.
    """
    one, other = aliased(Callback), aliased(Callback)
    order = (other.destination, other.due_on, other.id)
    first = select(other.id).where(other.settled_on.is_(None)).order_by(*order).limit(1)
    columns = select(one.id, one.destination, one.due_on)
    heads = columns.where(one.id == first.scalar_subquery()).cte("heads", recursive=True)
    following = first.where(other.destination > heads.c.destination).correlate(heads).scalar_subquery()
    heads = heads.union_all(columns.join(heads, one.id == following))
    return select(heads.c.destination, heads.c.due_on).where(heads.c.due_on <= now).order_by(heads.c.due_on)


def _first_of_each(session: Session, now: dt.datetime, destinations: Sequence[str], each: int) -> Waiting:
    if not destinations:
        return []
    queues = [
        select(Callback.destination, Callback.id, Callback.due_on)
        .where(is_due(now), Callback.destination == destination)
        .order_by(Callback.due_on, Callback.id)
        .limit(each)
        .subquery()
        for destination in destinations
    ]
    every = union_all(*(select(queue) for queue in queues)).subquery()
    return _pairs(session, select(every.c.destination, every.c.id).order_by(every.c.due_on, every.c.id))


def _pairs(session: Session, query: Select[str, int]) -> Waiting:
    return [(destination, row_id) for destination, row_id in session.execute(query)]
