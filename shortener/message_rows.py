"""The rows of messages and links: written and read in sets, by one statement each however many there are.

What was just written is not read back: the rows themselves are shown as objects.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Table, UpdateBase, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.orm.attributes import manager_of_class

from shortener.models import Base, Link, Message

Row = dict[str, Any]
T = TypeVar("T", bound=Base)
MOST_ASKED: Final = 5_000  # values in one IN; SQLite takes 32,766 parameters, PostgreSQL 65,535

_INSERTS: Final[dict[str, Callable[[Table], postgresql.Insert | sqlite.Insert]]] = {
    "postgresql": postgresql.insert,
    "sqlite": sqlite.insert,
}


def _skipping(table: type[Base], *returning: InstrumentedAttribute[Any]) -> dict[str, UpdateBase]:
    """An INSERT for each database that skips what a unique constraint forbids; what it does not return was skipped.

    Unlike a failed INSERT it leaves the transaction usable.
    """
    return {
        name: insert(Base.metadata.tables[table.__tablename__]).on_conflict_do_nothing().returning(*returning)
        for name, insert in _INSERTS.items()
    }


# Made once: to put a statement together costs more than to run it.
_MESSAGES: Final = _skipping(Message, Message.msgid, Message.id)
_LINKS: Final = _skipping(Link, Link.message_id, Link.id)


def insert_messages(session: Session, rows: Sequence[Row]) -> dict[str, int]:
    """Store messages in this order; give the id of each that was stored by its msgid."""
    return dict(_insert(session, _MESSAGES, rows))


def insert_links(session: Session, rows: Sequence[Row]) -> dict[int, int]:
    """Store links, of each message one; give the id of each that was stored by its message's."""
    return dict(_insert(session, _LINKS, rows))


def as_message(row: Row, message_id: int) -> Message:
    """A message that was stored with these values."""
    return _shown(Message, row | {"id": message_id, "details": row["metadata"]})


def as_link(row: Row, link_id: int) -> Link:
    """A link that was stored with these values."""
    return _shown(Link, row | {"id": link_id})


def in_the_way(
    session: Session, account_id: int, keys: Iterable[str], client_tags: Iterable[str]
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
    return [(message, link) for message, link in session.execute(query)]


def live(session: Session, numbers: Sequence[int], now: dt.datetime) -> set[int]:
    """Which of these are numbers of links that live."""
    found: set[int] = set()
    for start in range(0, len(numbers), MOST_ASKED):
        some = Link.number.in_(numbers[start : start + MOST_ASKED])
        found |= set(session.scalars(select(Link.number).where(some, Link.expires_on > now, Link.off_on.is_(None))))
    return found


def _insert(session: Session, statements: Mapping[str, UpdateBase], rows: Sequence[Row]) -> Sequence[Any]:
    connection = session.connection()
    return connection.execute(statements[connection.dialect.name], rows).all()


def _shown(table: type[T], values: Row) -> T:
    """An object with these values. A tenth of what the constructor costs, which tells the session of each of them."""
    instance: T = manager_of_class(table).new_instance()
    instance.__dict__.update(values)
    return instance
