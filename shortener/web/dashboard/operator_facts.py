"""What an operator sees of a running installation: due jobs, spool, connections; and what each setting means."""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import gettext, ngettext
from flask_babel import lazy_gettext as _

from shortener.config.settings import Settings
from shortener.config.settings_file import PREFIX
from shortener.reporting.installation_numbers import InstallationNumbers
from shortener.running.services import Services
from shortener.telemetry import metrics

KINDS: Final = {"callback": _("Callbacks"), "sending": _("Sendings"), "export": _("Exports")}
OVERDUE: Final = dt.timedelta(minutes=5)  # that a due job may wait
HIDDEN: Final = "••••••••"
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Process:
    """Sums over the living processes of this server, and what is in this node's spool."""

    processes: int
    connections: tuple[int, int]  # in use, and how many may be open
    spool: tuple[int, int]  # bytes that clicks take, and bytes there are
    waiting: int | None  # clicks in the spool; None if it cannot be read
    lost: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A setting: its name, value, whether that is the default, and its meaning as pieces of text and code in turn."""

    name: str
    value: str
    is_default: bool
    meaning: Sequence[str]


def process(of: Services) -> Process:
    """Return what the server says about itself now."""
    of.watch.work()
    totals = metrics.book.numbers.totals()
    counts = of.spool_counts() or (None, None)
    in_use, most, used, size, alive = (
        int(sum(number for _, numbers in gauge.series(totals) for number in numbers))
        for gauge in (
            *(metrics.connections_used, metrics.connections_most, metrics.spool_used, metrics.spool_size),
            metrics.processes,
        )
    )
    return Process(alive, (in_use, most), (used, size), *counts)


def due(numbers: InstallationNumbers) -> Iterator[tuple[Any, int, dt.timedelta]]:
    """Yield the name of each kind of jobs, how many are due, and for how long the oldest has been."""
    for kind, name in KINDS.items():
        found = numbers.due[kind]
        yield name, found.count, found.oldest


def worries(of: Process, numbers: InstallationNumbers, held: int) -> Iterator[str]:
    """Yield a sentence for each thing that an operator should look after."""
    if of.waiting is None or of.lost is None:
        yield str(gettext("The spool of clicks cannot be read."))
    if of.lost:
        yield str(ngettext("%(num)s click was lost.", "%(num)s clicks were lost.", of.lost))
    if of.waiting:
        yield str(ngettext("%(num)s click waits to be stored.", "%(num)s clicks wait to be stored.", of.waiting))
    if any(oldest >= OVERDUE for _name, _count, oldest in due(numbers)):
        yield str(gettext("Jobs are overdue. Does a worker run?"))
    if held:
        yield str(ngettext("%(num)s message needs a decision.", "%(num)s messages need a decision.", held))


def settings(of: Settings) -> Iterator[Shown]:
    """Yield each setting with its meaning, which the documentation of the code has too. Secrets are hidden."""
    for name, field in Settings.model_fields.items():
        value = getattr(of, name)
        shown = _text(value) if field.repr or not value else HIDDEN
        meaning = _LINK.sub(r"\1", field.description or "").split("`")
        yield Shown(f"{PREFIX}{name.upper()}", shown, name not in of.model_fields_set, meaning)


def _text(value: object) -> str:
    if isinstance(value, tuple | frozenset):
        return ", ".join(f"{each:g}" if isinstance(each, float) else str(each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
