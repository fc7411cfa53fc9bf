"""Totals of an account's messages in a period."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.callbacks import conditions
from shortener.errors import InvalidFieldsError
from shortener.reporting import period_counts, sending_numbers
from shortener.reporting.message_counts import QUARTER, MessageCounts
from shortener.reporting.sending_numbers import SendingNumbers
from shortener.rules.wire.moments import EPOCH, MICROSECOND, to_micros
from shortener.storage.models import Callback

LONGEST = dt.timedelta(days=400)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bucket:
    """An hour or a day in UTC; the first and the last one may lie partly outside the period."""

    start: dt.datetime
    messages: int
    first_clicks: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The totals of the messages received in a period; `clicked` ones have a first click at any time.

    `median_to_click` is rounded down to seconds; from an hour on to minutes, and from a day on to hours.
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
    delivery: SendingNumbers


def overview(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> Overview:
    """Count the period; InvalidFieldsError if it is empty or longer than 400 days."""
    if not dt.timedelta() < end - start <= LONGEST:
        raise InvalidFieldsError({"to": [f"must be after from, by at most {LONGEST.days} days"]})
    counts = period_counts.counted(session, account.id, start, end)
    waiting, failing = _unsettled(session, account)
    return Overview(
        messages=counts.messages.total(),
        with_link=counts.with_link,
        clicked=counts.clicked,
        click_rate=counts.clicked / counts.with_link if counts.with_link else None,
        median_to_click=counts.median_took(),
        waiting=waiting,
        failing=failing,
        exhausted=_exhausted(session, account, start, end),
        days=_buckets(start, end, DAY, counts),
        hours=_buckets(start, end, HOUR, counts),
        delivery=sending_numbers.of(counts),
    )


def _unsettled(session: Session, account: Sender) -> tuple[int, int]:
    failing = case((conditions.has_failed(), 1))
    query = select(func.count(), func.count(failing)).where(Callback.settled_on.is_(None), *conditions.of(account))
    waiting, failing_count = session.execute(query).one()
    return waiting, failing_count


def _exhausted(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> int:
    # By destination: with the account named instead, SQLite reads every callback of the period.
    selected = (conditions.is_exhausted(), *conditions.of(account), *conditions.clicked(start, end))
    return session.scalars(select(func.count()).where(*selected)).one()


def _buckets(start: dt.datetime, end: dt.datetime, width: dt.timedelta, counts: MessageCounts) -> list[Bucket]:
    """Return every hour or day of the period, including empty ones."""
    size = width // QUARTER
    first, last = (to_micros(moment) // (width // MICROSECOND) for moment in (start, end - MICROSECOND))
    messages, clicks = ([0] * (last - first + 1) for _ in range(2))
    for counted, found in ((counts.messages, messages), (counts.clicks, clicks)):
        for quarter, count in counted.items():
            if first <= quarter // size:  # a clock may have been wrong
                found[quarter // size - first] += count
    return [
        Bucket(start=EPOCH + number * width, messages=received, first_clicks=clicked)
        for number, received, clicked in zip(range(first, last + 1), messages, clicks, strict=True)
    ]
