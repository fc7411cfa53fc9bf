"""Which due callbacks may be claimed now: quick also where 100,000 of them wait for one dead receiver.

First the callbacks that are longest due are looked at. Only where they do not fill the free places although more are
due, the destinations are gone through, in steps of the index: the time grows with their number, not with the backlog.
Each account's destinations are then ranked apart, so that an account with thousands of them hides no other.
"""

import datetime as dt
from collections.abc import Sequence
from functools import partial

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, select
from sqlalchemy.orm import Session

from shortener.rules.delivery import fair_share
from shortener.rules.delivery.fair_share import Room
from shortener.storage.models import Base

_callback = Base.metadata.tables["callback"]
WINDOW = 100  # callbacks that are looked at before destinations are gone through
FIRSTS = 1000  # destinations that then stand for a choice, taken from all accounts by turns


def claimable(
    session: Session, *, now: dt.datetime, per_destination: int, limit: int, room: Room | None = None
) -> list[int]:
    """Ids of at most `limit` callbacks that are due and whose destinations have a place free; takes no lock.

    With a `room`, none for whom there is no place in it. There may be more that a next claim would find.
    """
    connection = session.connection()
    waiting: Sequence[Row[str, int]] = connection.execute(_OLDEST, {"now": now}).all()
    if not waiting:
        return []
    in_flight: dict[str, int] = dict(connection.execute(_IN_FLIGHT, {"now": now}).all())
    take = partial(fair_share.take, in_flight=in_flight, per_destination=per_destination, limit=limit, room=room)
    chosen = take(waiting)
    if len(waiting) < WINDOW or len(chosen) >= limit:
        return chosen
    seen = set(waiting)
    younger = connection.execute(_FIRSTS, {"now": now})
    return take([*waiting, *(row for row in younger if row not in seen)])


def is_due(now: dt.datetime | ColumnElement[dt.datetime]) -> ColumnElement[bool]:
    """Not settled, and its time has come: to be attempted, or because the lease ran out."""
    return _callback.c.settled_on.is_(None) & (_callback.c.due_on <= now)


def _first_of_each_destination() -> Select[str, int]:
    """Each destination with the callback of it that is longest due; of every account the longest due first.

    From one to the next by a step of the index on (destination, due_on, id): neither database skips by itself.
    """
    one, other = _callback.alias("one"), _callback.alias("other")
    order = (other.c.destination, other.c.due_on, other.c.id)
    first = select(other.c.id).where(other.c.settled_on.is_(None)).order_by(*order).limit(1)
    columns = select(one.c.id, one.c.account_id, one.c.destination, one.c.due_on)
    heads = columns.where(one.c.id == first.scalar_subquery()).cte("heads", recursive=True)
    following = first.where(other.c.destination > heads.c.destination).correlate(heads).scalar_subquery()
    heads = heads.union_all(columns.join(heads, one.c.id == following))
    order_in_account = func.row_number().over(partition_by=heads.c.account_id, order_by=(heads.c.due_on, heads.c.id))
    found = select(heads.c.destination, heads.c.id).where(heads.c.due_on <= bindparam("now"))
    return found.order_by(order_in_account, heads.c.due_on, heads.c.id).limit(FIRSTS)


# Built once: to put them together takes longer than to run them.
_OLDEST = (
    select(_callback.c.destination, _callback.c.id)
    .where(is_due(bindparam("now")))
    .order_by(_callback.c.due_on, _callback.c.id)
    .limit(WINDOW)
)
_IN_FLIGHT = (
    select(_callback.c.destination, func.count())
    .where(_callback.c.lease_token.is_not(None), _callback.c.due_on > bindparam("now"))  # a lease that holds
    .group_by(_callback.c.destination)
)
_FIRSTS = _first_of_each_destination()
