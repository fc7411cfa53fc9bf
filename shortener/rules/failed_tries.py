"""Count failed tries, such as unknown links, by who made them: so many in a minute are answered, then one must wait.

The memory is bounded: of very many who try, those are forgotten that have not failed for the longest time.
"""

from collections import OrderedDict
from typing import Final

WINDOW: Final = 60.0  # seconds; it begins with the first failure
MOST_COUNTED: Final = 10_000  # of who tries; takes about 3 MB


class FailedTries:
    """The failures of one kind; one thread at a time may use it."""

    def __init__(self, free: int, most_counted: int = MOST_COUNTED) -> None:
        self.free = free  # failures in a window that cost nothing
        self._most_counted = most_counted
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # since when, and how many

    def __len__(self) -> int:
        """How many are counted at present."""
        return len(self._windows)

    def fail(self, who: str, now: float) -> tuple[int, float]:
        """Count a failure at `now` on the monotonic clock, in seconds.

        Returns how many there are in its window, and how many seconds are left of it if they are too many, otherwise 0.
        """
        since, failures = self._windows.pop(who, (now, 0))
        if now - since >= WINDOW:
            since, failures = now, 0
        failures += 1
        self._windows[who] = since, failures
        if len(self._windows) > self._most_counted:
            self._windows.popitem(last=False)
        return failures, since + WINDOW - now if failures > self.free else 0.0
