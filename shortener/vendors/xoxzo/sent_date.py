"""Which days does Xoxzo's list filter `sent_date` let through?

The vendor writes the comparison into the parameter's name: `?sent_date=2026-11-16` is that day, and
`?sent_date>=2026-11-16`, on the wire also `?sent_date%3E=2026-11-16`, is that day and what follows. Its client library
glues `sent_date` and whatever it is given, so that `?sent_date%3E2026-11-16` arrives too, a name without a value.
Read as one text, without asking which `=` parts name and value, all of these say what they look like.
https://blog.xoxzo.com/en/2017/11/15/checking-your-sms-status/
"""

import datetime as dt
import re
from collections.abc import Iterable

from shortener.errors import InvalidFieldsError

NAME = "sent_date"
LISTED_DAYS = 90

_DAY = dt.timedelta(days=1)
_FILTER = re.compile(NAME + r"(?P<comparison>[<>]=?|=)(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})")


def period(filters: Iterable[str], today: dt.date) -> tuple[dt.datetime, dt.datetime]:
    """From when until before when messages are listed, in UTC; InvalidOrderError for a filter that names no such day.

    Without a filter: the last 90 days, whole ones. Several filters hold together.
    """
    first = today - LISTED_DAYS * _DAY
    starts, ends = [first], [today + 2 * _DAY]  # the senders' clocks and ours may differ
    for comparison, named in map(_read, filters):
        if named < first:
            raise _invalid()
        day = min(named, today + _DAY)  # later is all the same, and the last day of the year 9999 has none after it
        if comparison in {"=", ">", ">="}:
            starts.append(day + _DAY if comparison == ">" else day)
        if comparison in {"=", "<", "<="}:
            ends.append(day if comparison == "<" else day + _DAY)
    return _midnight(max(starts)), _midnight(min(ends))


def _read(text: str) -> tuple[str, dt.date]:
    found = _FILTER.fullmatch(text)
    if found is None:
        raise _invalid()
    try:
        return found["comparison"], dt.date.fromisoformat(found["day"])
    except ValueError:
        raise _invalid() from None


def _invalid() -> InvalidFieldsError:
    return InvalidFieldsError({NAME: [f"Invalid {NAME}"]})  # the vendor's words


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
