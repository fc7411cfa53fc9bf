"""The vendor's times: ISO 8601 with the offset of Japan."""

import datetime as dt
from typing import Final

JAPAN: Final = dt.timezone(dt.timedelta(hours=9))
_YEARS: Final = range(2, dt.MAXYEAR)  # beyond them, times in UTC and the days beside them may not exist


def read(text: object) -> dt.datetime:
    """Read a time, without an offset Japan's; ValueError says what is wrong with it."""
    try:
        found = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise ValueError("must be a time like 2026-11-28T21:10:00+09:00")
    return (found if found.tzinfo is not None else found.replace(tzinfo=JAPAN)).astimezone(dt.UTC)


def written(moment: dt.datetime) -> str:
    """Write a time: `2026-11-28T21:10:00+09:00`."""
    return moment.astimezone(JAPAN).isoformat(timespec="seconds")


def written_or_none(moment: dt.datetime | None) -> str | None:
    """Write a time that may be missing."""
    return None if moment is None else written(moment)
