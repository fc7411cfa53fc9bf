"""Delete messages that are older than the retention period, in small transactions with pauses.

Others can write between the transactions, and stopping at any moment leaves only whole messages. Any number of
processes may do this at the same time.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import accumulate, takewhile
from typing import Final

from sqlalchemy import Connection, bindparam, exists, func, literal_column, or_, select, union, update

from shortener.accounts import audit
from shortener.installation import clock
from shortener.retention import leftovers, statements
from shortener.retention.statements import OldMessage, Position
from shortener.rules.delivery.job_state import JobState
from shortener.storage import db
from shortener.storage.models import Base

MESSAGES: Final = 100  # in one transaction
LEFTOVERS: Final = 1_000  # receipts that belong to no message, and exports, in one transaction
CLICKS: Final = 5_000  # in one transaction; a message with more loses its oldest clicks first, in several transactions
PAGES: Final = 200  # that one transaction takes off a SQLite file
SPARE: Final = 10  # a tenth of a SQLite file may stay free, for new rows
PAUSE: Final = 5  # times as long as the transaction before it, so that most of the time is left to others
SHORTEST_PAUSE: Final = 0.01  # seconds
START: Final[Position] = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), 0)
Sleep = Callable[[float], object]


def prune(cutoff: dt.datetime, sleep: Sleep = time.sleep) -> Iterator[int]:
    """Delete messages received at `cutoff` or earlier; yields after each transaction how many messages it deleted.

    Messages with an open callback or sending, or a held one, are not deleted. `sleep` is called between transactions
    with a number of seconds. Then deletes what is left over without a message, and shrinks a SQLite file that has much
    free space. The caller may stop at any point.
    """
    for account_id in _accounts(cutoff):
        position: Position | None = START
        while position is not None:
            began = time.monotonic()
            with db.write() as session:
                deleted, position = _delete_some(session.connection(), account_id, cutoff, position)
            yield deleted
            sleep(_pause(began))
    yield from _delete_leftovers(cutoff, sleep)
    yield from _shrink_file(sleep)


def prune_audit(cutoff: dt.datetime, sleep: Sleep = time.sleep) -> Iterator[int]:
    """Delete what was written into the audit log, and incidents that were over, at `cutoff` or earlier.

    Yields 0 after each transaction.
    """
    deleted = LEFTOVERS
    while deleted == LEFTOVERS:
        began = time.monotonic()
        with db.write() as session:
            connection = session.connection()
            incidents = leftovers.delete_incidents(connection, cutoff, LEFTOVERS)
            deleted = max(audit.delete_old(connection, cutoff, LEFTOVERS), incidents)
        yield 0
        sleep(_pause(began))


def count(cutoff: dt.datetime) -> int:
    """Count the messages that `prune` would delete now."""
    with db.read() as session:
        db.allow_time(session)
        connection = session.connection()
        every, open_ = (connection.scalars(each, {"before": cutoff}).one() for each in (_COUNT, _COUNT_OPEN))
        return int(every - open_)


def claim_run(interval: dt.timedelta) -> bool:
    """Record that a run begins now, if the last one began at least `interval` ago; return whether it was recorded.

    Of several processes that ask at once, only one gets True.
    """
    with db.read() as session:
        now = db.now(session)
        due = {"due": now - interval, "ahead": now + interval}
        if session.connection().execute(_IS_DUE, due).first() is None:
            return False
    with db.write() as session:
        now = db.now(session)
        claimed = bool(session.connection().execute(_CLAIM_RUN, {"now": now, **due}).rowcount)
        if claimed:
            clock.note(session, now)
        return claimed


def cutoff(retention: dt.timedelta) -> dt.datetime:
    """Return the moment up to which messages are too old; ClockError if the clock has jumped ahead."""
    with db.read() as session:
        now = db.now(session)
        clock.check(session, now)
        return now - retention


def _accounts(cutoff: dt.datetime) -> Sequence[int]:
    """Return the ids of the accounts that have messages so old; takes one look into the index for each account."""
    with db.read() as session:
        return session.connection().scalars(_ACCOUNTS, {"before": cutoff}).all()


def _delete_some(
    connection: Connection, account_id: int, cutoff: dt.datetime, after: Position
) -> tuple[int, Position | None]:
    """Delete an account's oldest messages after a position; return how many, and the next position, None at the end."""
    found = statements.oldest(connection, account_id, before=cutoff, after=after, most=MESSAGES, most_clicks=CLICKS + 1)
    some = _with_few_clicks(found)
    if found and not some:
        statements.delete_clicks(connection, found[0], CLICKS)
        return 0, after
    free = [message for message in some if message.is_free]
    statements.delete_messages(connection, free)
    return len(free), some[-1].position if some else None


