"""Totals of an account's messages in a period, counted from rows."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, func, null, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from shortener.accounts.senders import Sender
from shortener.callbacks import conditions
from shortener.errors import InvalidFieldsError
from shortener.messages.first_link import is_first_link_of
from shortener.rules.links.tracking import Track
from shortener.rules.wire.moments import EPOCH, MICROSECOND, to_micros
from shortener.storage.models import Callback, Link, Message

LONGEST = dt.timedelta(days=400)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
LATER = -1  # the hour of a first click after the period


@dataclass(frozen=True, slots=True)
class Bucket:
    """An hour or a day in UTC; the first and the last one may lie partly outside the period."""

    start: dt.datetime
    messages: int
    first_clicks: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The totals of the messages received in a period; `clicked` ones have a first click at any time.

    `waiting` callbacks are not settled now, however old they are; `failing` ones among them have a failed attempt;
    `exhausted` ones were created within the period, about clicks or receipts. `days` and `hours` count the period's
    messages by the time of receipt, and their first clicks by the time of the click, up to the period's end.
    """

    messages: int
    with_link: int
    clicked: int
    click_rate: float | None
    median_to_click: dt.timedelta | None
    waiting: int
    failing: int
    exhausted: int
    days: list[Bucket]
    hours: list[Bucket]


def overview(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> Overview:
    """Count the period; InvalidFieldsError if it is empty or longer than 400 days."""
    if not dt.timedelta() < end - start <= LONGEST:
        raise InvalidFieldsError({"to": [f"must be after from, by at most {LONGEST.days} days"]})
    inside = and_(Message.account_id == account.id, Message.received_on >= start, Message.received_on < end)
    messages, first, last = _received(session, inside)
    # Redundant, but without it PostgreSQL would read all links.
    inside = and_(inside, Link.message_id >= first, Link.message_id <= last)
    links: Counter[int | None] = Counter(dict(_grouped(session, _links(inside, end))))
    clicked = sum(links.values()) - links[None]
    waiting, failing = _unsettled(session, account)
    return Overview(
        messages=sum(messages.values()),
        with_link=sum(links.values()),
        clicked=clicked,
        click_rate=clicked / sum(links.values()) if links else None,
        median_to_click=_median(session, inside, clicked),
        waiting=waiting,
        failing=failing,
        exhausted=_exhausted(session, account, start, end),
        days=_buckets(start, end, DAY, messages, links),
        hours=_buckets(start, end, HOUR, messages, links),
    )


# The first click on any link of a message. Most have one link, so the others are read only for those with several.
_another = aliased(Link)
_earliest = select(func.min(_another.accessed_on)).where(_another.message_id == Message.id).correlate(Message)
_FIRST_CLICK: Final = case((Message.track == Track.ALL, _earliest.scalar_subquery()), else_=Link.accessed_on)


def _micros(moment: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[int]:
    return type_coerce(moment, BigInteger)


def _hour(moment: ColumnElement[Any] | InstrumentedAttribute[Any]) -> ColumnElement[int]:
    return _micros(moment) // (HOUR // MICROSECOND)


def _joined(*columns: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    return select(*columns).select_from(Message).join(Link, is_first_link_of(Message.id))


def _links(inside: ColumnElement[bool], end: dt.datetime) -> Select[*tuple[Any, ...]]:
    """Count the messages with links by the hour of their first click; None if there was no click."""
    hour = case((_FIRST_CLICK.is_(None), null()), (end > _FIRST_CLICK, _hour(_FIRST_CLICK)), else_=LATER)
    return _joined(hour, func.count()).where(inside)


def _received(session: Session, inside: ColumnElement[bool]) -> tuple[dict[int | None, int], int, int]:
    """Count the messages by hour; also return the lowest and the highest of their ids."""
    columns = (_hour(Message.received_on), func.count(), func.min(Message.id), func.max(Message.id))
    rows = _grouped(session, select(*columns).where(inside))
    ids = [row_id for _, _, *ends in rows for row_id in ends]
    return {hour: count for hour, count, *_ in rows}, min(ids, default=0), max(ids, default=0)


def _grouped(session: Session, query: Select[*tuple[Any, ...]]) -> Sequence[Any]:
    """Group the query by its first column, and return the rows."""
    return session.execute(query.group_by(query.selected_columns[0])).all()


def _median(session: Session, inside: ColumnElement[bool], clicked: int) -> dt.timedelta | None:
    """Return the median time to the first click."""
    if not clicked:
        return None
    took = _joined(_micros(_FIRST_CLICK) - _micros(Message.received_on)).where(inside, _FIRST_CLICK.is_not(None))
    odd = clicked % 2
    middle = took.order_by(took.selected_columns[0]).offset((clicked - 1) // 2).limit(1 if odd else 2)
    micros = session.scalars(middle).all()
    return dt.timedelta(microseconds=sum(micros) / len(micros)) if micros else None


def _unsettled(session: Session, account: Sender) -> tuple[int, int]:
    failing = case((conditions.has_failed(), 1))
    query = select(func.count(), func.count(failing)).where(Callback.settled_on.is_(None), *conditions.of(account))
    waiting, failing_count = session.execute(query).one()
    return waiting, failing_count


def _exhausted(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> int:
    selected = (Callback.account_id == account.id, conditions.is_exhausted(), *conditions.clicked(start, end))
    return session.scalars(select(func.count()).where(*selected)).one()


def _buckets(
    start: dt.datetime,
    end: dt.datetime,
    width: dt.timedelta,
    messages: Mapping[int | None, int],
    links: Mapping[int | None, int],
) -> list[Bucket]:
    """Return every hour or day of the period, including empty ones."""
    size = width // HOUR
    first, last = (to_micros(moment) // (width // MICROSECOND) for moment in (start, end - MICROSECOND))
    return [
        Bucket(
            start=EPOCH + number * width,
            messages=sum(messages.get(hour, 0) for hour in range(number * size, (number + 1) * size)),
            first_clicks=sum(links.get(hour, 0) for hour in range(number * size, (number + 1) * size)),
        )
        for number in range(first, last + 1)
    ]
