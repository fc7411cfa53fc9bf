"""Count the hours of the past, and count those again whose messages have changed since.

A total is only stored if nobody else has counted the same hour meanwhile. It may be older than its messages, but then
there is a note about the change that it lacks, and the total is not used.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, Connection, bindparam, delete, func, or_, select, text, type_coerce, update

from shortener.reporting import click_counts, tag_totals
from shortener.reporting.click_counts import ClickCounts
from shortener.reporting.message_counts import LATEST, MessageCounts
from shortener.rules.wire.moments import EPOCH, MICROSECOND, to_micros
from shortener.storage import db
from shortener.storage.bulk import skipping
from shortener.storage.changed_hours import HOUR, hour_of
from shortener.storage.models import UNTAGGED, Base

# Most first clicks come within a day. An earlier total would have to be counted again all the time.
YOUNGEST: Final = dt.timedelta(days=1)
NOTES: Final = 10_000  # that are read at once
TRIES, WAIT = 100, 0.1  # for other transactions to end, in seconds
Sleep = Callable[[float], object]


def claim_run(interval: dt.timedelta) -> bool:
    """Record that a run begins now, if the last one began at least `interval` ago; return whether it was recorded.

    The run may count the hours that ended a day ago: from the commit on, a change of their messages leaves a note. If
    the clock was set back, their totals are deleted, because new messages leave no note.
    """
    with db.read() as session:
        now = db.now(session)
        due = {"due": now - interval, "ahead": now + interval}
        if session.execute(_IS_DUE, due).first() is None:
            return False
    with db.write() as session:
        before = EPOCH + (now - YOUNGEST - EPOCH) // HOUR * HOUR
        if not session.connection().execute(_CLAIM, {"now": now, "before": before, **due}).rowcount:
            return False
        session.execute(_DELETE_LATER, {"hour": to_micros(before) // (HOUR // MICROSECOND)})
    return True


def count_hours(sleep: Sleep) -> Iterator[int]:
    """Count the hours with notes, those without a total, oldest first, and those without totals by tag, newest first.

    Yields after each how many were stored.

    The caller may stop at any point; `sleep` is called to wait for transactions of others, a tenth of a second at most.
    """
    with db.read() as session:
        # Read before the wait: what another process adds meanwhile has transactions of its own to wait for.
        end = session.scalars(_END).one()
    if end is None or not _others_ended(sleep):
        return
    for (account_id, hour), notes in _noted(end).items():
        yield _count(account_id, hour, notes)
    with db.read() as session:
        found = session.execute(_NEXT, {"end": end}).all()
    for account_id in [account_id for account_id, received in found if received is not None]:
        while (following := _next_hour(account_id, end)) is not None:
            yield _count(account_id, following, ())
    with db.read() as session:
        untagged = session.execute(_UNTAGGED).all()
    for account_id, hour in untagged:
        yield _count(account_id, hour, ())


def _others_ended(sleep: Sleep) -> bool:
    """Wait until all transactions that may have missed `totals_end_on` have ended; return whether they have.

    On SQLite, the transaction that wrote it had no other writer beside it.
    """
    if db.db.engine.dialect.name == "sqlite":
        return True
    # A number of our own, because those of all older transactions are lower. A snapshot's `xmax` may be one of theirs.
    with db.read() as session:
        begun = session.scalars(text("SELECT pg_current_xact_id()::text::bigint")).one()
    for _ in range(TRIES):
        with db.read() as session:
            if session.scalars(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")).one() >= begun:
                return True
        sleep(WAIT)
    return False


def _noted(end: dt.datetime) -> dict[tuple[int, int], list[int]]:
    """Return hours before `end` with their accounts, and the ids of the notes about them."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    with db.read() as session:
        for note_id, account_id, hour in session.execute(_NOTES, {"end": (end - EPOCH) // HOUR}):
            found[account_id, hour].append(note_id)
    return found


def _next_hour(account_id: int, end: dt.datetime) -> int | None:
    """Return the first hour with messages after the account's last total, if it is before `end`."""
    with db.read() as session:
        _, received = session.execute(_NEXT_OF, {"account": account_id, "end": end}).one()
    return None if received is None else (received - EPOCH) // HOUR


def _count(account_id: int, hour: int, notes: Sequence[int]) -> int:
    """Count an hour that has these notes; return 1 if the result was stored, else 0. No lock is held meanwhile."""
    counts, clicks, of_hour = MessageCounts(), ClickCounts(), {"account": account_id, "of_hour": hour}
    start, end = EPOCH + hour * HOUR, EPOCH + (hour + 1) * HOUR
    with db.read() as session:
        db.allow_time(session)
        version = session.scalars(_VERSION, of_hour).first()
        # Another process may have deleted some since, and SQLite gives their ids to later notes.
        notes = session.scalars(_STILL, {**of_hour, "ids": notes}).all() if notes else ()
        counts.add_rows(session, account_id, start, end, LATEST)
        clicks.add_rows(session, account_id, start, end)
        tags, now = tag_totals.of_hour(session, account_id, hour), db.now(session)
    with db.write() as session:
        document = {**counts.document(hour), click_counts.STORED: clicks.document()} if counts.messages else None
        is_stored = _store(session.connection(), account_id, hour, version, document)
        if is_stored:
            tag_totals.store(session.connection(), account_id, hour, tags, now)
        if is_stored and notes:
            session.execute(_DELETE_NOTES, {"ids": notes})
    return int(is_stored)


def _store(
    connection: Connection, account_id: int, hour: int, version: int | None, document: Mapping[str, Any] | None
) -> bool:
    """Store counts in place of the total of this version; return whether nobody else has done so before."""
    if version is None and document is None:
        return True
    values = {"account": account_id, "of_hour": hour, "seen": version}
    if version is None:
        new = {"account_id": account_id, "hour": hour, "version": 1, "counts": document}
        new["tagged_version"] = new["version"]
        return bool(_INSERT[connection.dialect.name].run(connection, [new]))
    if document is None:
        return bool(connection.execute(_DELETE, values).rowcount)
    return bool(connection.execute(_UPDATE, {**values, "new_counts": document}).rowcount)


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_account, _message, _installation, _total, _changed = (
    Base.metadata.tables[name] for name in ("account", "message", "installation", "hour_total", "changed_hour")
)
_last = _installation.c.totalled_on
# A time in the future was written by a clock that has been corrected since.
_due = or_(_last.is_(None), _last <= bindparam("due"), _last > bindparam("ahead"))
_IS_DUE: Final = select(_installation.c.id).where(_due)
_CLAIM: Final = (
    update(_installation).where(_due).values(totalled_on=bindparam("now"), totals_end_on=bindparam("before"))
)
_DELETE_LATER: Final = delete(_total).where(
    _total.c.account_id.in_(select(_account.c.id)), _total.c.hour >= bindparam("hour")
)
_END: Final = select(_installation.c.totals_end_on)  # may also move back, with the clock
_NOTES: Final = (
    select(*_changed.c["id", "account_id", "hour"])
    .where(_changed.c.hour < bindparam("end"))
    .where(_changed.c.hour < select(hour_of(_installation.c.totals_end_on)).scalar_subquery())
    .order_by(_changed.c.id)
    .limit(NOTES)
)
_these: Final = _changed.c.id.in_(bindparam("ids", expanding=True))
_STILL: Final = select(_changed.c.id).where(
    _these, _changed.c.account_id == bindparam("account"), _changed.c.hour == bindparam("of_hour")
)
_DELETE_NOTES: Final = delete(_changed).where(_these)
_behind: Final = select(func.coalesce(func.max(_total.c.hour) + 1, 0)).where(_total.c.account_id == _account.c.id)
# Each account with its first message behind its last total, or NULL; takes two looks into indexes for each.
_NEXT: Final = select(
    _account.c.id,
    select(_message.c.received_on)
    .where(
        _message.c.account_id == _account.c.id,
        type_coerce(_message.c.received_on, BigInteger)
        >= _behind.correlate(_account).scalar_subquery() * (HOUR // MICROSECOND),
        _message.c.received_on < bindparam("end"),
        _message.c.received_on < _END.scalar_subquery(),
    )
    .order_by(_message.c.received_on)
    .limit(1)
    .correlate(_account)
    .scalar_subquery(),
).order_by(_account.c.id)
_NEXT_OF: Final = _NEXT.where(_account.c.id == bindparam("account"))
_this = (_total.c.account_id == bindparam("account"), _total.c.hour == bindparam("of_hour"))
_VERSION: Final = select(_total.c.version).where(*_this)
_DELETE: Final = delete(_total).where(*_this, _total.c.version == bindparam("seen"))
_UPDATE: Final = (
    update(_total)
    .where(*_this, _total.c.version == bindparam("seen"))
    .values(version=_total.c.version + 1, tagged_version=_total.c.version + 1, counts=bindparam("new_counts"))
)
_UNTAGGED: Final = (
    select(_total.c.account_id, _total.c.hour).where(text(UNTAGGED)).order_by(_total.c.hour.desc()).limit(NOTES)
)
_INSERT: Final = skipping(_total, _total.c.keys())
