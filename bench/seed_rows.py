"""Create hundreds of thousands of messages and links inside the database, with three statements."""

import datetime as dt
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Insert, Integer, Text, cast, func, insert, literal, select
from sqlalchemy.orm import Session

from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.slug import Slugs
from shortener.rules.visitors.marks import Visitor
from shortener.rules.visitors.threshold import Threshold
from shortener.storage import db, postgresql
from shortener.storage.models import Account, Base, Callback, Click, Link, Message, Part, PartKind

LIFE = dt.timedelta(days=90)
FIRST = 1_000_000_000  # added to an id whose digits are part of a text, so that all have the same length
TARGET = "https://shop.example.com/track?id="
CACHE = 400_000  # KiB for one connection; memory is allocated only when used
BEFORE, BEHIND = "Your parcel is here: ", " thank you"


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of rows that clicks and posts add."""

    clicks: int
    callbacks: int
    accessed: int
    messages: int
    links: int

    def since(self, before: "Counts") -> "Counts":
        """What has been added."""
        return Counts(*(getattr(self, name) - getattr(before, name) for name in self.__slots__))


def fill(session: Session, count: int, *, clicked: bool = False) -> range:
    """Give the only account `count` messages, each with a link and a callback URL; return the ids of the links.

    With `clicked`, each link has been clicked once; these messages have no callback URL, so there are no callbacks.
    """
    first = (session.scalar(select(func.max(Link.id))) or 0) + 1
    if first != (session.scalar(select(func.max(Message.id))) or 0) + 1:
        raise ValueError("messages and links must have the same ids")
    last, now = first + count - 1, db.now(session)
    _hurry(session)
    session.execute(_messages(session.scalars(select(Account.id)).one(), first, last, now, clicked=clicked))
    session.execute(_texts(first, last))
    session.execute(_links(first, last, now, clicked=clicked))
    if clicked:
        session.execute(_clicks(session, first, last, now))
    return range(first, last + 1)


def slug_of(slugs: Slugs, id_: int) -> str:
    """Return the slug of a link that was made here."""
    return slugs.encode((id_ * 2_654_435_761 % (1 << 32)) * (1 << 17) + id_ * 40_503 % (1 << 17))


def unknown(slugs: Slugs) -> Iterator[str]:
    """Return slugs without a link: alternately an invalid one, and one whose number no link has."""
    while True:
        yield secrets.token_hex(5)
        yield slugs.encode(secrets.randbits(49))


def count(session: Session) -> Counts:
    """Return the number of rows of each kind."""
    tables = (Click, Callback, Link, Message, Link)
    queries = [select(func.count()).select_from(table) for table in tables]
    queries[2] = queries[2].where(Link.accessed_on.is_not(None))
    return Counts(*(session.scalars(query).one() for query in queries))


def tidy() -> None:
    """Do the maintenance that the database does by itself within minutes, so that it does not disturb measurements."""
    engine = db.db.engine
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as raw:  # no transaction is begun on it
            raw.cursor().execute("ANALYZE")
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with closing(postgresql.connect(postgresql.parameters_of(engine.dialect, engine.url))) as connection:
        connection.longest = None  # seconds
        for statement in ("VACUUM ANALYZE", "CHECKPOINT"):
            connection.execute(statement)


def _hurry(session: Session) -> None:
    if session.get_bind().dialect.name == "sqlite":  # links have scattered numbers: their index must fit into the cache
        session.connection().exec_driver_sql(f"PRAGMA cache_size = -{CACHE}")
    else:  # foreign keys need not be checked for each row
        session.connection().exec_driver_sql("SET LOCAL session_replication_role = replica")
        postgresql.allow_time(session.connection(), None)


def _series(first: int, last: int) -> CTE:
    """Return a query for the numbers from `first` to `last`, on both databases."""
    series = select(literal(first, Integer).label("id")).cte("series", recursive=True)
    return series.union_all(select(series.c.id + 1).where(series.c.id < last))


def _number(id_: ColumnElement[int]) -> ColumnElement[int]:
    """Return the number that `slug_of` encodes: 49 bits, different for each id and scattered like random numbers."""
    wide = cast(id_, Link.number.type)
    return (wide * 2_654_435_761 % (1 << 32)) * (1 << 17) + wide * 40_503 % (1 << 17)


def _digits(id_: ColumnElement[int]) -> ColumnElement[str]:
    return cast(cast(id_, Link.number.type) + FIRST, Text)


def _into(table: type[Base], values: dict[str, Any], source: CTE) -> Insert:
    columns = Base.metadata.tables[table.__tablename__]
    return insert(columns).from_select(list(values), select(*values.values()).select_from(source))


def _messages(account_id: int, first: int, last: int, now: dt.datetime, *, clicked: bool) -> Insert:
    series = _series(first, last)
    digits = _digits(series.c.id)
    values = {
        "account_id": literal(account_id),
        "msgid": literal("m" * (32 - len(str(FIRST)))) + digits,
        "received_on": literal(now, Message.received_on.type),
        "track_link": literal(True),
        "detection": literal(Detection.STRICT.value),
        "bare_domains": literal(BareDomains.CAREFUL.value),
        "count_as_click": literal(Threshold.PERSON_OR_UNKNOWN.value),
        "client_tag": literal("order-") + digits,
        "recipient": literal("+81") + digits,
    }
    if not clicked:
        values["lt_callbackurl"] = literal("https://receiver.example.com/clicked")
    return _into(Message, values, series)


def _texts(first: int, last: int) -> Insert:
    series = _series(first, last)
    values = {
        "message_id": series.c.id,
        "kind": literal(PartKind.TEXT.value),
        "text": literal(BEFORE + TARGET) + _digits(series.c.id) + BEHIND,
    }
    return _into(Part, values, series)


def _links(first: int, last: int, now: dt.datetime, *, clicked: bool) -> Insert:
    series = _series(first, last)
    values = {
        "message_id": series.c.id,
        "number": _number(series.c.id),
        "base_url": literal("https://s.example.com"),
        "target": literal(TARGET) + _digits(series.c.id),
        "starts_at": literal(len(BEFORE)),
        "ends_at": literal(len(BEFORE + TARGET + str(FIRST))),
        "expires_on": literal(now + LIFE, Link.expires_on.type),
        "count_as_click": literal(Threshold.PERSON_OR_UNKNOWN.value),
    }
    if clicked:
        values["accessed_on"] = literal(now, Link.accessed_on.type)
    return _into(Link, values, series)


def _clicks(session: Session, first: int, last: int, now: dt.datetime) -> Insert:
    series = _series(first, last)
    sqlite = session.get_bind().dialect.name == "sqlite"
    values = {
        "link_id": series.c.id,
        "id": func.randomblob(16) if sqlite else func.gen_random_uuid(),
        "clicked_on": literal(now, Click.clicked_on.type),
        "visitor": literal(Visitor.PERSON.value),
        "reason": literal("browser"),
    }
    return _into(Click, values, series)
