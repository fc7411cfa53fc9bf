"""How many messages a list has, and how many of them were clicked. The cost is bounded, whatever the filter."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from sqlalchemy import case, func, literal, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.reporting import message_lists, tags
from shortener.reporting.message_filter import Filter
from shortener.reporting.tag_documents import ListTotals
from shortener.reporting.tags import Numbers
from shortener.rules.slug import Slugs
from shortener.rules.wire.moments import EPOCH, rfc3339_or_none
from shortener.storage import db
from shortener.storage.models import Link

TOTALLED: Final = frozenset({"from", "to", "tag", "clicked", "limit"})  # filters that totals of hours answer
LOOKED_AT: Final = sum(message_lists.LOOKED_AT)


@dataclass(frozen=True, slots=True)
class Total(Numbers):
    """The numbers of a list.

    If they are not `is_whole`, they are those of the newest `looked_at` messages of the period, or lack messages that
    are not counted yet. Some are as old as `counted_on`.
    """

    is_whole: bool
    looked_at: int | None = None
    counted_on: dt.datetime | None = None


def of(session: Session, account: Sender, wanted: Filter, slugs: Slugs) -> Total:
    """Count the account's messages that the filter selects, on all pages."""
    if wanted.parameters().keys() <= TOTALLED:
        return _from_totals(session, account, wanted)
    before = (wanted.end, 0) if wanted.end is not None else None
    looked_at, conditions, rest = message_lists.examined(session, account, wanted, slugs, before, LOOKED_AT)
    links = select(func.max(case((Link.accessed_on.is_not(None), 1), else_=0)))
    clicked = links.where(Link.message_id == looked_at.c.id).correlate(looked_at).scalar_subquery()
    selected = select(clicked.label("clicked")).select_from(looked_at).where(*conditions).offset(literal(0)).subquery()
    query = select(func.count(), func.count(selected.c.clicked), func.coalesce(func.sum(selected.c.clicked), 0))
    messages, with_link, number = session.execute(query.select_from(selected)).one()
    return Total(messages, with_link, int(number), rest is None, LOOKED_AT if rest is not None else None)


def document(session: Session, account: Sender, wanted: Filter, slugs: Slugs) -> ListTotals:
    """Return the document of a list's totals."""
    found = of(session, account, wanted, slugs)
    return {
        "messages": found.messages,
        "with_link": found.with_link,
        "clicked": found.clicked,
        "click_rate": found.click_rate,
        "complete": found.is_whole,
        "looked_at": found.looked_at,
        "counted_on": rfc3339_or_none(found.counted_on),
    }


def _from_totals(session: Session, account: Sender, wanted: Filter) -> Total:
    end = wanted.end or tags.last_hours(db.now(session))[1]
    start = min(max(wanted.start or EPOCH, EPOCH), end)
    found, cover, leaves_out = tags.numbers(session, account, wanted.tag, start, end)
    numbers = (found.messages, found.with_link, found.clicked)
    if wanted.clicked is not None:
        count = found.clicked if wanted.clicked else found.with_link - found.clicked
        numbers = (count, count, count if wanted.clicked else 0)
    return Total(*numbers, cover.is_complete and not leaves_out, counted_on=cover.counted_on)
