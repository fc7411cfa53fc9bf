"""Insert and read the rows of messages with all that belongs to them, with one statement for any number of rows.

Rows that were just inserted are not read back, and are not objects of the mapped classes: these report every value to
a session, which took a sixth of the time that a message of a batch takes.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, delete, insert, or_, select

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.links.skip_reason import SkippedText
from shortener.storage.bulk import Many
from shortener.storage.many_rows import ManyRows
from shortener.storage.models import Attachment, Base, Link, Message, Part, PartKind, Sending

Row = dict[str, Any]  # values by column
MAX_IN_VALUES: Final = 5_000  # in one IN; SQLite takes 32,766 parameters, PostgreSQL 65,535

MESSAGE, PART, LINK, SENDING, ATTACHMENT = (
    Base.metadata.tables[table.__tablename__] for table in (Message, Part, Link, Sending, Attachment)
)

_MESSAGES: Final = ManyRows(MESSAGE, MESSAGE.c.keys(), skips=True)
_PARTS: Final = ManyRows(PART, PART.c.keys())
_LINKS: Final = ManyRows(LINK, LINK.c.keys(), skips=True)
_NEW_SENDING: Final = (
    *("message_id", "account_id", "gateway", "channel", "destination", "recipient", "sender", "extras"),
    *("state", "created_on", "due_on", "expires_on", "starts_before"),
)
_SENDINGS: Final = ManyRows(SENDING, _NEW_SENDING)
_ATTACHMENTS: Final = Many(insert(ATTACHMENT).inline(), ATTACHMENT.c.keys())
# SQLite has one writer, which assigns the next ids as SQLite would. On PostgreSQL, one statement for both tables.
_LAST_IDS: Final = "SELECT (SELECT coalesce(max(id), 0) FROM message), (SELECT coalesce(max(id), 0) FROM link)"
_NEXT_IDS: Final = (
    "SELECT 0, nextval('message_id_seq') FROM generate_series(1, %(messages)s) UNION ALL "
    "SELECT 1, nextval('link_id_seq') FROM generate_series(1, %(links)s)"
)


class StoredMessage(NamedTuple):
    """The columns of a message that the answer to its submission needs."""

    id: int
    msgid: str
    received_on: dt.datetime
    text: str  # as submitted; empty if there is only HTML
    html: str | None
    skipped: list[SkippedText] | None
    state: MessageState | None  # as it was stored; None if the message is not sent


class StoredLink(NamedTuple):
    """The columns of a link that the answer to a submission needs."""

    id: int
    message_id: int
    part: str
    number: int
    base_url: str
    target: str
    starts_at: int
    ends_at: int
    expires_on: dt.datetime


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message that was stored before under the same idempotency key or client tag, and its links."""

    message: StoredMessage
    links: tuple[StoredLink, ...]
    idempotency_key: str | None
    client_tag: str | None
    fingerprint: bytes | None


def draw_ids(connection: Connection, messages: int, links: int) -> tuple[Sequence[int], Sequence[int]]:
    """Return ids for so many messages and links, each in ascending order; nobody else gets them."""
    if connection.dialect.name == "postgresql":
        drawn = connection.exec_driver_sql(_NEXT_IDS, {"messages": messages, "links": links}).all()
        of_messages, of_links = ([id_ for table, id_ in drawn if table == wanted] for wanted in (0, 1))
        return sorted(of_messages), sorted(of_links)
    [(message, link)] = connection.exec_driver_sql(_LAST_IDS)
    return range(message + 1, message + messages + 1), range(link + 1, link + links + 1)


def insert_messages(connection: Connection, rows: Sequence[Row]) -> set[int]:
    """Insert messages and return the ids of those that were stored. The first of several with one client tag is.

    They are inserted in the order of their unique values, so that two transactions do not wait for each other.
    """
    ordered = sorted(rows, key=lambda row: (row["client_tag"] or "", row["idempotency_key"] or ""))
    return _insert(connection, MESSAGE, _MESSAGES, ordered)


def delete_messages(connection: Connection, ids: Sequence[int]) -> None:
    """Delete messages that were just inserted and have nothing else yet."""
    for some in _chunks(ids):
        connection.execute(delete(MESSAGE).where(MESSAGE.c.id.in_(some)))


