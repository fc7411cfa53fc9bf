"""Choose the due jobs that may be claimed now; fast even if 100,000 of them are due for one dead receiver.

A look first reads the jobs that have been due longest. Only if these do not fill the free slots although more are due,
it visits all destinations, one index step each: its time grows with their number, not with the number of due jobs.
Destinations are ranked within each account, so that an account with thousands of them does not hide another.
"""

import datetime as dt
from collections.abc import Sequence
from functools import partial

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, func, select
from sqlalchemy.orm import Session

from shortener.rules.delivery import fair_share
from shortener.rules.delivery.fair_share import Groups, Slots

WINDOW = 100  # jobs that are read before destinations are visited
FIRSTS = 1000  # destinations that are then chosen from, taken from all accounts in turn


def is_due(job: Table, now: dt.datetime | ColumnElement[dt.datetime]) -> ColumnElement[bool]:
    """Not settled, and its time has come: it waits for an attempt, or its lease has run out."""
    return job.c.settled_on.is_(None) & (job.c.due_on <= now)


class Due:
    """Finds due jobs of one kind, given the table of its jobs."""

    def __init__(self, job: Table) -> None:
        self._oldest = _oldest(job)
        self._in_flight = _in_flight(job)
        self._firsts = _first_of_each_destination(job)

    def claimable(
        self,
        session: Session,
        *,
        now: dt.datetime,
        per_destination: int,
        limit: int,
        slots: Slots | None = None,
        groups: Groups | None = None,
    ) -> list[int]:
        """Ids of at most `limit` jobs that are due and whose destinations have a slot free; takes no lock.

        With `slots`, no account and no host gets more of them than its share; with `groups`, their limits hold too. A
        next claim may find more.
        """
        connection = session.connection()
        oldest: Sequence[Row[str, int]] = connection.execute(self._oldest, {"now": now}).all()
        if not oldest:
            return []
        in_flight: dict[str, int] = dict(connection.execute(self._in_flight, {"now": now}).all())
        choose = partial(
            fair_share.choose,
            in_flight=in_flight,
            per_destination=per_destination,
            limit=limit,
            slots=slots,
            groups=groups,
        )
        chosen = choose(oldest)
        if len(oldest) < WINDOW or len(chosen) >= limit:
            return chosen
        seen = set(oldest)
        younger = connection.execute(self._firsts, {"now": now})
        return choose([*oldest, *(row for row in younger if row not in seen)])


def _oldest(job: Table) -> Select[str, int]:
    due = select(job.c.destination, job.c.id).where(is_due(job, bindparam("now")))
    return due.order_by(job.c.due_on, job.c.id).limit(WINDOW)


def _in_flight(job: Table) -> Select[str, int]:
    """How many unexpired leases each destination has."""
    leased = job.c.lease_token.is_not(None) & (job.c.due_on > bindparam("now"))
    return select(job.c.destination, func.count()).where(leased).group_by(job.c.destination)


def _first_of_each_destination(job: Table) -> Select[str, int]:
    """Each destination with the job that has been due longest; in turn from every account, the longest due first.

    The recursion steps through the index on (destination, due_on, id): neither database skips through one by itself.
    """
    one, other = job.alias("one"), job.alias("other")
    order = (other.c.destination, other.c.due_on, other.c.id)
    first = select(other.c.id).where(other.c.settled_on.is_(None)).order_by(*order).limit(1)
    columns = select(one.c.id, one.c.account_id, one.c.destination, one.c.due_on)
    heads = columns.where(one.c.id == first.scalar_subquery()).cte("heads", recursive=True)
    following = first.where(other.c.destination > heads.c.destination).correlate(heads).scalar_subquery()
    heads = heads.union_all(columns.join(heads, one.c.id == following))
    order_in_account = func.row_number().over(partition_by=heads.c.account_id, order_by=(heads.c.due_on, heads.c.id))
    found = select(heads.c.destination, heads.c.id).where(heads.c.due_on <= bindparam("now"))
    return found.order_by(order_in_account, heads.c.due_on, heads.c.id).limit(FIRSTS)
