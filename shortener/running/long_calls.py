"""Limits for calls that occupy a thread for long: exports, batches, test events.

Together they leave some threads to short calls. An account never gets more slots than it leaves free, so there is
always one for the next account.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable

PATIENCE = 30.0  # seconds without progress after which another call may take the slot


class LostSlotError(Exception):
    """Another call has taken the slot, because this one made no progress for too long: it must end."""


class LongCall:
    """A call with a slot. Call `progress` whenever the client has read something, and finally `end`."""

    def __init__(self, calls: "LongCalls", account_id: int) -> None:
        self._calls = calls
        self.account_id = account_id
        self.progress_at = calls.clock()
        self.is_lost = False

    def progress(self) -> None:
        """Keep the slot; LostSlotError if another call has taken it."""
        if self.is_lost:
            raise LostSlotError
        self.progress_at = self._calls.clock()

    def end(self) -> None:
        """Release the slot; may be called again."""
        self._calls.end(self)


class LongCalls:
    """The slots of a process: three quarters of its threads."""

    def __init__(self, threads: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._threads = threads
        self._slots = max(1, threads * 3 // 4)
        self._calls: list[LongCall] = []  # includes calls that lost their slot, until their threads are free
        self._lock = threading.Lock()

    def begin(self, account_id: int) -> LongCall | None:
        """Take a slot for a call of the account; None if there is none."""
        with self._lock:
            if not self._has_slot(account_id):
                self._lose_stalled()
            if not self._has_slot(account_id):
                return None
            call = LongCall(self, account_id)
            self._calls.append(call)
            return call

    def end(self, call: LongCall) -> None:
        """Release the slot of a call."""
        with self._lock:
            if call in self._calls:
                self._calls.remove(call)

    def _has_slot(self, account_id: int) -> bool:
        taken = Counter(call.account_id for call in self._calls if not call.is_lost)
        left = self._slots - taken.total() - 1
        has_share = taken[account_id] == 0 or taken[account_id] + 1 <= left
        return left >= 0 and has_share and len(self._calls) < max(1, self._threads - 1)

    def _lose_stalled(self) -> None:
        for call in self._calls:
            call.is_lost |= self.clock() - call.progress_at >= PATIENCE