def _with_few_clicks(messages: Sequence[OldMessage]) -> list[OldMessage]:
    """Return the first messages that together have no more clicks than one transaction may delete."""
    clicks = accumulate(message.clicks if message.is_free else 0 for message in messages)
    return [message for message, _ in takewhile(lambda pair: pair[1] <= CLICKS, zip(messages, clicks, strict=True))]


def _delete_leftovers(cutoff: dt.datetime, sleep: Sleep) -> Iterator[int]:
    """Delete receipts, exports and counts that no message needs; yields 0 after each transaction."""
    deleted = LEFTOVERS
    while deleted == LEFTOVERS:
        began = time.monotonic()
        with db.write() as session:
            connection = session.connection()
            receipts = leftovers.delete_early_receipts(connection, db.now(session), LEFTOVERS)
            deleted = max(receipts, leftovers.delete_exports(connection, cutoff, LEFTOVERS))
            leftovers.delete_usage(connection, cutoff)
        yield 0
        sleep(_pause(began))


def _shrink_file(sleep: Sleep) -> Iterator[int]:
    """Shrink a SQLite file that has much free space; PostgreSQL reuses its own."""
    while db.db.engine.dialect.name == "sqlite":
        began = time.monotonic()
        with db.write() as session:
            if not _shrink_some(session.connection()):
                return
        yield 0
        sleep(_pause(began))


def _shrink_some(connection: Connection) -> bool:
    pages, free = (_pragma(connection, name) for name in ("page_count", "freelist_count"))
    too_many = min(free - pages // SPARE, PAGES)
    if too_many <= 0:
        return False
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(f"PRAGMA incremental_vacuum({too_many})")
        cursor.fetchall()  # each empty row that is fetched frees a page
    return _pragma(connection, "page_count") < pages  # False for a file made without auto_vacuum, which cannot shrink


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _pause(began: float) -> float:
    return max(PAUSE * (time.monotonic() - began), SHORTEST_PAUSE)


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_account, _message, _callback, _sending, _installation = (
    Base.metadata.tables[name] for name in ("account", "message", "callback", "sending", "installation")
)
_is_old = _message.c.received_on <= bindparam("before")
# Naming every account lets the database use the index on account and time.
_COUNT: Final = (
    select(func.count()).select_from(_message).where(_message.c.account_id.in_(select(_account.c.id)), _is_old)
)
# Each condition is that of a partial index; the state is a literal, because a parameter would not match the index.
_open = union(
    *(
        select(job.c.message_id).join_from(job, _message, _message.c.id == job.c.message_id).where(condition, _is_old)
        for job, condition in (
            (_callback, _callback.c.settled_on.is_(None)),
            (_sending, _sending.c.settled_on.is_(None)),
            (_sending, _sending.c.state == literal_column(f"'{JobState.HELD}'")),
        )
    )
)
_COUNT_OPEN: Final = select(func.count()).select_from(_open.subquery())
_ACCOUNTS: Final = (
    select(_account.c.id).where(exists().where(_message.c.account_id == _account.c.id, _is_old)).order_by(_account.c.id)
)
_last = _installation.c.pruned_on
# A time in the future was written by a clock that has been corrected since.
_due = or_(_last.is_(None), _last <= bindparam("due"), _last > bindparam("ahead"))
_IS_DUE: Final = select(_installation.c.id).where(_due)
_CLAIM_RUN: Final = update(_installation).where(_due).values(pruned_on=bindparam("now"))
