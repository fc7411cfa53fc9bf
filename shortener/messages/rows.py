"""Insert and read the rows of messages, parts and links in sets, with one statement for any number of rows.

Rows that were just inserted are not read back, and are not objects of the mapped classes: these report every value to
a session, which took a sixth of the time that a message of a batch takes.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, insert, or_, select

from shortener.messages.first_link import is_first_link_of
from shortener.rules.links.skip_reason import SkippedText
from shortener.storage.bulk import Many, skipping
from shortener.storage.models import Base, Link, Message, Part, PartKind

Row = dict[str, Any]  # values by column
MAX_IN_VALUES: Final = 5_000  # in one IN; SQLite takes 32,766 parameters, PostgreSQL 65,535

MESSAGE, PART, LINK = (Base.metadata.tables[table.__tablename__] for table in (Message, Part, Link))


_MESSAGES: Final = skipping(MESSAGE, MESSAGE.c.keys())
_PARTS: Final = Many(insert(PART).inline(), PART.c.keys())
_LINKS: Final = skipping(LINK, LINK.c.keys())
# SQLite has one writer, which assigns the next ids as SQLite would.
_LAST_IDS: Final = "SELECT (SELECT coalesce(max(id), 0) FROM message), (SELECT coalesce(max(id), 0) FROM link)"
_NEXT_IDS: Final = "SELECT nextval('message_id_seq'), nextval('link_id_seq') FROM generate_series(1, %(count)s)"


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """The columns of a message that the answer to its submission needs."""

    id: int
    msgid: str
    received_on: dt.datetime
    text: str
    skipped: list[SkippedText] | None


@dataclass(frozen=True, slots=True)
class StoredLink:
    """The columns of a link that the answer to a submission needs."""

    id: int
    number: int
    base_url: str
    target: str
    starts_at: int
    ends_at: int
    expires_on: dt.datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message that was stored before under the same idempotency key or client tag, and its first link."""

    message: StoredMessage
    link: StoredLink | None
    idempotency_key: str | None
    client_tag: str | None
    fingerprint: bytes | None


def draw_ids(connection: Connection, count: int) -> list[tuple[int, int]]:
    """Return `count` pairs of a message's and a link's id, in ascending order; nobody else gets them."""
    if connection.dialect.name == "postgresql":
        return sorted((message, link) for message, link in connection.exec_driver_sql(_NEXT_IDS, {"count": count}))
    [(message, link)] = connection.exec_driver_sql(_LAST_IDS)
    return [(message + number, link + number) for number in range(1, count + 1)]


def insert_messages(connection: Connection, rows: Sequence[Row]) -> set[int]:
    """Insert messages and return the ids of those that were stored. The first of several with one client tag is.

    They are inserted in the order of their unique values, so that two transactions do not wait for each other.
    """
    ordered = sorted(rows, key=lambda row: (row["client_tag"] or "", row["idempotency_key"] or ""))
    return _insert(connection, MESSAGE, _MESSAGES, ordered)


def insert_texts(connection: Connection, texts: Mapping[int, str]) -> None:
    """Insert the texts of messages, by the message's id."""
    kind = PartKind.TEXT.value
    _PARTS.run(connection, [{"message_id": id_, "kind": kind, "text": text} for id_, text in texts.items()])


def insert_links(connection: Connection, rows: Sequence[Row]) -> set[int]:
    """Insert links and return the ids of those that were stored."""
    return _insert(connection, LINK, _LINKS, rows)


def stored_link(row: Row) -> StoredLink:
    """Return the link that was inserted with these values."""
    return StoredLink(
        row["id"],
        row["number"],
        row["base_url"],
        row["target"],
        row["starts_at"],
        row["ends_at"],
        row["expires_on"],
    )


def earlier(
    connection: Connection, account_id: int, keys: Iterable[str], client_tags: Iterable[str]
) -> Iterator[Earlier]:
    """Read the account's messages that have one of these idempotency keys or client tags."""
    tagged = or_(MESSAGE.c.idempotency_key.in_(list(keys)), MESSAGE.c.client_tag.in_(list(client_tags)))
    query = _EARLIER.where(MESSAGE.c.account_id == account_id, tagged)
    for id_, msgid, received_on, text, skipped, key, tag, fingerprint, *link in connection.execute(query):
        message = StoredMessage(id_, msgid, received_on, text, skipped)
        yield Earlier(message, StoredLink(*link) if link[0] is not None else None, key, tag, fingerprint)


def live_numbers(connection: Connection, numbers: Sequence[int], now: dt.datetime) -> set[int]:
    """Return those of the numbers that are numbers of live links."""
    found: set[int] = set()
    for some in _chunks(numbers):
        is_live = (Link.number.in_(some), Link.expires_on > now, Link.off_on.is_(None))
        found |= set(connection.scalars(select(Link.number).where(*is_live)))
    return found


def _insert(connection: Connection, table: Table, inserts: Mapping[str, Many], rows: Sequence[Row]) -> set[int]:
    ids = {row["id"] for row in rows}
    if inserts[connection.dialect.name].run(connection, rows) == len(rows):
        return ids
    stored: set[int] = set()
    for some in _chunks(sorted(ids)):
        stored |= set(connection.scalars(select(table.c.id).where(table.c.id.in_(some))))
    return stored


def _chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    return (values[start : start + MAX_IN_VALUES] for start in range(0, len(values), MAX_IN_VALUES))


_EARLIER: Final = (
    select(Message.id, Message.msgid, Message.received_on, Part.text, Message.skipped)
    .add_columns(Message.idempotency_key, Message.client_tag, Message.fingerprint)
    .add_columns(Link.id, Link.number, Link.base_url, Link.target, Link.starts_at, Link.ends_at, Link.expires_on)
    .join(Part, (Part.message_id == Message.id) & (Part.kind == PartKind.TEXT))
    .outerjoin(Link, is_first_link_of(Message.id))
)
