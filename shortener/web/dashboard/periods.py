"""Periods in forms and in the URLs of links."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from shortener.rules.wire.moments import rfc3339

DAY: Final = dt.timedelta(days=1)
HOUR: Final = dt.timedelta(hours=1)
# What `<input type="datetime-local">` sends: without a zone, which for us is UTC.
_LOCAL: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?", re.A)
MOMENTS: Final = ("from", "to")


def given(arguments: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a page without empty ones, which forms send too."""
    kept = {name: value for name, value in arguments.items() if value and name not in {"language", "done"}}
    return {name: f"{value}Z" if name in MOMENTS and _LOCAL.fullmatch(value) else value for name, value in kept.items()}


def field(moment: dt.datetime | None) -> str:
    """A moment as the value of a form's field."""
    return "" if moment is None else moment.replace(tzinfo=None, microsecond=0).isoformat(timespec="minutes")


def last_days(now: dt.datetime, days: int) -> tuple[dt.datetime, dt.datetime]:
    """The given number of whole days in UTC, the last of which is today."""
    end = now.replace(hour=0, minute=0, second=0, microsecond=0) + DAY
    return end - days * DAY, end


def parameters(start: dt.datetime, end: dt.datetime) -> dict[str, str]:
    """The period as the parameters of a list."""
    return {"from": rfc3339(start), "to": rfc3339(end)}
