"""Remember an outage of the database, and claim nothing at once after a long one.

Leases ran out meanwhile, also those of attempts that succeeded. If a worker claimed first, it would repeat them.
"""

import time

from shortener.storage import db

LONG = 15.0  # seconds without the database after which leases may have run out while attempts succeeded
SETTLE_FIRST = 10.0  # seconds after a long outage in which workers only store their results


class Outage:
    """The outage that a loop sees, from its first failure until it may claim again."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._until: float | None = None

    @property
    def is_seen(self) -> bool:
        """Whether an outage is under way, or is so recent that nothing may be claimed."""
        return self._since is not None

    @property
    def is_over(self) -> bool:
        """Whether the database has answered since."""
        return self._until is not None

    def begin(self) -> None:
        """Note that the database is unavailable."""
        self._since, self._until = self._since or time.monotonic(), None

    def allows_claims(self) -> bool:
        """Whether jobs may be claimed. Raises the error of the database if it is still unavailable."""
        if self._since is None:
            return True
        if self._until is None:
            with db.write():  # is it available?
                self._until = time.monotonic()
        was_long = self._until - self._since >= LONG
        if was_long and time.monotonic() - self._until < SETTLE_FIRST:
            return False
        self._since = self._until = None
        return True
