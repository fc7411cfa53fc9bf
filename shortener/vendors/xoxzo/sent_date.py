"""Which days Xoxzo's list filter `sent_date` selects.

The vendor writes the comparison into the parameter's name: `?sent_date=2026-11-16` is that day, and
`?sent_date>=2026-11-16`, percent-encoded `?sent_date%3E=2026-11-16`, is that day and all later ones. Its client library
appends its argument to `sent_date`, so `?sent_date%3E2026-11-16` also arrives: a name without a value. Each filter is
therefore read as one text, whichever `=` separates name and value.
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
    """Return the start and the end (exclusive, UTC) of what is listed; InvalidFieldsError if a filter is invalid.

    Without a filter: the last 90 whole days. Several filters are combined with AND.
    """
    first = today - LISTED_DAYS * _DAY
    starts, ends = [first], [today + 2 * _DAY]  # clients' clocks may be ahead of ours
    for comparison, named in map(_read, filters):
        if named < first:
            raise _invalid()
        day = min(named, today + _DAY)  # later days change nothing, and 9999-12-31 has no next day
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
