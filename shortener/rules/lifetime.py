"""How long something lives: a duration such as `90d`, or the time when it ends."""

import datetime as dt
import re
from typing import Final

LONGEST: Final = dt.timedelta(days=36_500)
DURATION: Final = "must be a whole number of minutes, hours or days, such as 30m, 24h or 90d"
END: Final = "must be a date such as 2027-01-01, a time such as 2027-01-01T09:00:00Z, or a duration such as 90d"
PAST: Final = "must be in the future"
_DURATION: Final = re.compile(r"([0-9]{1,8})([mhd])")
_UNITS: Final = {"m": dt.timedelta(minutes=1), "h": dt.timedelta(hours=1), "d": dt.timedelta(days=1)}


def duration(text: str) -> dt.timedelta:
    """Return the duration that `30m`, `24h` or `90d` means, at most a hundred years; ValueError for other texts."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or (length := int(found[1]) * _UNITS[found[2]]) > LONGEST:
        raise ValueError(DURATION)
    return length


def end(text: str, *, now: dt.datetime) -> dt.datetime:
    """Return when a life ends: after a duration, at a time, or as a date begins in UTC.

    ValueError if the text is none of these, or not in the future.
    """
    try:
        ends_on = now + duration(text) if _DURATION.fullmatch(text.strip()) else _moment(text.strip())
    except (ValueError, OverflowError):
        raise ValueError(END) from None
    if ends_on <= now:
        raise ValueError(PAST)
    return ends_on


def _moment(text: str) -> dt.datetime:
    """Return a time; one without a time zone, such as a date, is in UTC."""
    moment = dt.datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
