"""The shapes of a bar chart in SVG, computed on the server."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from shortener.reporting.period_numbers import Bucket

WIDTH, HEIGHT = 960, 220
LEFT, BOTTOM, TOP = 48, 24, 20
LINES: Final = 4
MOST_LABELS: Final = 8
HOURS: Final = (1, 2, 3, 6, 12, 24)  # between two labels


@dataclass(frozen=True, slots=True)
class Bar:
    """The bars of one hour, day or week."""

    bucket: Bucket
    x: float
    width: float
    messages: float  # heights
    clicks: float
    label: bool

    @property
    def value_y(self) -> float:
        """Where the number of messages stands: above both bars."""
        return round(HEIGHT - BOTTOM - max(self.messages, self.clicks) - 4, 1)


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars and the lines behind them; `lines` are the numbers at the axis with their places."""

    bars: Sequence[Bar]
    lines: Sequence[tuple[int, float]]
    base: float = HEIGHT - BOTTOM

    @property
    def has_values(self) -> bool:
        """Whether the bars are wide enough for their numbers."""
        return len(self.bars) <= MOST_LABELS


def draw(buckets: Sequence[Bucket], zone: dt.tzinfo = dt.UTC) -> Chart:
    """Draw messages as wide bars and first clicks as narrow ones in front, on one scale; label hours of the zone."""
    most = max((max(bucket.messages, bucket.first_clicks) for bucket in buckets), default=0)
    step = _step(most)
    top = max(step * LINES, 1)
    base, slot = HEIGHT - BOTTOM, (WIDTH - LEFT) / max(len(buckets), 1)
    scale = (base - TOP) / top
    labelled = _labelled(buckets, zone)
    bars = [
        Bar(
            bucket=bucket,
            x=round(LEFT + place * slot + slot * 0.1, 1),
            width=round(slot * 0.8, 1),
            messages=round(bucket.messages * scale, 1),
            clicks=round(bucket.first_clicks * scale, 1),
            label=place in labelled,
        )
        for place, bucket in enumerate(buckets)
    ]
    return Chart(bars, [(step * line, round(base - step * line * scale, 1)) for line in range(LINES + 1)])


def _step(most: int) -> int:
    """The distance of the lines: 1, 2 or 5 times a power of ten, four of which reach the highest bar."""
    size = 1
    while size * 5 * LINES < most:
        size *= 10
    return next(size * each for each in (1, 2, 5) if size * each * LINES >= most)


def _labelled(buckets: Sequence[Bucket], zone: dt.tzinfo) -> set[int]:
    """The positions of the bars with a label: few enough to read, at round hours."""
    count = len(buckets)
    if count > 1 and buckets[1].start - buckets[0].start < dt.timedelta(hours=12):  # a day may have only 23 hours
        step = next((hours for hours in HOURS if count <= hours * MOST_LABELS), count)
        return {place for place, bucket in enumerate(buckets) if _hour(bucket, zone) % min(step, 24) == 0}
    return set(range(0, count, max(1, -(-count // MOST_LABELS))))


def _hour(bucket: Bucket, zone: dt.tzinfo) -> int:
    return bucket.start.astimezone(zone).hour


def by_hour(start: dt.datetime, end: dt.datetime) -> bool:
    """Whether a period is short enough to be drawn by the hour by default."""
    return end - start <= dt.timedelta(days=2, hours=1)  # the clock may be put back on one of two days