def insert_parts(connection: Connection, messages: Iterable[StoredMessage]) -> None:
    """Insert the texts of messages, and their HTML."""
    rows = []
    for message in messages:
        if message.text:
            rows.append({"message_id": message.id, "kind": PartKind.TEXT.value, "text": message.text})
        if message.html is not None:
            rows.append({"message_id": message.id, "kind": PartKind.HTML.value, "text": message.html})
    _PARTS.run(connection, rows)


def insert_sendings(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert the sendings of messages; they get their ids from the database."""
    _SENDINGS.run(connection, rows)


def insert_attachments(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert the attachments of messages, one by one, because they are large."""
    for row in rows:
        _ATTACHMENTS.run(connection, [row])


def insert_links(connection: Connection, rows: Sequence[Row]) -> set[int]:
    """Insert links and return the ids of those that were stored."""
    return _insert(connection, LINK, _LINKS, rows)


def stored_link(row: Row) -> StoredLink:
    """Return the link that was inserted with these values."""
    return StoredLink(
        row["id"],
        row["message_id"],
        row["part"],
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
    found = connection.execute(_EARLIER.where(MESSAGE.c.account_id == account_id, tagged)).all()
    links = links_of(connection, [row.id for row in found])
    for row in found:
        state = first_state(sends=row.gateway is not None, later=row.send_on is not None)
        message = StoredMessage(row.id, row.msgid, row.received_on, row.text or "", row.html, row.skipped, state)
        yield Earlier(message, tuple(links.get(row.id, ())), row.idempotency_key, row.client_tag, row.fingerprint)


def first_state(*, sends: bool, later: bool) -> MessageState | None:
    """Return the state of a message when it is stored: `later` if it is not to be sent at once."""
    if not sends:
        return None
    return MessageState.SCHEDULED if later else MessageState.QUEUED


def links_of(connection: Connection, message_ids: Sequence[int]) -> dict[int, list[StoredLink]]:
    """Read the links of messages in their order, by the message's id."""
    links: dict[int, list[StoredLink]] = {}
    for some in _chunks(message_ids):
        for row in connection.execute(_STORED_LINKS.where(LINK.c.message_id.in_(some))):
            links.setdefault(row.message_id, []).append(StoredLink(*row))
    return links


def live_numbers(connection: Connection, numbers: Sequence[int], now: dt.datetime) -> set[int]:
    """Return those of the numbers that are numbers of live links."""
    found: set[int] = set()
    for some in _chunks(numbers):
        is_live = (Link.number.in_(some), Link.expires_on > now, Link.off_on.is_(None))
        found |= set(connection.scalars(select(Link.number).where(*is_live)))
    return found


def _insert(connection: Connection, table: Table, insert: ManyRows, rows: Sequence[Row]) -> set[int]:
    ids = {row["id"] for row in rows}
    if insert.run(connection, rows) == len(rows):
        return ids
    stored: set[int] = set()
    for some in _chunks(sorted(ids)):
        stored |= set(connection.scalars(select(table.c.id).where(table.c.id.in_(some))))
    return stored


def _chunks(values: Sequence[int]) -> Iterator[Sequence[int]]:
    return (values[start : start + MAX_IN_VALUES] for start in range(0, len(values), MAX_IN_VALUES))


_TEXT, _HTML = PART.alias("text_part"), PART.alias("html_part")
_EARLIER: Final = (
    select(*MESSAGE.c["id", "msgid", "received_on", "skipped", "gateway", "send_on"])
    .add_columns(*MESSAGE.c["idempotency_key", "client_tag", "fingerprint"])
    .add_columns(_TEXT.c.text.label("text"), _HTML.c.text.label("html"))
    .outerjoin(_TEXT, (_TEXT.c.message_id == MESSAGE.c.id) & (_TEXT.c.kind == PartKind.TEXT.value))
    .outerjoin(_HTML, (_HTML.c.message_id == MESSAGE.c.id) & (_HTML.c.kind == PartKind.HTML.value))
)
_STORED_LINKS: Final = select(
    *LINK.c["id", "message_id", "part", "number", "base_url", "target", "starts_at", "ends_at", "expires_on"]
).order_by(LINK.c.message_id, LINK.c.position)
