"""What became of an account's messages with a tag, and the list of its tags."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError
from shortener.reporting import tag_counts, tag_cover
from shortener.reporting.tag_counts import ALL, TagCounts
from shortener.reporting.tag_cover import Cover
from shortener.rules.wire.moments import EPOCH, from_micros
from shortener.storage.changed_hours import HOUR
from shortener.storage.models import Base

LONGEST: Final = dt.timedelta(days=400)
MOST_HOURS: Final = 2_160  # with messages of a tag that is used all the time: 90 days
MOST_TOTALS: Final = 100_000  # that are added up for one list


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many messages there are, how many of them have a link, and how many a counted click, at any time."""

    messages: int
    with_link: int
    clicked: int

    @property
    def click_rate(self) -> float | None:
        """The share of the messages with a link that were clicked; None if there are none."""
        return self.clicked / self.with_link if self.with_link else None


@dataclass(frozen=True, slots=True)
class Tag(Numbers):
    """A tag with its numbers, and when its first and its last message of the period were received."""

    name: str
    first_on: dt.datetime
    last_on: dt.datetime


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of a period, in no order.

    A period with very many tags is only looked at back to `looked_back_to`. With `leaves_out`, hours with very many
    tags lack those with the fewest messages.
    """

    rows: Sequence[Tag]
    cover: Cover
    looked_back_to: dt.datetime | None
    leaves_out: bool


def whole_hours(start: dt.datetime, end: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return a period extended to whole hours; InvalidFieldsError if it is empty or longer than 400 days."""
    if not dt.timedelta() < end - start <= LONGEST:
        raise InvalidFieldsError({"to": [f"must be after from, by at most {LONGEST.days} days"]})
    return EPOCH + (start - EPOCH) // HOUR * HOUR, EPOCH - (EPOCH - end) // HOUR * HOUR


def last_hours(now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return the longest period that has the present hour."""
    end = EPOCH + ((now - EPOCH) // HOUR + 1) * HOUR
    return end - LONGEST, end


def one(
    session: Session, account: Sender, tag: str, start: dt.datetime, end: dt.datetime
) -> tuple[TagCounts, Cover, bool]:
    """Count the messages with a tag; also return how, and whether hours with very many tags may lack this one."""
    cover, found = tag_cover.of(session, account.id, start, end), TagCounts()
    totals = select(_total.c.hour, _total.c.details, _first_on, _last_on).where(_total.c.tag == tag)
    for hour, details, first_on, last_on in session.execute(totals.where(*cover.totals(account.id))):
        found.received(first_on, last_on)
        found.add_document(hour, details)
    for begin, until in cover.rows:
        if (more := tag_counts.of_rows(session, account.id, begin, until, tag=tag).get(tag)) is not None:
            found.add(more)
    return found, cover, _leaves_out(session, account, cover)


def all_of(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> Tags:
    """Count the messages of each tag."""
    looked_back_to = _too_far(session, account, start, end)
    begins = looked_back_to or start
    cover = tag_cover.of(session, account.id, begins, end)
    messages, with_link, clicked = (func.sum(_total.c[name]) for name in ("messages", "with_link", "clicked"))
    columns = (_total.c.tag, messages, with_link, clicked, func.min(_first_on), func.max(_last_on))
    query = select(*columns).where(_total.c.tag != ALL)
    found: dict[str, Tag] = {}
    for row in session.execute(query.where(*cover.totals(account.id)).group_by(_total.c.tag)):
        found[row[0]] = _tag(row[0], (int(row[1]), int(row[2]), int(row[3])), row[4], row[5])
    for since, until in cover.rows:
        for tag, counts in tag_counts.of_rows(session, account.id, since, until, hosts=False).items():
            if tag != ALL:
                found[tag] = _with(found.get(tag), tag, counts)
    return Tags(list(found.values()), cover, looked_back_to, _leaves_out(session, account, cover))


def numbers(
    session: Session, account: Sender, tag: str | None, start: dt.datetime, end: dt.datetime
) -> tuple[Numbers, Cover, bool]:
    """Count the messages of a period with a tag, or all of them; also return how, and whether a tag may be lacking."""
    cover, name = tag_cover.of(session, account.id, start, end), ALL if tag is None else tag
    sums = [func.coalesce(func.sum(_total.c[column]), 0) for column in ("messages", "with_link", "clicked")]
    messages, with_link, clicked = session.execute(
        select(*sums).where(_total.c.tag == name, *cover.totals(account.id))
    ).one()
    found = TagCounts()
    for begin, until in cover.rows:
        rows = tag_counts.of_rows(session, account.id, begin, until, tag=name, hosts=False)
        if name in rows:
            found.add(rows[name])
    counts, leaves_out = found.counts, tag is not None and _leaves_out(session, account, cover)
    return (
        Numbers(
            int(messages) + counts.messages.total(), int(with_link) + counts.with_link, int(clicked) + counts.clicked
        ),
        cover,
        leaves_out,
    )


def newest_hours(session: Session, account: Sender, tag: str) -> dt.datetime | None:
    """Return when the last `MOST_HOURS` hours with messages of a tag begin; None if there are not more."""
    mine = (_total.c.account_id == account.id, _total.c.tag == tag)
    query = select(_total.c.hour).where(*mine).order_by(_total.c.hour.desc()).offset(MOST_HOURS).limit(1)
    hour = session.scalars(query).first()
    return None if hour is None else EPOCH + (hour + 1) * HOUR


def _too_far(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> dt.datetime | None:
    """Return the begin of the hour from which on there are as many totals as may be added up; None if all may be."""
    first, last = -((EPOCH - start) // HOUR), (end - EPOCH) // HOUR
    mine = (_total.c.account_id == account.id, _total.c.hour >= first, _total.c.hour < last)
    query = select(_total.c.hour).where(*mine).order_by(_total.c.hour.desc()).offset(MOST_TOTALS).limit(1)
    hour = session.scalars(query).first()
    return None if hour is None else EPOCH + (hour + 1) * HOUR


def _leaves_out(session: Session, account: Sender, cover: Cover) -> bool:
    most = select(func.max(_total.c.left_out)).where(_total.c.tag == ALL, *cover.totals(account.id))
    return bool(session.scalars(most).one())


def _with(before: Tag | None, name: str, found: TagCounts) -> Tag:
    counts, first_on, last_on = found.counts, found.first_on or 0, found.last_on or 0
    these = (counts.messages.total(), counts.with_link, counts.clicked)
    more = _tag(name, these, first_on, last_on)
    if before is None:
        return more
    return Tag(
        messages=before.messages + more.messages,
        with_link=before.with_link + more.with_link,
        clicked=before.clicked + more.clicked,
        name=name,
        first_on=min(before.first_on, more.first_on),
        last_on=max(before.last_on, more.last_on),
    )


def _tag(name: str, found: tuple[int, int, int], first_on: int, last_on: int) -> Tag:
    messages, with_link, clicked = found
    return Tag(messages, with_link, clicked, name, from_micros(first_on), from_micros(last_on))


_total = Base.metadata.tables["tag_total"]
_first_on, _last_on = (type_coerce(_total.c[name], BigInteger) for name in ("first_on", "last_on"))
