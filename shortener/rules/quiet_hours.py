"""Quiet hours: the hours of each day in which an account's messages are not sent."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, Self
from zoneinfo import ZoneInfo

from shortener.rules import local_time

_PERIOD: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
FORM: Final = "must be two different times and perhaps a time zone, such as `20:00-08:00 Asia/Seoul`"
DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Each day from `start` until `end` by the clocks of a zone, on the next day if `end` is earlier than `start`.

    On a day when clocks are put back they last from the first time that clocks show `start` to the last time that they
    show `end`; what a clock skips begins and ends when it is put forward.
    """

    start: dt.time
    end: dt.time

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `20:00-08:00`; ValueError with what is wrong."""
        found = _PERIOD.fullmatch(text)
        hours = cls(dt.time(int(found[1]), int(found[2])), dt.time(int(found[3]), int(found[4]))) if found else None
        if hours is None or hours.start == hours.end:
            raise ValueError(FORM)
        return hours

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M}"

    def end_after(self, moment: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
        """Return when the quiet hours that a moment is in end, in UTC; None if it is in none."""
        today = moment.astimezone(zone).date()
        for day in (today - DAY, today, today + DAY):  # the next day's can begin before a clock goes back over midnight
            starts_on = local_time.first(dt.datetime.combine(day, self.start), zone)
            last_day = day if self.start < self.end else day + DAY
            ends_on = local_time.last(dt.datetime.combine(last_day, self.end), zone)
            if starts_on <= moment < ends_on:
                return ends_on
        return None


def parse(text: str) -> tuple[QuietHours, str | None]:
    """Read `20:00-08:00` or `20:00-08:00 Asia/Seoul`: the hours, and the name of the zone if there is one.

    ValueError with what is wrong.
    """
    hours, _, name = text.strip().partition(" ")
    found = QuietHours.parse(hours)
    if name := name.strip():
        local_time.zone(name)
    return found, name or None
