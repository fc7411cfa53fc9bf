"""Count some messages by their tags: as numbers that can be added up and stored."""

import datetime as dt
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from shortener.reporting.message_counts import NEVER, QUARTER, MessageCounts, shown
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.moments import MICROSECOND
from shortener.storage.models import Base

ALL: Final = ""  # in place of a tag: all messages, with and without tags
EXACT: Final = 50  # different times to a click that a total keeps as they are
STEP: Final = 1.1  # between the times that stand for more of them, so that each is right to 5 %
MOST_HOSTS: Final = 20  # that a total keeps
OTHERS: Final = ""  # in place of a host: all others
_MICROS: Final = QUARTER // MICROSECOND


@dataclass(slots=True)
class TagCounts:
    """The numbers of some messages, with their first clicks at any time; `hosts` has links and clicked links of each.

    Times to a click are `rough` if some were rounded to a step. The moments are in microseconds.
    """

    counts: MessageCounts = field(default_factory=MessageCounts)
    first_on: int | None = None
    last_on: int | None = None
    is_rough: bool = False
    hosts: dict[str, tuple[int, int]] = field(default_factory=dict)

    def received(self, first_on: int, last_on: int) -> None:
        """Take note of when messages were received."""
        self.first_on = first_on if self.first_on is None else min(self.first_on, first_on)
        self.last_on = last_on if self.last_on is None else max(self.last_on, last_on)

    def add(self, more: "TagCounts") -> None:
        """Add what counting other messages gave."""
        if more.first_on is not None and more.last_on is not None:
            self.received(more.first_on, more.last_on)
        self.counts.add(more.counts)
        self.is_rough |= more.is_rough
        self.add_hosts(more.hosts)

    def add_hosts(self, hosts: Mapping[str, Iterable[int]]) -> None:
        """Add links and clicked links by the hosts of their targets."""
        for host, (links, clicked) in hosts.items():
            before = self.hosts.get(host, (0, 0))
            self.hosts[host] = before[0] + links, before[1] + clicked

    def add_document(self, hour: int, stored: Mapping[str, Any]) -> None:
        """Add the stored details of a total of an hour."""
        self.counts.add_document(hour, stored)
        self.is_rough |= stored["rough"]
        self.add_hosts(stored["hosts"])

    def document(self, hour: int) -> dict[str, Any]:
        """Return the details of the messages of one hour, to be stored."""
        took, is_rough = _rounded(self.counts.took)
        ordered = sorted(self.hosts.items(), key=lambda each: -each[1][0])
        hosts = dict(ordered[:MOST_HOSTS])
        if rest := [numbers for _, numbers in ordered[MOST_HOSTS:]]:
            hosts[OTHERS] = sum(links for links, _ in rest), sum(clicked for _, clicked in rest)
        times = [list(took), list(took.values())]
        return {**self.counts.document(hour), "took": times, "rough": is_rough, "hosts": hosts}


def _rounded(took: Counter[int]) -> tuple[Counter[int], bool]:
    """Return times in seconds as they are, or rounded to steps if they are many; and whether they are rounded."""
    if len(took) <= EXACT:
        return took, False
    rounded: Counter[int] = Counter()
    for seconds, count in took.items():
        rounded[step_of(seconds)] += count
    return rounded, True


def step_of(seconds: int) -> int:
    """Return the step that stands for a time in seconds; up to ten seconds it is the time itself."""
    return seconds if seconds <= 10 else round(STEP ** round(math.log(seconds, STEP)))


def of_rows(
    session: Session,
    account_id: int,
    start: dt.datetime,
    end: dt.datetime,
    *,
    tag: str | None = None,
    hosts: bool = True,
) -> dict[str, TagCounts]:
    """Count the account's messages received in `[start, end)` by tag, and all of them; with `tag`, only those of it."""
    found: dict[str, TagCounts] = {}
    inside = {"account": account_id, "start": start, "end": end}
    names = _Names(tag)
    for tags, state, received, clicked, took, messages, first_on, last_on in session.execute(_MESSAGES, inside):
        for name in names.of(tags):
            counts = found.setdefault(name, TagCounts())
            counts.received(first_on, last_on)
            _add(counts.counts, messages, received, clicked, took, state)
    if hosts and found.keys() - {ALL}:
        for tags, host, links, clicked_links in session.execute(_HOSTS[session.get_bind().dialect.name], inside):
            for name in names.of(tags):
                if name != ALL:
                    found.setdefault(name, TagCounts()).add_hosts({host.lower(): (links, clicked_links)})
    return found


