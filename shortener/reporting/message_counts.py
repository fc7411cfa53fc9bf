"""What the overview says about some messages: as numbers that can be added up and stored."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, case, func, literal, select, type_coerce
from sqlalchemy.orm import Session

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.moments import MICROSECOND
from shortener.storage.changed_hours import HOUR
from shortener.storage.models import Base

# Times are counted by the quarter of an hour, because a day begins at such a time in every time zone.
QUARTER: Final = dt.timedelta(minutes=15)
QUARTERS: Final = HOUR // QUARTER
_MICROS, _SECOND = QUARTER // MICROSECOND, 1_000_000
LATEST: Final = 1 << 61  # microseconds, before which all clicks are
# In place of a quarter: of a first click after the period, and of none.
LATER, NEVER = LATEST // _MICROS, 2 * LATEST // _MICROS


@dataclass(slots=True)
class MessageCounts:
    """The numbers of some messages, and of their first clicks on any of their links.

    Quarters of an hour are counted from 1970. `took` has the times to the first click in seconds, as exact as people
    are shown them: rounded down, from an hour on to minutes, and from a day on to hours.
    """

    messages: Counter[int] = field(default_factory=Counter)  # by the quarter of their receipt
    with_link: int = 0
    clicks: Counter[int] = field(default_factory=Counter)  # by their quarter, without those after the period
    took: Counter[int] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    delivered_with_link: int = 0
    delivered_clicked: int = 0

    @property
    def clicked(self) -> int:
        """How many messages have a first click."""
        return self.took.total()

    def median_took(self) -> dt.timedelta | None:
        """Return the median time to the first click."""
        if not self.clicked:
            return None
        middle, passed, found = (self.clicked - 1) // 2, 0, []
        for seconds in sorted(self.took):
            passed += self.took[seconds]
            if passed > middle:
                found.append(seconds)
                if self.clicked % 2 or passed > middle + 1 or len(found) == 2:
                    break
        return dt.timedelta(seconds=(found[0] + found[-1]) / 2)

    def add_rows(self, session: Session, account_id: int, start: dt.datetime, end: dt.datetime, until: int) -> None:
        """Add the account's messages received in `[start, end)`, and their clicks before `until`, in microseconds."""
        inside = {"account": account_id, "start": start, "end": end}
        messages = dict(session.execute(_MESSAGES, inside).all())
        if not messages:
            return
        _add(self.messages, messages)
        clicks = dict(session.execute(_CLICKS, {**inside, "until": until}).all())
        clicks.pop(None, None)  # messages without a link
        self.with_link += sum(clicks.values())
        clicks.pop(NEVER, None)
        if clicks:
            took = dict(session.execute(_TOOK, inside).all())
            took.pop(None, None)  # messages without a first click
            _add(self.took, took)
        clicks.pop(LATER, None)
        _add(self.clicks, clicks)
        self._add_states(session, inside)

    def _add_states(self, session: Session, inside: Mapping[str, Any]) -> None:
        states: dict[str, int] = dict(session.execute(_STATES, inside).all())
        _add(self.states, states)
        if MessageState.DELIVERED in states:
            delivered = dict(session.execute(_DELIVERED, inside).all())
            self.delivered_with_link += delivered.get(0, 0) + delivered.get(1, 0)
            self.delivered_clicked += delivered.get(1, 0)

    def add(self, more: "MessageCounts") -> None:
        """Add what counting other messages gave."""
        for own, counts in (
            (self.messages, more.messages),
            (self.clicks, more.clicks),
            (self.took, more.took),
            (self.states, more.states),
        ):
            _add(own, counts)
        self.with_link += more.with_link
        self.delivered_with_link += more.delivered_with_link
        self.delivered_clicked += more.delivered_clicked

    def add_document(self, hour: int, stored: Mapping[str, Any]) -> None:
        """Add the stored counts of the messages of an hour."""
        first = hour * QUARTERS
        _add(self.messages, dict(enumerate(stored["messages"], first)))
        self.with_link += stored["with_link"]
        after, counts = stored["clicks"]
        _add(self.clicks, dict(zip([first + each for each in after], counts, strict=True)))
        _add(self.took, dict(zip(*stored["took"], strict=True)))
        _add(self.states, stored["states"])
        self.delivered_with_link += stored["delivered_with_link"]
        self.delivered_clicked += stored["delivered_clicked"]

    def document(self, hour: int) -> dict[str, Any]:
        """Return the counts of the messages of one hour, to be stored."""
        first = hour * QUARTERS
        return {
            "messages": [self.messages[first + quarter] for quarter in range(QUARTERS)],
            "with_link": self.with_link,
            "clicks": [[quarter - first for quarter in self.clicks], list(self.clicks.values())],
            "took": [list(self.took), list(self.took.values())],
            "states": dict(self.states),
            "delivered_with_link": self.delivered_with_link,
            "delivered_clicked": self.delivered_clicked,
        }


def _add(counter: Counter[Any], counts: Mapping[Any, int]) -> None:
    before = counter.get
    for key, count in counts.items():
        counter[key] = before(key, 0) + count


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_message, _link = Base.metadata.tables["message"], Base.metadata.tables["link"]
_inside: Final = and_(
    _message.c.account_id == bindparam("account"),
    _message.c.received_on >= bindparam("start", type_=_message.c.received_on.type),
    _message.c.received_on < bindparam("end", type_=_message.c.received_on.type),
)
_received, _clicked = (type_coerce(moment, BigInteger) for moment in (_message.c.received_on, _link.c.accessed_on))


def shown(micros: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a time to a click in seconds, as exact as people are shown it; one before the message's receipt is 0."""
    return case(
        (micros < 0, literal(0, BigInteger)),
        (micros < 3_600 * _SECOND, micros // _SECOND),
        (micros < 86_400 * _SECOND, micros // (60 * _SECOND) * 60),
        else_=micros // (3_600 * _SECOND) * 3_600,
    )


def _counted(key: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Count messages by a key."""
    return select(key.label("key"), func.count()).where(_inside, *conditions).group_by("key")


def _of_links(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value from a message's links; NULL if it has none. Each message takes one look into the links' index."""
    return select(value).where(_link.c.message_id == _message.c.id).correlate(_message).scalar_subquery()


_until: Final = bindparam("until", type_=BigInteger)
_quarter: Final = case(
    (_clicked.is_(None), literal(NEVER * _MICROS, BigInteger)),
    (_clicked >= _until, literal(LATER * _MICROS, BigInteger)),
    else_=_clicked,
)
_MESSAGES: Final = _counted(_received // _MICROS)
_CLICKS: Final = _counted(_of_links(func.min(_quarter) // _MICROS))
_TOOK: Final = _counted(_of_links(shown(func.min(_clicked) - _received)))
# Every state by its name, so that both databases use the index of states.
_STATES: Final = (
    select(_message.c.state, func.count()).where(_inside, _message.c.state.in_(list(MessageState))).group_by("state")
)
_DELIVERED: Final = _counted(
    _of_links(func.max(case((_link.c.accessed_on.is_not(None), 1), else_=0))),
    _message.c.state == MessageState.DELIVERED,
)
