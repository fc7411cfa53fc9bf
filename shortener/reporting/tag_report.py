"""The list of an account's tags, page by page, and the report of one."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.reporting import period_numbers, sending_numbers, tags
from shortener.reporting.message_counts import QUARTER
from shortener.reporting.sending_numbers import SendingNumbers
from shortener.reporting.tag_counts import OTHERS, TagCounts
from shortener.reporting.tag_cover import Cover
from shortener.reporting.tag_documents import (
    ListedTag,
    Order,
    Period,
    TagConditions,
    TagFilter,
    TagPage,
    TagPeriod,
    TagReport,
)
from shortener.reporting.tags import Numbers, Tag, Tags
from shortener.rules.wire import cursor
from shortener.rules.wire.moments import EPOCH, from_micros, rfc3339, rfc3339_or_none, to_micros
from shortener.storage import db

HOSTS: Final = 10
MORE_THAN_MESSAGES: Final = 10**12  # that a tag has; times a million, it fits into a cursor


@dataclass(frozen=True, slots=True)
class Page:
    """Tags in order, those of the whole period that they are from, and a cursor if there are more."""

    rows: Sequence[Tag]
    found: Tags
    start: dt.datetime
    end: dt.datetime
    next: str | None


@dataclass(frozen=True, slots=True)
class Report(Numbers):
    """What became of the messages with a tag in `[start, end)`."""

    tag: str
    start: dt.datetime
    end: dt.datetime
    counts: TagCounts
    is_whole: bool  # the period is not shorter because the tag is used all the time
    cover: Cover
    leaves_out: bool

    @property
    def first_on(self) -> dt.datetime | None:
        """When the first message was received."""
        return None if self.counts.first_on is None else from_micros(self.counts.first_on)

    @property
    def last_on(self) -> dt.datetime | None:
        """When the last message was received."""
        return None if self.counts.last_on is None else from_micros(self.counts.last_on)

    @property
    def delivery(self) -> SendingNumbers:
        """What became of those that were sent."""
        return sending_numbers.of(self.counts.counts)

    @property
    def median_to_click(self) -> dt.timedelta | None:
        """The median time to the first click."""
        return self.counts.counts.median_took()

    def hosts(self) -> list[tuple[str, int, int]]:
        """Return the hosts with the most links, with links and clicked links; the last one may be all others."""
        ordered = sorted(
            ((host, links, clicked) for host, (links, clicked) in self.counts.hosts.items() if host != OTHERS),
            key=lambda one: (-one[1], one[0]),
        )
        rest = [*ordered[HOSTS:], *([(OTHERS, *self.counts.hosts[OTHERS])] if OTHERS in self.counts.hosts else [])]
        others = (OTHERS, sum(links for _, links, _ in rest), sum(clicked for *_, clicked in rest))
        return [*ordered[:HOSTS], *([others] if rest else [])]


def report(session: Session, account: Sender, tag: str, wanted: Period) -> Report:
    """Count the messages with a tag in a period; by default 400 days, or 2,160 hours with messages if they are more."""
    start, end = _period(session, wanted, tags.LONGEST)
    since = None if wanted.start or wanted.end else tags.newest_hours(session, account, tag)
    start = max(since or start, start)
    counts, cover, leaves_out = tags.one(session, account, tag, start, end)
    found = counts.counts
    numbers = (found.messages.total(), found.with_link, found.clicked)
    return Report(*numbers, tag, start, end, counts, since is None, cover, leaves_out)


def page(session: Session, account: Sender, wanted: TagFilter, *, size: int) -> Page:
    """Return a page of the tags of a period; without one, of the last 30 days."""
    found, start, end = listed(session, account, wanted)
    rows = _ordered(found.rows, wanted.order)
    if wanted.cursor is not None:
        number, name = cursor.named(wanted.cursor)
        rows = [row for row in rows if _place(row, wanted.order) > (-number, name)]
    last = rows[size - 1] if len(rows) > size else None
    after = cursor.after_name(-_place(last, wanted.order)[0], last.name) if last else None
    return Page(rows[:size], found, start, end, after)


def listed(session: Session, account: Sender, wanted: TagConditions) -> tuple[Tags, dt.datetime, dt.datetime]:
    """Return all tags of a period, in no order, and the period that was looked at."""
    start, end = _period(session, wanted, dt.timedelta(days=30))
    found = tags.all_of(session, account, start, end)
    return found, found.looked_back_to or start, end


def documents(rows: Sequence[Tag], order: Order, base_url: str) -> list[ListedTag]:
    """Return tags in order, as lists show them."""
    return [
        {
            "tag": row.name,
            "messages": row.messages,
            "with_link": row.with_link,
            "clicked": row.clicked,
            "click_rate": row.click_rate,
            "first_on": rfc3339(row.first_on),
            "last_on": rfc3339(row.last_on),
            "url": f"{base_url}/v1/tags/{quote(row.name, safe='')}",
        }
        for row in _ordered(rows, order)
    ]


def page_document(session: Session, account: Sender, wanted: TagFilter, base_url: str) -> TagPage:
    """Return the document of a page of tags."""
    found = page(session, account, wanted, size=wanted.limit)
    # The whole period is named, so that all pages are of the same one.
    period = {"from": rfc3339(found.start), "to": rfc3339(found.end)}
    rest = urlencode({**wanted.parameters(), **period, "cursor": found.next}) if found.next else None
    return {
        "tags": documents(found.rows, wanted.order, base_url),
        "from": rfc3339(found.start),
        "to": rfc3339(found.end),
        "counted_on": rfc3339_or_none(found.found.cover.counted_on),
        "complete": found.found.cover.is_complete and not found.found.leaves_out,
        "next": f"{base_url}/v1/tags?{rest}" if rest else None,
    }


def report_document(session: Session, account: Sender, tag: str, wanted: TagPeriod) -> TagReport:
    """Return the document of a tag's report."""
    found = report(session, account, tag, wanted)
    return {
        "tag": tag,
        "from": rfc3339(found.start),
        "to": rfc3339(found.end),
        "messages": found.messages,
        "with_link": found.with_link,
        "clicked": found.clicked,
        "click_rate": found.click_rate,
        "first_on": rfc3339_or_none(found.first_on),
        "last_on": rfc3339_or_none(found.last_on),
        "states": dict(found.delivery.states),
        "median_seconds_to_click": found.median_to_click.total_seconds() if found.median_to_click is not None else None,
        "median_is_exact": not found.counts.is_rough,
        "pieces": [
            {"start": rfc3339(piece.start), "messages": piece.messages, "first_clicks": piece.first_clicks}
            for piece in _pieces(found, wanted.width())
            if piece.messages or piece.first_clicks
        ],
        "hosts": [{"host": host, "links": links, "clicked": clicked} for host, links, clicked in found.hosts()],
        "counted_on": rfc3339_or_none(found.cover.counted_on),
        "complete": found.cover.is_complete and not found.leaves_out,
    }


