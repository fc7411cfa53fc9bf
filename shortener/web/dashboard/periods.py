"""Periods in forms and in the URLs of links."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

from shortener.rules import local_time
from shortener.rules.wire.moments import rfc3339

DAY: Final = dt.timedelta(days=1)
# What `<input type="datetime-local">` sends: without a zone, which for us is that of the page.
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.A)
_OF_PAGES: Final = {"language", "done", "q"}
MOMENTS: Final = ("from", "to")


def given(arguments: Mapping[str, str], zone: ZoneInfo) -> dict[str, str]:
    """The parameters of a page without empty ones, which forms send too; times of its forms are of this zone."""
    kept = {name: value for name, value in arguments.items() if value and name not in _OF_PAGES}
    times = {name: _moment(name, kept[name], zone) for name in MOMENTS if _LOCAL.fullmatch(kept.get(name, ""))}
    return kept | times


def typed(value: str | None, zone: ZoneInfo) -> str | None:
    """A time as a form sends it, in UTC, the first of two such times; None if it is not such a time."""
    return _moment("from", value, zone) if value and _LOCAL.fullmatch(value) else None


def _moment(name: str, typed: str, zone: ZoneInfo) -> str:
    """A typed time in UTC. Of two moments when clocks show it, the one that makes the period longer."""
    try:
        local = dt.datetime.fromisoformat(typed)
        return rfc3339(local_time.first(local, zone) if name == "from" else local_time.last(local, zone))
    except (ValueError, OverflowError):
        return f"{typed}Z"  # the check of all parameters says what is wrong


def field(moment: dt.datetime | None, zone: ZoneInfo) -> str:
    """A moment as the value of a form's field, in the zone."""
    return "" if moment is None else moment.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")


def last_days(now: dt.datetime, days: int, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """The given number of whole days of the zone, the last of which is today. Days may have 23 or 25 hours."""
    today = now.astimezone(zone).date()
    midnights = (dt.datetime.combine(today + count * DAY, dt.time()) for count in (1 - days, 1))
    start, end = (local_time.first(midnight, zone) for midnight in midnights)
    return start, end


def parameters(start: dt.datetime, end: dt.datetime) -> dict[str, str]:
    """The period as the parameters of a list."""
    return {"from": rfc3339(start), "to": rfc3339(end)}
