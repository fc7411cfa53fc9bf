"""First clicks by the hour of the week, as a table of numbers with a depth of color for each."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shortener.reporting.message_counts import QUARTER
from shortener.rules.wire.moments import EPOCH

DAYS, HOURS = 7, 24
DEEPEST: Final = 5  # levels of color from 1, for few clicks; 0 is for none


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Numbers by day, Monday first, and hour, in a time zone."""

    counts: Sequence[Sequence[int]]

    @property
    def most(self) -> int:
        """The highest number."""
        return max(map(max, self.counts))

    @property
    def busiest(self) -> tuple[int, int] | None:
        """The day and the hour with the highest number, the first such of the week; None without any clicks."""
        hours = ((count, -place) for place, count in enumerate(count for day in self.counts for count in day))
        count, place = max(hours)
        return divmod(-place, HOURS) if count else None

    def level(self, count: int) -> int:
        """The depth of color for a number: in proportion to the highest one, and at least 1 for any click."""
        return -(-count * DEEPEST // self.most) if count else 0


def of(clicks: Mapping[int, int], start: dt.datetime, zone: dt.tzinfo) -> HeatMap:
    """Add up clicks from `start` on, given by their quarters of an hour since 1970, by the zone's hours."""
    counts = [[0] * HOURS for _ in range(DAYS)]
    for quarter, count in clicks.items():
        moment = EPOCH + quarter * QUARTER
        if moment + QUARTER > start:  # a clock may have been wrong
            local = moment.astimezone(zone)
            counts[local.weekday()][local.hour] += count
    return HeatMap(counts)
