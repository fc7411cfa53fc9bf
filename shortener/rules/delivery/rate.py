"""A rate of starts per second, by the generic cell rate algorithm: one moment is all that is remembered.

That moment says when the next start would follow if all were spaced evenly. A start may come earlier by a tenth of a
second's worth, so that a short pause of ours does not lower the rate.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

BURST: Final = 0.1  # seconds whose starts may come at once
SLACK: Final = dt.timedelta(seconds=10)  # clocks are corrected by a little now and then
_MICROSECOND: Final = dt.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many starts per second, which is more than 0."""

    per_second: float

    def allowed(self, next_on: dt.datetime | None, now: dt.datetime) -> int:
        """How many may start now; `next_on` is what `after` gave last, or None."""
        return max((self._latest(now) - self._begin(next_on, now)) // self._step + 1, 0)

    def after(self, next_on: dt.datetime | None, now: dt.datetime, starts: int) -> dt.datetime:
        """The moment to remember after so many starts."""
        return self._begin(next_on, now) + starts * self._step

    def wait(self, next_on: dt.datetime | None, now: dt.datetime) -> float:
        """The seconds until one more may start; 0 if it may start now."""
        return max((self._begin(next_on, now) - self._latest(now)).total_seconds(), 0.0)

    @property
    def _step(self) -> dt.timedelta:
        return max(dt.timedelta(seconds=1 / self.per_second), _MICROSECOND)

    def _latest(self, now: dt.datetime) -> dt.datetime:
        """How far ahead the moment may be if one more may start now."""
        at_once = max(int(self.per_second * BURST), 1)
        return now + (at_once - 1) * self._step

    def _begin(self, next_on: dt.datetime | None, now: dt.datetime) -> dt.datetime:
        """The moment, but not in the past, nor much further ahead than starts can move it: that was a wrong clock."""
        if next_on is None or next_on > self._latest(now) + self._step + SLACK:
            return now
        return max(next_on, now)
