"""Points in time: always in UTC with a time zone; stored as integer microseconds since 1970."""

import datetime as dt
from functools import lru_cache

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(moment: dt.datetime) -> int:
    """Return the exact microseconds since 1970; ValueError for a time without a time zone, which is ambiguous."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """Return the time so many microseconds after 1970; OverflowError after the year 9999."""
    return EPOCH + micros * MICROSECOND


@lru_cache(maxsize=1024)  # the links of a batch expire at the same time
def rfc3339(moment: dt.datetime) -> str:
    """Format a time as the API does: `2025-11-16T09:30:00.123456Z`."""
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def rfc3339_or_none(moment: dt.datetime | None) -> str | None:
    """Format a time that may be missing."""
    return None if moment is None else rfc3339(moment)