class _Names:
    """The names under which messages with some tags are counted; each JSON is read once."""

    def __init__(self, only: str | None) -> None:
        self._only, self._read = only, dict[str | None, frozenset[str]]()

    def of(self, tags: str | None) -> frozenset[str]:
        if tags not in self._read:
            names = frozenset([ALL, *(json.loads(tags) if tags else ())])
            self._read[tags] = names if self._only is None else names & {self._only}
        return self._read[tags]


def _add(
    counts: MessageCounts, messages: int, received: int, clicked: int | None, took: int | None, state: Any
) -> None:
    counts.messages[received] += messages
    counts.with_link += messages if clicked is not None else 0
    if took is not None and clicked is not None:
        counts.clicks[clicked] += messages
        counts.took[took] += messages
    if state is not None:
        counts.states[state] += messages
    if state == MessageState.DELIVERED and clicked is not None:
        counts.delivered_with_link += messages
        counts.delivered_clicked += messages if took is not None else 0


# Statements are built once, and on tables rather than models: building one takes longer than running it.
_message, _link = Base.metadata.tables["message"], Base.metadata.tables["link"]
_inside: Final = and_(
    _message.c.account_id == bindparam("account"),
    _message.c.received_on >= bindparam("start", type_=_message.c.received_on.type),
    _message.c.received_on < bindparam("end", type_=_message.c.received_on.type),
)
_tags: Final = cast(_message.c.tags, Text).label("written")  # what is written alike is counted together
_UNCLICKED: Final = literal(NEVER * _MICROS, BigInteger)
_first_click = (
    select(func.min(func.coalesce(type_coerce(_link.c.accessed_on, BigInteger), _UNCLICKED)))
    .where(_link.c.message_id == _message.c.id)
    .correlate(_message)
    .scalar_subquery()
)
# With an offset, even 0, both databases look for the first click of a message only once.
_each = (
    select(
        _tags,
        _message.c.state.label("state"),
        type_coerce(_message.c.received_on, BigInteger).label("received"),
        _first_click.label("clicked"),
    )
    .where(_inside)
    .offset(0)
    .subquery()
)
_took = case((_each.c.clicked >= _UNCLICKED, null()), else_=shown(_each.c.clicked - _each.c.received))
# Clicks are counted by the quarter; NULL: the message has no link.
_keys = (
    _each.c.written,
    _each.c.state,
    (_each.c.received // _MICROS).label("quarter"),
    (_each.c.clicked // _MICROS).label("click_quarter"),
    _took.label("took"),
)
_MESSAGES: Final = select(*_keys, func.count(), func.min(_each.c.received), func.max(_each.c.received)).group_by(
    "written", "state", "quarter", "click_quarter", "took"
)


def _by_host(host: str) -> Select[*tuple[Any, ...]]:
    """Count links of messages with tags by an expression for the host of `link.target`, with its port."""
    linked = _message.join(_link, _link.c.message_id == _message.c.id)
    columns = (_tags, literal_column(host, Text).label("host"), func.count(), func.count(_link.c.accessed_on))
    return select(*columns).select_from(linked).where(_inside, _message.c.tags.is_not(None)).group_by("written", "host")


_rest: Final = "substr(link.target, instr(link.target, '://') + 3)"
_ends: Final = ", ".join(f"instr({_rest} || '{mark}', '{mark}')" for mark in "/?#")
_HOSTS: Final = {
    "sqlite": _by_host(f"substr({_rest}, 1, min({_ends}) - 1)"),
    "postgresql": _by_host(
        "split_part(split_part(split_part(split_part(link.target, '://', 2), '/', 1), '?', 1), '#', 1)"
    ),
}
