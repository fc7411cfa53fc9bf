"""Moments: always aware, always UTC; stored as integer microseconds since 1970."""

import datetime as dt
from functools import lru_cache

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(moment: dt.datetime) -> int:
    """Microseconds since 1970, exactly; ValueError for a time without a zone: it would be another moment elsewhere."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The moment that many microseconds after 1970; OverflowError beyond the year 9999."""
    return EPOCH + micros * MICROSECOND


@lru_cache(maxsize=1024)  # the messages of a batch live to the same moment
def rfc3339(moment: dt.datetime) -> str:
    """A moment as our API writes it: `2025-11-16T09:30:00.123456Z`."""
    return moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
