"""The account's tags with their numbers, and the page of one."""

import datetime as dt
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from shortener.errors import InvalidFieldsError
from shortener.reporting import period_numbers, tag_report
from shortener.reporting.message_counts import QUARTER
from shortener.reporting.period_numbers import Bucket
from shortener.reporting.tag_documents import Order, Period, TagFilter
from shortener.reporting.tag_report import Report
from shortener.rules import local_time
from shortener.rules.local_time import Width
from shortener.rules.wire.moments import EPOCH, MICROSECOND
from shortener.storage import db
from shortener.web.api import tags as api
from shortener.web.dashboard import chart, heat_map, periods
from shortener.web.dashboard.access import SignedInPerson, for_viewers

PAGE: Final = 50
PERIODS: Final = {"7": (7, _("7 days")), "30": (30, _("30 days")), "90": (90, _("90 days")), "365": (365, _("A year"))}
DEFAULT: Final = "30"
ORDERS: Final = {
    Order.NEWEST: _("Newest first"),
    Order.MESSAGES: _("Most messages first"),
    Order.CLICK_RATE: _("Highest click rate first"),
}
FIRST_DAYS: Final = dt.timedelta(days=8)  # that are drawn by the hour; more bars would be too narrow to tell apart
WIDTHS: Final = {Width.WEEK: _("By week"), Width.DAY: _("By day"), Width.HOUR: _("By hour")}


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/tags", view_func=tags)
    blueprint.add_url_rule("/tags.csv", view_func=tags_export)
    # A tag may be any text, also with slashes.
    blueprint.add_url_rule("/tags/<text:tag>", view_func=tag, merge_slashes=False)


@for_viewers
def tags(current: SignedInPerson) -> ResponseReturnValue:
    """List the tags of a period."""
    with db.read() as session:
        db.allow_time(session)
        given, days = _given(current, db.now(session))
        wanted = TagFilter.check(given)
        page = tag_report.page(session, current.account, wanted, size=min(wanted.limit, PAGE))
    return render_template(
        "dashboard/tags.html",
        page=page,
        wanted=wanted,
        chosen=days,
        periods=PERIODS,
        orders=ORDERS,
        fields=_fields(page.start, page.end, current),
        period=periods.parameters(page.start, page.end),
    )


@for_viewers
def tags_export(current: SignedInPerson) -> Response:
    """Export the tags of a period as CSV."""
    return api.csv(current.account, periods.given(request.args, current.zone))


@for_viewers
def tag(current: SignedInPerson, tag: str) -> ResponseReturnValue:
    """Show what became of the messages with a tag."""
    given = periods.given(request.args, current.zone)
    asked_width = given.pop("by", None)
    wanted = Period.check(given)
    with db.read() as session:
        db.allow_time(session)
        found = tag_report.report(session, current.account, tag, wanted)
    width, buckets = _buckets(found, asked_width, current)
    return render_template(
        "dashboard/tag.html",
        found=found,
        delivery=found.delivery,
        wanted=wanted,
        period=_of_list(found),
        asked=periods.parameters(found.start, found.end) if wanted.start or wanted.end else {},
        heat=heat_map.of(found.counts.counts.clicks, found.start, current.zone),
        width=width,
        widths={name: text for name, text in WIDTHS.items() if name is not Width.WEEK or _is_long(found)},
        chart=chart.draw(buckets, current.zone),
        fields={"from": periods.field(wanted.start, current.zone), "to": periods.field(wanted.end, current.zone)},
        part=lambda of: {"tag": tag, **periods.parameters(max(of.start, found.start), min(of.end, found.end))},
        first_days=width is Width.HOUR and len(buckets) > FIRST_DAYS // dt.timedelta(hours=1),
    )


def _given(current: SignedInPerson, now: dt.datetime) -> tuple[dict[str, Any], str | None]:
    """The parameters of a list with its period, and the chosen number of days if it is one of those offered."""
    given = periods.given(request.args, current.zone)
    days = given.pop("days", None)
    if any(name in given for name in periods.MOMENTS):
        return given, None
    days = days or DEFAULT
    if days not in PERIODS:
        raise InvalidFieldsError({"days": [f"must be one of {', '.join(PERIODS)}"]})
    return given | periods.parameters(*periods.last_days(now, PERIODS[days][0], current.zone)), days


def _fields(start: dt.datetime, end: dt.datetime, current: SignedInPerson) -> dict[str, str]:
    return {"from": periods.field(start, current.zone), "to": periods.field(end, current.zone)}


def _of_list(found: Report) -> dict[str, str]:
    """The time in which the tag's messages were received, as the parameters of a list."""
    if found.first_on is None or found.last_on is None:
        return periods.parameters(found.start, found.end)
    return periods.parameters(found.first_on, found.last_on + MICROSECOND)


def _is_long(found: Report) -> bool:
    """Whether the chart has more than two weeks."""
    return found.first_on is not None and tag_report.ends(found) - found.first_on > dt.timedelta(days=15)


def _buckets(found: Report, asked: str | None, current: SignedInPerson) -> tuple[Width, list[Bucket]]:
    """The pieces of the chart and their width: from the first message to the last click."""
    if found.first_on is None:
        return Width.DAY, []
    start, end = EPOCH + (found.first_on - EPOCH) // QUARTER * QUARTER, tag_report.ends(found)
    short = Width.HOUR if chart.by_hour(start, end) else Width.DAY
    width = next((width for width in WIDTHS if width == asked), short)
    ends = min(end, start + FIRST_DAYS) if width is Width.HOUR else end
    begins = local_time.begins(start, ends, current.zone, width)
    counted = period_numbers.buckets_of(found.counts.counts, [*begins, ends], end)
    return width, counted[:-1]