def ends(found: Report) -> dt.datetime:
    """Return when the last click was, or the last message was received, to the quarter of an hour after it."""
    quarters = [*found.counts.counts.clicks, *found.counts.counts.messages]
    return EPOCH + (max(quarters, default=0) + 1) * QUARTER


def _pieces(found: Report, width: dt.timedelta) -> list[period_numbers.Bucket]:
    if found.first_on is None:
        return []
    first, end = EPOCH + (found.first_on - EPOCH) // width * width, ends(found)
    begins = [first + place * width for place in range(-((first - end) // width))]
    return period_numbers.buckets_of(found.counts.counts, begins, end)


def _period(session: Session, wanted: Period, length: dt.timedelta) -> tuple[dt.datetime, dt.datetime]:
    latest = tags.last_hours(db.now(session))[1]
    end = wanted.end or latest
    start = wanted.start or max(end - length, EPOCH)
    return tags.whole_hours(start, end)


def _ordered(rows: Sequence[Tag], order: Order) -> list[Tag]:
    return sorted(rows, key=lambda row: _place(row, order))


def _place(row: Tag, order: Order) -> tuple[int, str]:
    """Return what the row is sorted by; of equal click rates, that of more messages comes first."""
    if order is Order.CLICK_RATE:
        rate = -1 if row.click_rate is None else round(row.click_rate * 1_000_000)
        return -(rate * MORE_THAN_MESSAGES + row.messages), row.name
    return -(to_micros(row.last_on) if order is Order.NEWEST else row.messages), row.name
