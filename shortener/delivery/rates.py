"""Rates of groups over all nodes: a row for each group says when its next attempt may start.

Read and write them only inside a transaction that holds the lock of claims.
"""

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from shortener.rules.delivery.rate import Rate

Moments = Mapping[str, dt.datetime]


class Rates:
    """The rates of some groups, stored in a table whose key is the group, with the column `next_on`."""

    def __init__(self, table: Table, per_second: Mapping[str, float]) -> None:
        [key] = table.primary_key.columns
        self._table, self._key = table, key
        self._rates = {group: Rate(value) for group, value in per_second.items()}
        self._read = select(key, table.c.next_on).where(key.in_(list(self._rates)))
        self._move = update(table).where(key == bindparam("group")).values(next_on=bindparam("moment"))

    def moments(self, session: Session) -> Moments:
        """When the next attempt of each group may start; without those that never had one."""
        return dict(session.connection().execute(self._read).all())

    def allowed(self, moments: Moments, now: dt.datetime) -> dict[str, int]:
        """How many attempts of each group may start now."""
        return {group: rate.allowed(moments.get(group), now) for group, rate in self._rates.items()}

    def wait(self, moments: Moments, now: dt.datetime) -> float:
        """The seconds until a group that may start nothing now may start an attempt; 0 if there is no such group."""
        waits = [rate.wait(moments.get(group), now) for group, rate in self._rates.items()]
        return min(filter(None, waits), default=0.0)

    def spend(self, session: Session, moments: Moments, starts: Mapping[str, int], now: dt.datetime) -> None:
        """Store that so many attempts of each group have started."""
        for group in starts.keys() & self._rates.keys():
            moment = self._rates[group].after(moments.get(group), now, starts[group])
            connection = session.connection()
            if not connection.execute(self._move, {"group": group, "moment": moment}).rowcount:
                connection.execute(insert(self._table), {self._key.name: group, "next_on": moment})
