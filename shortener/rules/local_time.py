"""Local times of a time zone, also on the days when its clock is put forward or back.

The package `tzdata` has the zones' names, and their clocks where the machine has no data of its own.
"""

import datetime as dt
import enum
from bisect import bisect_left
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

from shortener.rules.wire.moments import EPOCH

MINUTE: Final = dt.timedelta(minutes=1)
QUARTER: Final = dt.timedelta(minutes=15)
DAY: Final = dt.timedelta(days=1)


class Width(enum.StrEnum):
    """Pieces into which a period is cut by the clock and the calendar of a zone. Weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


def zone(name: str) -> ZoneInfo:
    """Return the time zone of this name, such as `Asia/Seoul` or `UTC`; ValueError with what is wrong."""
    if name not in _names():  # Python itself also takes names that mean something else on another machine
        raise ValueError("must be a time zone of the IANA database, such as Asia/Seoul or UTC")
    return ZoneInfo(name)


def zone_or_utc(name: str | None) -> ZoneInfo:
    """Return the zone of a stored name; UTC without a name, or if an older database of zones does not have it."""
    return ZoneInfo(name if name in _names() else "UTC")


@cache
def names() -> tuple[str, ...]:
    """Return the zones that people choose from, such as `Asia/Tokyo`, without old abbreviations; sorted."""
    return ("UTC", *sorted(name for name in _names() if "/" in name and not name.startswith("Etc/")))


@cache
def _names() -> frozenset[str]:
    return frozenset((resources.files("tzdata") / "zones").read_text().split())


def first(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the first moment, in UTC, when clocks of the zone show this local time or a later one of that day.

    A clock that is put forward does not show some times: then it is the moment when it is put forward.
    """
    return _skipped(local, zone) or _utc(local, zone, fold=0)


def last(local: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """Return the same as `first`, but if clocks show the time twice, because they are put back, the second moment."""
    return _skipped(local, zone) or _utc(local, zone, fold=1)


def month(moment: dt.datetime, zone: ZoneInfo) -> str:
    """Return the month of a moment in the zone, such as `2026-11`."""
    return moment.astimezone(zone).strftime("%Y-%m")


def month_period(moment: dt.datetime, zone: ZoneInfo) -> tuple[dt.datetime, dt.datetime]:
    """Return when the month of a moment began in the zone, and when the next one begins, in UTC."""
    begun = moment.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
    return first(begun, zone), first((begun + dt.timedelta(days=31)).replace(day=1), zone)


def begins(start: dt.datetime, end: dt.datetime, zone: ZoneInfo, width: Width) -> list[dt.datetime]:
    """Return when each hour, day or week of the zone began that has a part in `[start, end)`, in UTC.

    A day has 23, 24 or 25 hours. Where a clock changes by less than an hour, its hour is shorter or longer.
    """
    return _hours(start, end, zone) if width is Width.HOUR else _days(start, end, zone, width)


def _hours(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> list[dt.datetime]:
    # Not steps of an hour: zones are ahead of UTC by quarters of an hour, and may change by half an hour.
    def is_full(moment: dt.datetime) -> bool:
        return moment.astimezone(zone).minute < QUARTER // MINUTE

    quarter = start - (start - EPOCH) % QUARTER
    while not is_full(quarter):
        quarter -= QUARTER
    quarters = (quarter + count * QUARTER for count in range(-((quarter - end) // QUARTER)))
    return [quarter for quarter in quarters if is_full(quarter)]


def _days(start: dt.datetime, end: dt.datetime, zone: ZoneInfo, width: Width) -> list[dt.datetime]:
    day = start.astimezone(zone).date()
    day -= day.weekday() * DAY if width is Width.WEEK else dt.timedelta()
    found: list[dt.datetime] = []
    while (begun := _day(day, zone)) < end:
        found += [begun] if not found or begun > found[-1] else []  # a day may be left out
        day += 7 * DAY if width is Width.WEEK else DAY
    return found


def _day(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    return first(dt.datetime.combine(day, dt.time()), zone)


def _utc(local: dt.datetime, zone: ZoneInfo, fold: int) -> dt.datetime:
    return local.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC)


def _skipped(local: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    """Return when the clock was put forward over this local time; None if clocks show it."""
    # Python reads a skipped time by the offset before (fold 0) or after the change, so the change is in between.
    late, early = _utc(local, zone, fold=0), _utc(local, zone, fold=1)
    if late <= early:
        return None
    changed = late.astimezone(zone).utcoffset()
    minutes = range((late - early) // MINUTE)
    count = bisect_left(minutes, True, key=lambda some: (early + some * MINUTE).astimezone(zone).utcoffset() == changed)
    return early + count * MINUTE
