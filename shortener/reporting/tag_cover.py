"""Which hours of a period have totals by tag that may be added up, and which messages must be counted from rows.

To count rows is exact, but takes long if they are many. So at most `MOST_ROWS` messages are counted for one page. If
more are without right totals, those of busy hours come from the job's last count, and the result says how old it is;
what is left is counted if it is few enough, and otherwise missing, and the result says so.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, select, text, union
from sqlalchemy.orm import Session

from shortener.reporting.tag_counts import ALL
from shortener.rules.wire.moments import EPOCH, MICROSECOND, to_micros
from shortener.storage.changed_hours import HOUR
from shortener.storage.models import UNTAGGED, Base

MOST_ROWS: Final = 20_000  # messages
Range = tuple[dt.datetime, dt.datetime]


@dataclass(frozen=True, slots=True)
class Cover:
    """How a period is counted: by the totals of hours in `[first, last)`, and by the rows of `rows`.

    Totals are right up to `front`, but not those of `stale` hours; those of `young` hours are as old as their values.
    """

    first: int
    last: int
    front: int
    stale: frozenset[int]
    young: dict[int, dt.datetime]
    rows: Sequence[Range]
    is_complete: bool

    @property
    def counted_on(self) -> dt.datetime | None:
        """The time of the oldest count that is not up to date; None if all are."""
        return min(self.young.values(), default=None)

    def totals(self, account_id: int) -> list[ColumnElement[bool]]:
        """Return conditions for the totals to add up."""
        hour = _total.c.hour
        mine = (_hour_total.c.account_id == account_id, _hour_total.c.hour >= self.first)
        right = hour.in_(select(_hour_total.c.hour).where(*mine, _hour_total.c.hour < min(self.front, self.last)))
        usable = right if not self.stale else right & hour.not_in(self.stale)
        if self.young:
            usable = usable | hour.in_(list(self.young))
        return [_total.c.account_id == account_id, hour >= self.first, hour < self.last, usable]


def of(session: Session, account_id: int, start: dt.datetime, end: dt.datetime) -> Cover:
    """Decide how to count the account's messages received in `[start, end)`."""
    first, last = -(-to_micros(start) // _HOUR), to_micros(end) // _HOUR
    asked = {"account": account_id, "first": first, "last": last}
    front = session.scalars(_FRONT, asked).one()
    stale = frozenset(session.scalars(_STALE, {**asked, "front": front}).all())
    uncounted = list(_uncounted(start, end, first, last, front, stale))
    if _count(session, account_id, uncounted, MOST_ROWS) is not None:
        return Cover(first, last, front, stale, {}, uncounted, is_complete=True)
    counted = dict(session.execute(_COUNTED, asked).all())
    young = {hour: when for hour, when in counted.items() if hour >= front or hour in stale}
    left = [piece for one in uncounted for piece in _without(one, sorted(young))]
    rows, is_complete = _those_that_fit(session, account_id, left)
    return Cover(first, last, front, stale, young, rows, is_complete)


def _uncounted(
    start: dt.datetime, end: dt.datetime, first: int, last: int, front: int, stale: Iterable[int]
) -> Iterator[Range]:
    """Yield the parts of the period without right totals, the newest first, those beside each other as one."""
    if first >= last:
        yield start, end
        return
    pieces = [(start, _begin(first)), *((_begin(hour), _begin(hour + 1)) for hour in sorted(stale))]
    begins: dt.datetime | None = None
    merged: list[Range] = []
    for begin, until in [*pieces, (_begin(min(max(front, first), last)), end)]:
        if begin < until:
            begins = merged.pop()[0] if merged and merged[-1][1] == begin else begin
            merged.append((begins, until))
    yield from reversed(merged)


def _without(piece: Range, hours: Iterable[int]) -> Iterator[Range]:
    """Yield what is left of a part of the period without these hours, the newest first."""
    left, (begin, until) = list[Range](), piece
    for hour in hours:
        if begin < _begin(hour + 1) <= until:
            left.append((begin, _begin(hour)))
            begin = _begin(hour + 1)
    left.append((begin, until))
    yield from (one for one in reversed(left) if one[0] < one[1])


def _those_that_fit(session: Session, account_id: int, pieces: Iterable[Range]) -> tuple[list[Range], bool]:
    """Return those parts whose messages may be counted from rows, and whether these are all that have any."""
    fitting, most, is_complete = list[Range](), MOST_ROWS, True
    for piece in pieces:
        found = _count(session, account_id, [piece], most)
        if found is None:
            is_complete = False
        else:
            fitting.append(piece)
            most -= found
    return fitting, is_complete


def _count(session: Session, account_id: int, pieces: Iterable[Range], most: int) -> int | None:
    """Count the messages of parts of the period; None if they are more than `most`."""
    found = 0
    for begin, until in pieces:
        inside = {"account": account_id, "start": begin, "end": until, "most": most - found + 1}
        found += session.scalars(_MESSAGES, inside).one()
        if found > most:
            return None
    return found


def _begin(hour: int) -> dt.datetime:
    return EPOCH + hour * HOUR


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_HOUR: Final = HOUR // MICROSECOND
_message, _hour_total, _total, _changed = (
    Base.metadata.tables[name] for name in ("message", "hour_total", "tag_total", "changed_hour")
)
_account = bindparam("account", type_=BigInteger)
_first, _last = bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)
# Hours are counted in the order of time: behind the last one that has a total, none has; before it, all with messages.
_FRONT: Final = select(func.coalesce(func.max(_hour_total.c.hour) + 1, 0)).where(_hour_total.c.account_id == _account)
_STALE: Final = union(
    select(_changed.c.hour).where(
        _changed.c.account_id == _account,
        _changed.c.hour >= _first,
        _changed.c.hour < _last,
        _changed.c.hour < bindparam("front", type_=BigInteger),
    ),
    select(_hour_total.c.hour).where(
        _hour_total.c.account_id == _account,
        _hour_total.c.hour >= _first,
        _hour_total.c.hour < _last,
        text(UNTAGGED),
    ),
)
_COUNTED: Final = select(_total.c.hour, _total.c.counted_on).where(
    _total.c.account_id == _account, _total.c.tag == ALL, _total.c.hour >= _first, _total.c.hour < _last
)
_some = (
    select(_message.c.id)
    .where(
        _message.c.account_id == _account,
        _message.c.received_on >= bindparam("start", type_=_message.c.received_on.type),
        _message.c.received_on < bindparam("end", type_=_message.c.received_on.type),
    )
    .limit(bindparam("most"))
    .subquery()
)
_MESSAGES: Final = select(func.count()).select_from(_some)
