"""Who clicked, when and where to: the first clicks of a period by device, by hour of the week and by host."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from shortener.reporting import click_counts, period_counts, period_numbers
from shortener.reporting.click_counts import UNKNOWN
from shortener.running.services import services
from shortener.storage import db
from shortener.web.dashboard import chosen_period, device_labels, heat_map, periods
from shortener.web.dashboard.access import SignedInPerson, for_viewers

MOST: Final = 10  # rows of a list
_UNKNOWN: Final = _("not known")
_OTHERS: Final = _("others together")


@dataclass(frozen=True, slots=True)
class Row:
    """A number with its share of all."""

    name: str | LazyString
    count: int
    share: float


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/clicks", view_func=first_clicks)


@for_viewers
def first_clicks(current: SignedInPerson) -> ResponseReturnValue:
    """Show the first clicks on the links of the messages received in a period."""
    given = periods.given(request.args, current.zone)
    with db.read() as session:
        db.allow_time(session)
        start, end = chosen_period.of(given, db.now(session), current.zone)
        period_numbers.check(start, end)
        found = click_counts.counted(session, current.account.id, start, end)
        times = period_counts.counted(session, current.account.id, start, end)
    return render_template(
        "dashboard/first_clicks.html",
        total=found.total,
        lists={
            "systems": rows(found.systems, device_labels.SYSTEMS),
            "apps": rows(found.apps, device_labels.APPS),
            "devices": rows(found.devices, device_labels.DEVICES),
        },
        hosts=rows(found.hosts, {}),
        heat=heat_map.of(times.clicks, start, current.zone),
        are_stored=services().settings.store_device == "on",
        **chosen_period.shown(given, start, end, current.zone),
    )


def rows(counts: Counter[str], labels: Mapping[str, str | LazyString]) -> Sequence[Row]:
    """The names with the highest numbers; the rest together, and what is not known, stand last."""
    total = counts.total()
    known = counts.copy()
    unknown = known.pop(UNKNOWN, 0)
    if labels:
        ends = {_UNKNOWN: unknown}
        first = known.most_common(MOST)
        ends = {_OTHERS: known.total() - sum(count for _name, count in first), **ends}
    else:
        first = known.most_common(MOST)
        ends = {_OTHERS: unknown + known.total() - sum(count for _name, count in first)}
    named = [(labels.get(name, name), count) for name, count in first]
    return [Row(name, count, count / total) for name, count in [*named, *ends.items()] if count]
