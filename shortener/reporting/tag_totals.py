"""Totals by tag: the hours of the past have them with their hourly totals, those of a busy day for some minutes.

The last day has no hourly totals. An account with few messages in it has its rows counted by each page; for one with
many, a job counts the day's hours again and again, the older ones less often.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.orm import Session

from shortener.reporting import tag_counts
from shortener.reporting.tag_counts import ALL, TagCounts
from shortener.rules.wire.moments import EPOCH, from_micros
from shortener.storage import db
from shortener.storage.changed_hours import HOUR
from shortener.storage.many_rows import ManyRows
from shortener.storage.models import Base

MOST_TAGS: Final = 1_000  # of an hour; whoever gives each message a tag of its own does not count by tags
MANY: Final = 10_000  # messages in the hours without hourly totals, beyond which the job counts them
SOONEST: Final = dt.timedelta(minutes=1)  # after which a young hour is counted again
SHARE: Final = 20  # of its age: an hour that began ten hours ago is counted again after half an hour
PER_MESSAGE: Final = dt.timedelta(microseconds=100)  # many times as long as it takes to count one


def store(connection: Connection, account_id: int, hour: int, found: Mapping[str, TagCounts], now: dt.datetime) -> None:
    """Replace the totals of an hour by what counting its messages gave."""
    lock(connection, account_id)
    connection.execute(_DELETE, {"account": account_id, "of_hour": hour})
    tags = sorted(found.keys() - {ALL}, key=lambda tag: -found[tag].counts.messages.total())
    rows = [_row(account_id, hour, tag, found[tag], now) for tag in sorted(found.keys() & {ALL, *tags[:MOST_TAGS]})]
    if rows:
        rows[0] |= {"left_out": max(len(tags) - MOST_TAGS, 0), "details": None}  # of all messages
    _INSERT.run(connection, rows)


def lock(connection: Connection, account_id: int) -> None:
    """Let no other process replace totals of this account until the end of the transaction."""
    connection.execute(_LOCK, {"account": account_id})  # on SQLite it reads a row: there is one writer


def count_young_hours() -> Iterator[int]:
    """Count hours that are too young for hourly totals, of accounts with many messages in them; yields 1 after each.

    The caller may stop at any point.
    """
    with db.read() as session:
        now = db.now(session)
        end = session.scalars(_END).one()
        found = session.execute(_BUSY, {"many": MANY}).all() if end else []
    busy = [account_id for account_id, received in found if received is not None]
    for account_id in busy:
        for hour in range((now - EPOCH) // HOUR, (end - EPOCH) // HOUR - 1, -1):
            if _is_due(account_id, hour):
                yield _count(account_id, hour)


def _is_due(account_id: int, hour: int) -> bool:
    with db.read() as session:
        counted = session.execute(_COUNTED, {"account": account_id, "of_hour": hour}).first()
        now = db.now(session)
    if counted is None:
        return True
    age = now - (EPOCH + hour * HOUR)
    return bool(now - counted.counted_on >= max(SOONEST, age / SHARE, counted.messages * PER_MESSAGE))


def _count(account_id: int, hour: int) -> int:
    with db.read() as session:
        db.allow_time(session)
        now = db.now(session)
        found = of_hour(session, account_id, hour)
    if not found:
        return 0
    with db.write() as session:
        lock(session.connection(), account_id)  # first: the total may be in a transaction that has not ended yet
        if session.execute(_TOTAL, {"account": account_id, "of_hour": hour}).first() is not None:
            return 0  # it has become old meanwhile, and its total is right
        store(session.connection(), account_id, hour, found, now)
    return 1


def of_hour(session: Session, account_id: int, hour: int) -> dict[str, TagCounts]:
    """Count the messages of an hour by tag."""
    return tag_counts.of_rows(session, account_id, EPOCH + hour * HOUR, EPOCH + (hour + 1) * HOUR)


def _row(account_id: int, hour: int, tag: str, found: TagCounts, now: dt.datetime) -> dict[str, Any]:
    counts = found.counts
    return {
        "account_id": account_id,
        "tag": tag,
        "hour": hour,
        "messages": counts.messages.total(),
        "with_link": counts.with_link,
        "clicked": counts.clicked,
        "first_on": from_micros(found.first_on or 0),
        "last_on": from_micros(found.last_on or 0),
        "counted_on": now,
        "left_out": 0,
        "details": found.document(hour),
    }


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_account, _message, _installation, _hour_total, _tag_total = (
    Base.metadata.tables[name] for name in ("account", "message", "installation", "hour_total", "tag_total")
)
_INSERT: Final = ManyRows(_tag_total, _tag_total.c.keys())
_this = (_tag_total.c.account_id == bindparam("account"), _tag_total.c.hour == bindparam("of_hour"))
_DELETE: Final = delete(_tag_total).where(*_this)
# Messages can be stored meanwhile: they refer to the account's key only.
_LOCK: Final = select(_account.c.id).where(_account.c.id == bindparam("account")).with_for_update(key_share=True)
_COUNTED: Final = select(_tag_total.c.counted_on, _tag_total.c.messages).where(*_this, _tag_total.c.tag == ALL)
_TOTAL: Final = select(_hour_total.c.hour).where(
    _hour_total.c.account_id == bindparam("account"), _hour_total.c.hour == bindparam("of_hour")
)
_END: Final = select(_installation.c.totals_end_on)
_BUSY: Final = select(
    _account.c.id,
    select(_message.c.received_on)
    .where(_message.c.account_id == _account.c.id, _message.c.received_on >= _END.scalar_subquery())
    .order_by(_message.c.received_on)
    .offset(bindparam("many"))
    .limit(1)
    .correlate(_account)
    .scalar_subquery(),
).order_by(_account.c.id)
