"""Remove messages whose time is over: a few at a time, never in anybody's way.

Each transaction is small and is committed before the next one begins, so that others write in between, and an end at
any moment leaves whole messages behind. Any number of processes may prune at once.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import accumulate, takewhile
from typing import Final

from sqlalchemy import Connection, bindparam, exists, func, or_, select, update

from shortener.installation import clock
from shortener.retention import statements
from shortener.retention.statements import OldMessage, Place
from shortener.storage import db
from shortener.storage.models import Base

MESSAGES: Final = 100  # to a transaction
CLICKS: Final = 5_000  # to a transaction; where one message has more, they go in parts, the oldest first
PAGES: Final = 200  # of a SQLite file that are given back by a transaction
SPARE: Final = 10  # a tenth of a SQLite file may stay free: what comes fills it again
EASE: Final = 5  # the pause behind a transaction, in times of what it took: most of the time is others'
SHORTEST_PAUSE: Final = 0.01  # seconds
START: Final[Place] = (dt.datetime(1970, 1, 1, tzinfo=dt.UTC), 0)
Rest = Callable[[float], object]


def prune(before: dt.datetime, rest: Rest = time.sleep) -> Iterator[int]:
    """Remove what was received at `before` or earlier; give, after each transaction, how many messages it removed.

    Never one whose callback is still to be attempted. `rest` is called between transactions with the seconds that
    others are to have. Who takes no more ends it. At last a SQLite file that has much room free gets smaller.
    """
    for account_id in _accounts(before):
        place: Place | None = START
        while place is not None:
            began = time.monotonic()
            with db.write() as session:
                removed, place = _remove_some(session.connection(), account_id, before, place)
            yield removed
            rest(_pause(began))
    yield from _give_back_room(rest)


def count(before: dt.datetime) -> int:
    """How many messages `prune` would remove now."""
    with db.read() as session:
        db.allow_time(session)
        connection = session.connection()
        every, open_ = (connection.scalars(each, {"before": before}).one() for each in (_COUNT, _COUNT_OPEN))
        return int(every - open_)


def take_turn(every: dt.timedelta) -> bool:
    """Whether it is time to prune again, and no other process has set about it; then it is ours to do."""
    with db.read() as session:
        now = db.now(session)
        due = {"due": now - every, "ahead": now + every}
        if session.connection().execute(_IS_DUE, due).first() is None:
            return False
    with db.write() as session:
        now = db.now(session)
        taken = bool(session.connection().execute(_TAKE_TURN, {"now": now, **due}).rowcount)
        if taken:
            clock.note(session, now)
        return taken


def before(life: dt.timedelta) -> dt.datetime:
    """Messages that were received at this moment or earlier have had their time; ClockError where the clock leapt."""
    with db.read() as session:
        now = db.now(session)
        clock.check(session, now)
        return now - life


def _accounts(before: dt.datetime) -> Sequence[int]:
    """Those that have messages so old: a step of the index for each."""
    with db.read() as session:
        return session.connection().scalars(_ACCOUNTS, {"before": before}).all()


def _remove_some(
    connection: Connection, account_id: int, before: dt.datetime, place: Place
) -> tuple[int, Place | None]:
    """Remove an account's oldest messages behind a place; give how many, and where to go on."""
    found = statements.oldest(
        connection, account_id, before=before, behind=place, most=MESSAGES, most_clicks=CLICKS + 1
    )
    some = _with_few_clicks(found)
    if found and not some:
        statements.remove_clicks(connection, found[0], CLICKS)
        return 0, place
    free = [message for message in some if message.is_free]
    statements.remove(connection, free)
    return len(free), some[-1].place if some else None


def _with_few_clicks(messages: Sequence[OldMessage]) -> list[OldMessage]:
    """The first ones, as many as together have no more clicks than a transaction may remove."""
    clicks = accumulate(message.clicks if message.is_free else 0 for message in messages)
    return [message for message, _ in takewhile(lambda pair: pair[1] <= CLICKS, zip(messages, clicks, strict=True))]


def _give_back_room(rest: Rest) -> Iterator[int]:
    """Make a SQLite file smaller that has much room free; PostgreSQL fills its own again."""
    while db.db.engine.dialect.name == "sqlite":
        began = time.monotonic()
        with db.write() as session:
            if not _give_back_some(session.connection()):
                return
        yield 0
        rest(_pause(began))


def _give_back_some(connection: Connection) -> bool:
    pages, free = (_pragma(connection, name) for name in ("page_count", "freelist_count"))
    too_many = min(free - pages // SPARE, PAGES)
    if too_many <= 0:
        return False
    with closing(connection.connection.cursor()) as cursor:
        cursor.execute(f"PRAGMA incremental_vacuum({too_many})")
        cursor.fetchall()  # a page with each row that is taken, though no row holds anything
    return _pragma(connection, "page_count") < pages  # not in a file from before it was made able to shrink


def _pragma(connection: Connection, name: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


def _pause(began: float) -> float:
    return max(EASE * (time.monotonic() - began), SHORTEST_PAUSE)


# Statements are built once, and on tables: to put them together takes longer than to run them.
_account, _message, _link, _callback, _installation = (
    Base.metadata.tables[name] for name in ("account", "message", "link", "callback", "installation")
)
_is_old = _message.c.received_on <= bindparam("before")
# By the account, though all accounts are meant: so the index leads to the old ones.
_COUNT: Final = (
    select(func.count()).select_from(_message).where(_message.c.account_id.in_(select(_account.c.id)), _is_old)
)
_COUNT_OPEN: Final = (
    select(func.count(_message.c.id.distinct()))
    .join_from(_callback, _link)
    .join(_message)
    .where(_callback.c.settled_on.is_(None), _is_old)
)
_ACCOUNTS: Final = (
    select(_account.c.id).where(exists().where(_message.c.account_id == _account.c.id, _is_old)).order_by(_account.c.id)
)
_last = _installation.c.pruned_on
# In the future: a clock that was ahead has been set back since.
_due = or_(_last.is_(None), _last <= bindparam("due"), _last > bindparam("ahead"))
_IS_DUE: Final = select(_installation.c.id).where(_due)
_TAKE_TURN: Final = update(_installation).where(_due).values(pruned_on=bindparam("now"))
