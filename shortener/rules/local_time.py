"""Local times of a time zone, also on the days when its clock is put forward or back.

The package `tzdata` has the zones' names, and their clocks where the machine has no data of its own.
"""

import datetime as dt
from bisect import bisect_left
from functools import cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

MINUTE: Final = dt.timedelta(minutes=1)


def zone(name: str) -> ZoneInfo:
    """Return the time zone of this name, such as `Asia/Seoul` or `UTC`; ValueError with what is wrong."""
    if name not in _names():  # Python itself also takes names that mean something else on another machine
        raise ValueError("must be a time zone of the IANA database, such as Asia/Seoul or UTC")
    return ZoneInfo(name)


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
