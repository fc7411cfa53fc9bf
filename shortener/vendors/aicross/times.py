"""The vendor's times, which have no zone and are Japan's: in UTC for us, and as it writes them."""

import datetime as dt
import re
from typing import Final

JAPAN: Final = dt.timezone(dt.timedelta(hours=9))
DAY: Final = dt.timedelta(days=1)
MINUTE: Final = dt.timedelta(minutes=1)
_MINUTE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}")
_DAY: Final = re.compile("[0-9]{8}")
_MONTH: Final = re.compile("[0-9]{6}")
_YEARS: Final = range(2, dt.MAXYEAR)  # beyond them, times in UTC and the days beside them may not exist
Period = tuple[dt.datetime, dt.datetime]  # UTC, without its end


def minute(text: str) -> dt.datetime:
    """Read `yyyy-MM-dd HH:mm`; ValueError for anything else."""
    return _read(text, _MINUTE, "%Y-%m-%d %H:%M").astimezone(dt.UTC)


def day(text: str) -> Period:
    """Read `yyyyMMdd`; ValueError for anything else."""
    start = _read(text, _DAY, "%Y%m%d").astimezone(dt.UTC)
    return start, start + DAY


def month(text: str) -> Period:
    """Read `yyyyMM`; ValueError for anything else."""
    start = _read(text, _MONTH, "%Y%m")
    return start.astimezone(dt.UTC), (start + 31 * DAY).replace(day=1).astimezone(dt.UTC)


def _read(text: str, pattern: re.Pattern[str], form: str) -> dt.datetime:
    if not pattern.fullmatch(text):
        raise ValueError(text)
    found = dt.datetime.strptime(text, form).replace(tzinfo=JAPAN)
    if found.year not in _YEARS:
        raise ValueError(text)
    return found


def today(now: dt.datetime) -> Period:
    """Return the day that it is in Japan."""
    start = now.astimezone(JAPAN).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(dt.UTC)
    return start, start + DAY


def written_minute(moment: dt.datetime) -> str:
    """Write `yyyy-MM-dd HH:mm`, as in reservations."""
    return moment.astimezone(JAPAN).strftime("%Y-%m-%d %H:%M")


def written_day(moment: dt.datetime) -> str:
    """Write `yyyyMMdd`."""
    return moment.astimezone(JAPAN).strftime("%Y%m%d")


def written_milliseconds(moment: dt.datetime) -> str:
    """Write `yyyyMMdd HHmmss` with milliseconds, as in statuses: `20261128 211003120`."""
    return moment.astimezone(JAPAN).strftime("%Y%m%d %H%M%S%f")[:-3]


def written_second(moment: dt.datetime) -> str:
    """Write `yyyy/MM/dd HH:mm:ss`, as in the push."""
    return moment.astimezone(JAPAN).strftime("%Y/%m/%d %H:%M:%S")
