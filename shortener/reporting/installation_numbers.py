"""Numbers of the whole installation for its operator: jobs that are due, size, rows. Each takes bounded time."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, bindparam, func, select, text
from sqlalchemy.orm import Session

from shortener.alerts import incidents
from shortener.delivery.due import is_due
from shortener.storage import db
from shortener.storage.models import Base, Installation

KINDS: Final = ("callback", "sending", "export")
TABLES: Final = ("account", "message", "link", "click", "callback", "sending", "receipt", "export")
MOST: Final = 100_000  # due jobs that are counted
_SIZE: Final = {
    "postgresql": text("SELECT pg_database_size(current_database())"),
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
}
# What the database itself remembers of its tables: -1 if it has never looked.
_ROWS: Final = text("SELECT relname, reltuples FROM pg_class WHERE oid = ANY(CAST(:names AS regclass[]))")


@dataclass(frozen=True, slots=True)
class DueJobs:
    """How many jobs of a kind are due, at most MOST, and for how long the oldest has been."""

    count: int
    oldest: dt.timedelta


@dataclass(frozen=True, slots=True)
class InstallationNumbers:
    """What an operator watches in the database."""

    due: Mapping[str, DueJobs]  # by the kind of jobs
    size: int  # bytes of the database
    pruned_on: dt.datetime | None  # when a process last began to delete old messages
    incidents: Mapping[str, int]  # open ones by their kind; a kind without any is left out


def read(session: Session) -> InstallationNumbers:
    """Read the numbers; the errors of an outage if the database does not answer."""
    connection, now = session.connection(), db.now(session)
    due = {kind: _due(connection, Base.metadata.tables[kind], now) for kind in KINDS}
    size = int(connection.execute(_SIZE[connection.dialect.name]).scalar_one())
    return InstallationNumbers(due, size, session.scalar(select(Installation.pruned_on)), incidents.count_open(session))


def rows(session: Session) -> Mapping[str, int]:
    """Estimate how many rows the largest tables have, without reading them; a table that cannot be judged is left out.

    On PostgreSQL its own estimate, on SQLite the span of a table's numbers, which deletions in between make too large.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        found = {name: int(number) for name, number in connection.execute(_ROWS, {"names": list(TABLES)})}
        return {name: found[name] for name in TABLES if found.get(name, -1) >= 0}
    numbered = [table for name in TABLES if "id" in (table := Base.metadata.tables[name]).c and name != "click"]
    spans = {table.name: connection.execute(_ends(table)).one() for table in numbered}
    return {name: 0 if last is None else last - first + 1 for name, (first, last) in spans.items()}


def _ends(table: Table) -> Select[Any]:
    """Select the lowest and the highest id, each by a subquery: SQLite would read a whole index for both at once."""
    return select(*[select(end(table.c.id)).scalar_subquery() for end in (func.min, func.max)])


def _due(connection: Connection, job: Table, now: dt.datetime) -> DueJobs:
    some = select(job.c.due_on).where(is_due(job, bindparam("now"))).order_by(job.c.due_on, job.c.id).limit(MOST)
    found = some.subquery()
    count, oldest = connection.execute(select(func.count(), func.min(found.c.due_on)), {"now": now}).one()
    return DueJobs(count, now - oldest if oldest else dt.timedelta(0))
