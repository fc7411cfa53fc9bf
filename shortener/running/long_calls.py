"""Calls that hold a thread for long: exports, batches, tests of receivers.

All of them together leave threads for calls that are short, and an account gets no more places than it leaves free. So
the next account finds one, whatever the others do.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable

PATIENCE = 30.0  # seconds without progress after which a call gives its place to another one


class LostPlaceError(Exception):
    """The call made no progress for so long that another one has got its place: it must end."""


class LongCall:
    """A call that has a place. Say `progress` whenever the client has taken something, and `end` at last."""

    def __init__(self, calls: "LongCalls", account_id: int) -> None:
        self._calls = calls
        self.account_id = account_id
        self.progress_at = calls.clock()
        self.is_lost = False

    def progress(self) -> None:
        """Keep the place; LostPlaceError where another call has got it."""
        if self.is_lost:
            raise LostPlaceError
        self.progress_at = self._calls.clock()

    def end(self) -> None:
        """Give the place back; any number of times."""
        self._calls.end(self)


class LongCalls:
    """The places of a process: three of four threads."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._threads = threads
        self._places = max(1, threads * 3 // 4)
        self._calls: list[LongCall] = []  # also those that are lost, until their threads are free
        self._lock = threading.Lock()

    def begin(self, account_id: int) -> LongCall | None:
        """Take a place for a call of the account; None where it must wait."""
        with self._lock:
            if not self._has_place(account_id):
                self._lose_stalled()
            if not self._has_place(account_id):
                return None
            call = LongCall(self, account_id)
            self._calls.append(call)
            return call

    def end(self, call: LongCall) -> None:
        """Forget a call that has ended."""
        with self._lock:
            if call in self._calls:
                self._calls.remove(call)

    def _has_place(self, account_id: int) -> bool:
        taken = Counter(call.account_id for call in self._calls if not call.is_lost)
        left = self._places - taken.total() - 1
        has_share = taken[account_id] == 0 or taken[account_id] + 1 <= left
        return left >= 0 and has_share and len(self._calls) < max(1, self._threads - 1)

    def _lose_stalled(self) -> None:
        for call in self._calls:
            call.is_lost |= self.clock() - call.progress_at >= PATIENCE
