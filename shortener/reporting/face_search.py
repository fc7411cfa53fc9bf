"""Which messages a page of a vendor's list has, the newest first, at a cost that is bounded whatever the filter."""

import datetime as dt
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.reporting import face_filter
from shortener.reporting.face_filter import FaceFilter
from shortener.rules.wire import cursor
from shortener.storage.models import Message

EXAMINED: Final = 10_000  # messages of a block
BLOCKS: Final = 5  # that one page may examine
Place = tuple[dt.datetime, int]
Conditions = list[ColumnElement[bool]]


def search(session: Session, account: Sender, wanted: FaceFilter) -> tuple[list[int], Place | None]:
    """Return the ids of the messages that the filter selects, and the place after which there may be more."""
    before = cursor.row(wanted.cursor) if wanted.cursor is not None else None
    found: list[int] = []
    most = wanted.offset + wanted.limit
    for _ in range(BLOCKS):
        more, before = _block(session, account, wanted, before, most - len(found))
        found += more
        if before is None or len(found) == most:
            break
    return found[wanted.offset :], before


def _block(
    session: Session, account: Sender, wanted: FaceFilter, before: Place | None, most: int
) -> tuple[list[int], Place | None]:
    """Examine the next block; return at most so many ids, and where to continue."""
    examine = _led_by_index if wanted.is_direct else _in_order
    inside, last = examine(session, account, wanted, before)
    query = select(Message.received_on, Message.id).where(*inside, *face_filter.conditions(wanted))
    query = face_filter.with_tag(session, query, wanted.tag)
    rows = session.execute(query.order_by(*_newest(wanted)).limit(most + 1)).all()
    if len(rows) > most:
        rows, last = rows[:most], (rows[most - 1][0], rows[most - 1][1])
    return [row[1] for row in rows], last


def _newest(wanted: FaceFilter) -> list[ColumnElement[Any]]:
    """Return the order; by id alone if an index leads to the messages, which has no times."""
    return [Message.id.desc()] if wanted.is_direct else [Message.received_on.desc(), Message.id.desc()]


def _led_by_index(
    session: Session, account: Sender, wanted: FaceFilter, before: Place | None
) -> tuple[Conditions, Place | None]:
    """Return the conditions for the next block of those with these names or bulk ids, and the place of its last one.

    They are a query of their own, with a limit: else SQLite reads all of the account's messages by their times.
    """
    inside = face_filter.direct(session, account, wanted)
    inside += [Message.id < before[1]] if before is not None else []
    last = _last(session, select(Message.received_on, Message.id).where(*inside), wanted)
    ids = select(Message.id).where(*inside).order_by(*_newest(wanted)).limit(EXAMINED)
    return [Message.id.in_(ids), *face_filter.received_when(wanted)], last


def _in_order(
    session: Session, account: Sender, wanted: FaceFilter, before: Place | None
) -> tuple[Conditions, Place | None]:
    """Return the conditions for the next block of the account's messages, and the place of its last one."""
    place = tuple_(Message.received_on, Message.id)
    inside = [Message.account_id == account.id]
    inside += [Message.state == wanted.one_state] if wanted.one_state is not None else []  # has an index
    inside += [place < before] if before is not None else []
    period = face_filter.received_when(wanted)
    last = _last(session, select(Message.received_on, Message.id).where(*inside, *period), wanted)
    # The nearest bounds first: of two on one side SQLite uses the first, and reads all that is between them.
    return [*inside, *([place >= last] if last is not None else []), *period], last


def _last(session: Session, query: Select[*tuple[Any, ...]], wanted: FaceFilter) -> Place | None:
    """Return the place of the last message of a block; None if there are no more behind it."""
    found = session.execute(query.order_by(*_newest(wanted)).offset(EXAMINED - 1).limit(1)).first()
    return (found[0], found[1]) if found is not None else None
