"""Count first clicks by what the links were opened with, and by the host that they lead to.

Each link's own first click counts, of messages received in a period. Hours with a total are added up; the rows of the
others are counted. The total of an hour has its hosts with the most clicks, and the rest in one number.
"""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from shortener.reporting import period_counts
from shortener.storage.models import Base

STORED: Final = "first_clicks"  # the name in the document of an hour's total
MOST_HOSTS: Final = 50  # of an hour
REST: Final = ""  # in place of the hosts beyond these
UNKNOWN: Final = ""  # in place of a word that was not stored with the click


@dataclass(slots=True)
class ClickCounts:
    """Numbers of first clicks: by system, by app, by class of device, and by host."""

    systems: Counter[str] = field(default_factory=Counter)
    apps: Counter[str] = field(default_factory=Counter)
    devices: Counter[str] = field(default_factory=Counter)
    hosts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """How many first clicks there are."""
        return self.systems.total()

    def add_rows(self, session: Session, account_id: int, start: dt.datetime, end: dt.datetime) -> None:
        """Add the clicks on the account's messages received in `[start, end)`."""
        inside = {"account": account_id, "start": start, "end": end}
        for system, app, device, host, count in session.execute(_ROWS, inside):
            self.systems[system or UNKNOWN] += count
            self.apps[app or UNKNOWN] += count
            self.devices[device or UNKNOWN] += count
            self.hosts[host] += count

    def add_document(self, stored: Mapping[str, Mapping[str, int]]) -> None:
        """Add the stored counts of an hour."""
        for counter, name in ((self.systems, "systems"), (self.apps, "apps"), (self.devices, "devices")):
            counter.update(stored[name])
        self.hosts.update(stored["hosts"])

    def document(self) -> dict[str, Any]:
        """Return the counts of an hour, to be stored."""
        hosts = dict(self.hosts.most_common(MOST_HOSTS))
        if rest := self.hosts.total() - sum(hosts.values()):
            hosts[REST] = rest
        return {"systems": self.systems, "apps": self.apps, "devices": self.devices, "hosts": hosts}


def counted(session: Session, account_id: int, start: dt.datetime, end: dt.datetime) -> ClickCounts:
    """Return the counts for the messages received in `[start, end)`, whenever they were clicked."""
    counts = ClickCounts()
    totals = period_counts.stored(session, account_id, start, end)
    usable = {hour: stored[STORED] for hour, stored in totals.items() if STORED in stored}
    for stored in usable.values():
        counts.add_document(stored)
    for begins, ends in period_counts.gaps(start, end, usable):
        counts.add_rows(session, account_id, begins, ends)
    return counts


class _Host(FunctionElement[str]):
    """The host of a target, with its port, in lower case."""

    type = Text()
    inherit_cache = True
    name = "host"


_LONGEST: Final = 300  # characters of a target that are looked at; a host has at most 253


@compiles(_Host, "postgresql")
def _host_in_postgresql(element: _Host, compiler: SQLCompiler, **options: Any) -> str:
    target = compiler.process(element.clauses, **options)
    return f"lower(split_part(translate(left({target}, {_LONGEST}), '?#', '//'), '/', 3))"


@compiles(_Host, "sqlite")
def _host_in_sqlite(element: _Host, compiler: SQLCompiler, **options: Any) -> str:
    target = compiler.process(element.clauses, **options)
    rest = f"substr({target}, instr({target}, '//') + 2, {_LONGEST})"
    parts = f"replace(replace({rest}, '?', '/'), '#', '/')"
    return f"lower(substr({parts}, 1, instr({parts} || '/', '/') - 1))"


# The statement is built once, and on tables rather than models: building one takes longer than running it.
_message, _link, _click = (Base.metadata.tables[name] for name in ("message", "link", "click"))
_host: Final[ColumnElement[str]] = _Host(_link.c.target)
_words: Final = (_click.c.system, _click.c.app, _click.c.device, _host.label("host"))
_ROWS: Final = (
    select(*_words, func.count())
    .select_from(_message)
    .join(_link, _link.c.message_id == _message.c.id)
    .join(_click, (_click.c.link_id == _link.c.id) & (_click.c.clicked_on == _link.c.accessed_on))
    .where(
        _message.c.account_id == bindparam("account"),
        _message.c.received_on >= bindparam("start", type_=_message.c.received_on.type),
        _message.c.received_on < bindparam("end", type_=_message.c.received_on.type),
    )
    .group_by(_click.c.system, _click.c.app, _click.c.device, "host")
)
