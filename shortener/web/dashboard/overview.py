"""The start page: the messages of a period in numbers, and what needs attention."""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from shortener.alerts import incidents
from shortener.reporting import callback_lists, sending_numbers, undetected
from shortener.reporting import period_numbers as overviews
from shortener.reporting.period_numbers import Bucket
from shortener.rules import local_time
from shortener.rules.local_time import Width
from shortener.storage import db
from shortener.web.dashboard import chart, chosen_period, periods
from shortener.web.dashboard.access import SignedInPerson, for_viewers

WIDTHS: Final = {Width.WEEK: _("By week"), Width.DAY: _("By day"), Width.HOUR: _("By hour")}
LONGEST_BY_HOUR: Final = dt.timedelta(days=8)  # 192 bars; more would be too narrow to tell apart
SHORTEST_BY_WEEK: Final = dt.timedelta(days=15)
WORST: Final = 5
HELD: Final = 10


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("", view_func=overview)


@for_viewers
def overview(current: SignedInPerson) -> ResponseReturnValue:
    """Show the period in numbers and as a chart, waiting and failed callbacks first."""
    given = periods.given(request.args, current.zone)
    with db.read() as session:
        db.allow_time(session)
        start, end = chosen_period.of(given, db.now(session), current.zone)
        found = overviews.overview(session, current.account, start, end)
        held_count, held = sending_numbers.held(session, current.account, HELD)
        open_incidents = incidents.open_of(session, current.account.id)
        past_incidents = incidents.past_of(session, current.account.id)
        undetected_count = undetected.smart_would_take(session, current.account, start, end)
        worst = (
            callback_lists.destinations(session, current.account, start, end)
            if found.failing or found.exhausted
            else []
        )
    widths = _widths(start, end)
    width = _width(given.get("by"), widths, start, end)
    buckets = found.buckets(local_time.begins(start, end, current.zone, width))
    return render_template(
        "dashboard/overview.html",
        found=found,
        delivery=found.delivery,
        held=held,
        open_incidents=open_incidents,
        past_incidents=past_incidents,
        held_count=held_count,
        period=periods.parameters(start, end),
        width=width,
        widths=widths if len(widths) > 1 else {},
        chart=chart.draw(buckets, current.zone),
        worst=worst[:WORST],
        undetected=undetected_count,
        looked_at=min(found.messages, undetected.LOOKED_AT),
        part=lambda of: _part(of, start, end),
        **chosen_period.shown(given, start, end, current.zone),
    )


def _part(of: Bucket, start: dt.datetime, end: dt.datetime) -> dict[str, str]:
    """An hour, a day or a week of the period, as the parameters of a list."""
    return periods.parameters(max(of.start, start), min(of.end, end))


def _widths(start: dt.datetime, end: dt.datetime) -> dict[Width, Any]:
    """The widths of bars that suit the length of the period, with their labels."""
    left_out = {Width.HOUR} if end - start > LONGEST_BY_HOUR else set()
    left_out |= {Width.WEEK} if end - start < SHORTEST_BY_WEEK else set()
    return {width: label for width, label in WIDTHS.items() if width not in left_out}


def _width(asked: str | None, widths: Iterable[Width], start: dt.datetime, end: dt.datetime) -> Width:
    by_default = Width.HOUR if chart.by_hour(start, end) else Width.DAY
    return next((width for width in widths if width == asked), by_default)
