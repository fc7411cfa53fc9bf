"""The rows of messages and links: written and read in sets, by one statement each however many there are.

What was just written is not read back: the rows themselves are shown as objects. Not as those of the mapped classes,
which tell a session of each value: for a message of a batch that was a sixth of all that is done for it.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final, cast

from sqlalchemy import Connection, Table, or_, select
from sqlalchemy.orm import Session

from shortener.storage.bulk import Many, skipping
from shortener.storage.models import Base, Link, Message

Row = dict[str, Any]
MOST_ASKED: Final = 5_000  # values in one IN; SQLite takes 32,766 parameters, PostgreSQL 65,535

MESSAGE, LINK = (Base.metadata.tables[table.__tablename__] for table in (Message, Link))


_MESSAGES: Final = skipping(MESSAGE, MESSAGE.c.keys())
_LINKS: Final = skipping(LINK, LINK.c.keys())
# SQLite has one writer, who numbers the next rows as SQLite would.
_LAST: Final = "SELECT (SELECT coalesce(max(id), 0) FROM message), (SELECT coalesce(max(id), 0) FROM link)"
_NEXT: Final = "SELECT nextval('message_id_seq'), nextval('link_id_seq') FROM generate_series(1, %(count)s)"


def draw_ids(connection: Connection, count: int) -> list[tuple[int, int]]:
    """Ids for so many messages and their links, in their order; nobody else will use them."""
    if connection.dialect.name == "postgresql":
        return sorted((message, link) for message, link in connection.exec_driver_sql(_NEXT, {"count": count}))
    [(message, link)] = connection.exec_driver_sql(_LAST)
    return [(message + place, link + place) for place in range(1, count + 1)]


def insert_messages(connection: Connection, rows: Sequence[Row]) -> set[int]:
    """Store messages; give the ids of those that were stored. Of several with one client tag the first one counts.

    In the order of what is unique, so that no two transactions wait for each other.
    """
    ordered = sorted(rows, key=lambda row: (row["client_tag"] or "", row["idempotency_key"] or ""))
    return _insert(connection, MESSAGE, _MESSAGES, ordered)


def insert_links(connection: Connection, rows: Sequence[Row]) -> set[int]:
    """Store links; give the ids of those that were stored."""
    return _insert(connection, LINK, _LINKS, rows)


def as_message(row: Row) -> Message:
    """A message that was stored with these values, to be read like any other; no session takes it."""
    return cast("Message", SimpleNamespace(**row, details=row["metadata"]))


def as_link(row: Row) -> Link:
    """A link that was stored with these values, to be read like any other; no session takes it."""
    return cast("Link", SimpleNamespace(**row))


def in_the_way(
    connection: Connection, account_id: int, keys: Iterable[str], client_tags: Iterable[str]
) -> list[tuple[Message, Link | None]]:
    """The account's messages that have one of these idempotency keys or client tags, with their links."""
    query = (
        select(Message, Link)
        .outerjoin(Link, (Link.message_id == Message.id) & (Link.position == 1))
        .where(
            Message.account_id == account_id,
            or_(Message.idempotency_key.in_(list(keys)), Message.client_tag.in_(list(client_tags))),
        )
    )
    with Session(connection, join_transaction_mode="rollback_only") as session:  # the transaction is the caller's
        return [(message, link) for message, link in session.execute(query)]


def live(connection: Connection, numbers: Sequence[int], now: dt.datetime) -> set[int]:
    """Which of these are numbers of links that live."""
    found: set[int] = set()
    for some in _in_parts(numbers):
        lives = (Link.number.in_(some), Link.expires_on > now, Link.off_on.is_(None))
        found |= set(connection.scalars(select(Link.number).where(*lives)))
    return found


def _insert(connection: Connection, table: Table, inserts: Mapping[str, Many], rows: Sequence[Row]) -> set[int]:
    ids = {row["id"] for row in rows}
    if inserts[connection.dialect.name].run(connection, rows) == len(rows):
        return ids
    stored: set[int] = set()
    for some in _in_parts(sorted(ids)):
        stored |= set(connection.scalars(select(table.c.id).where(table.c.id.in_(some))))
    return stored


def _in_parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    return (values[start : start + MOST_ASKED] for start in range(0, len(values), MOST_ASKED))
