"""Totals of an account's messages in a period."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.callbacks import conditions
from shortener.errors import InvalidFieldsError
from shortener.reporting import period_counts, sending_numbers
from shortener.reporting.message_counts import QUARTER, MessageCounts
from shortener.reporting.sending_numbers import SendingNumbers
from shortener.rules.wire.moments import MICROSECOND, to_micros
from shortener.storage.models import Callback

LONGEST = dt.timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was counted from `start` to before `end`, which may lie partly outside the period."""

    start: dt.datetime
    end: dt.datetime
    messages: int
    first_clicks: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The totals of the messages received in a period; `clicked` ones have a first click at any time.

    `median_to_click` is rounded down to seconds; from an hour on to minutes, and from a day on to hours.
    `waiting` callbacks are not settled now, however old they are; `failing` ones among them have a failed attempt;
    `exhausted` ones were created within the period, about clicks or receipts.
    """

    messages: int
    with_link: int
    clicked: int
    click_rate: float | None
    median_to_click: dt.timedelta | None
    waiting: int
    failing: int
    exhausted: int
    delivery: SendingNumbers
    counts: MessageCounts
    end: dt.datetime

    def buckets(self, begins: Sequence[dt.datetime]) -> list[Bucket]:
        """Return the numbers of each piece of the period, also of empty ones; `begins` says when each began."""
        return buckets_of(self.counts, begins, self.end)


def check(start: dt.datetime, end: dt.datetime) -> None:
    """InvalidFieldsError if a period is empty or longer than 400 days."""
    if not dt.timedelta() < end - start <= LONGEST:
        raise InvalidFieldsError({"to": [f"must be after from, by at most {LONGEST.days} days"]})


def overview(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> Overview:
    """Count the period; raises the error of `check`."""
    check(start, end)
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
        delivery=sending_numbers.of(counts),
        counts=counts,
        end=end,
    )


def buckets_of(counts: MessageCounts, begins: Sequence[dt.datetime], end: dt.datetime) -> list[Bucket]:
    """Return the numbers of each piece of a period, also of empty ones; `begins` says when each began.

    Each begins at a quarter of an hour. Messages count by the time of receipt, and their first clicks by the time of
    the click, up to the period's end.
    """
    messages, clicks = (_by_piece(begins, counted) for counted in (counts.messages, counts.clicks))
    ends = [*begins[1:], max(end, begins[-1])]
    return [Bucket(*piece) for piece in zip(begins, ends, messages, clicks, strict=True)]


def _unsettled(session: Session, account: Sender) -> tuple[int, int]:
    failing = case((conditions.has_failed(), 1))
    query = select(func.count(), func.count(failing)).where(Callback.settled_on.is_(None), *conditions.of(account))
    waiting, failing_count = session.execute(query).one()
    return waiting, failing_count


def _exhausted(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> int:
    # By destination: with the account named instead, SQLite reads every callback of the period.
    selected = (conditions.is_exhausted(), *conditions.of(account), *conditions.clicked(start, end))
    return session.scalars(select(func.count()).where(*selected)).one()


def _by_piece(begins: Sequence[dt.datetime], counted: Mapping[int, int]) -> list[int]:
    """Add up what was counted by the quarter of an hour."""
    firsts, found = [to_micros(begin) // (QUARTER // MICROSECOND) for begin in begins], [0] * len(begins)
    for quarter, count in counted.items():
        if quarter >= firsts[0]:  # a clock may have been wrong
            found[bisect_right(firsts, quarter) - 1] += count
    return found
