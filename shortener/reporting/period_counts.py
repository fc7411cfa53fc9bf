"""Count an account's messages of a period: add up the totals of its hours, and count the rows of the others.

The result is always that of counting all rows. A total may be missing, and an hour with a note about a change counts as
one without a total.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from shortener.reporting.message_counts import QUARTER, QUARTERS, MessageCounts
from shortener.rules.wire.moments import EPOCH, MICROSECOND, to_micros
from shortener.storage.changed_hours import HOUR
from shortener.storage.models import Base

WORTH: Final = 20  # messages; to count fewer rows costs less than to leave them out


def counted(session: Session, account_id: int, start: dt.datetime, end: dt.datetime) -> MessageCounts:
    """Return the counts of the messages received in `[start, end)`; their clicks are those before the end."""
    counts, until = MessageCounts(), to_micros(end)
    found = stored(session, account_id, start, end)
    totals = {hour: document for hour, document in found.items() if _is_usable(hour, document, until)}
    for hour, document in totals.items():
        counts.add_document(hour, document)
    counts.clicks = Counter({quarter: count for quarter, count in counts.clicks.items() if quarter * _QUARTER < until})
    for begins, ends in gaps(start, end, totals):
        counts.add_rows(session, account_id, begins, ends, until)
    return counts


def stored(session: Session, account_id: int, start: dt.datetime, end: dt.datetime) -> dict[int, Mapping[str, Any]]:
    """Return the totals of the whole hours of a period that are right and worth using, by their hours."""
    asked = {"account": account_id, "first": -(-to_micros(start) // _HOUR), "last": to_micros(end) // _HOUR}
    return {hour: counts for hour, counts in session.execute(_TOTALS, asked) if sum(counts["messages"]) >= WORTH}


def _is_usable(hour: int, counts: Mapping[str, Any], until: int) -> bool:
    """Whether to use a total: not if it has clicks in the quarter within which the period ends."""
    quarter, beyond = divmod(until, _QUARTER)
    return not beyond or quarter - hour * QUARTERS not in counts["clicks"][0]


def gaps(
    start: dt.datetime, end: dt.datetime, totals: Mapping[int, object]
) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Return the parts of the period that are in none of these hours."""
    begins = start
    for hour in sorted(totals):
        if begins < (ends := EPOCH + hour * HOUR):
            yield begins, ends
        begins = EPOCH + (hour + 1) * HOUR
    if begins < end:
        yield begins, end


# One statement, so that a total and the notes about it are of one moment.
_HOUR, _QUARTER = HOUR // MICROSECOND, QUARTER // MICROSECOND
_total, _changed = Base.metadata.tables["hour_total"], Base.metadata.tables["changed_hour"]
_TOTALS: Final = select(_total.c.hour, _total.c.counts).where(
    _total.c.account_id == bindparam("account"),
    _total.c.hour >= bindparam("first"),
    _total.c.hour < bindparam("last"),
    _total.c.hour.not_in(select(_changed.c.hour).where(_changed.c.account_id == bindparam("account"))),
)
