"""The attempts of one loop: those in flight, each in its own thread, and those that have ended."""

import logging
import threading
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from shortener.delivery.job import Attempt, Claimed, Ended, Result
from shortener.delivery.kind import Kind
from shortener.rules.delivery.fair_share import Slots

log = logging.getLogger(__name__)


class Attempts:
    """Runs attempts in at most `kind.slots` threads. Only the loop's thread starts and takes them.

    `changed` is set whenever one ends.
    """

    def __init__(self, kind: Kind, changed: threading.Event) -> None:
        self._kind = kind
        self._changed = changed
        self._pool: ThreadPoolExecutor | None = None
        self._running: dict[Future[Result], Claimed] = {}
        self._ended: deque[Ended] = deque()
        self._refused: deque[Ended] = deque()  # the database is available, but refuses to store them

    def open_pool(self) -> ThreadPoolExecutor:
        """Make the threads; leave the `with` block of what this returns to wait for them."""
        self._pool = ThreadPoolExecutor(self._kind.slots, thread_name_prefix="attempt")
        return self._pool

    def start(self, claimed: Claimed, attempt: Attempt) -> bool:
        """Run an attempt; False if the system has no thread for it."""
        assert self._pool is not None, "call open_pool() first"  # noqa: S101
        try:
            future = self._pool.submit(attempt)
        except RuntimeError:  # the loop must survive it
            log.exception("%s %s: no thread for the attempt; giving it back", self._kind.name, claimed.label)
            return False
        self._running[future] = claimed
        future.add_done_callback(self._on_end)
        return True

    def _on_end(self, future: "Future[Result]") -> None:
        claimed = self._running[future]
        if error := future.exception():
            log.error("%s %s: the attempt raised an error", self._kind.name, claimed.label, exc_info=error)
        else:
            self._ended.append((claimed, future.result()))
        del self._running[future]
        self._changed.set()

    def running(self) -> list[Claimed]:
        """The jobs that are being attempted."""
        return list(self._running.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing runs, and everything that ended was taken."""
        return not self._running and not self._ended

    def free_slots(self) -> int:
        """How many attempts may be started. A result that the database refuses occupies a slot, to bound memory."""
        running = self.running()
        if any(claimed.alone for claimed in running):
            return 0
        return self._kind.slots - len(running) - len(self._refused)

    def share(self, free: int) -> Slots:
        """The slots of this loop, of which so many are free."""
        return Slots(free, [claimed.destination for claimed in self.running()])

    def take_ended(self) -> list[Ended]:
        """Take all results that are to be stored."""
        return [self._ended.popleft() for _ in range(len(self._ended))]

    def put_back(self, ended: Sequence[Ended]) -> None:
        """Return results that could not be stored yet; they are taken first."""
        self._ended.extendleft(reversed(ended))

    def refuse(self, claimed: Claimed, result: Result) -> None:
        """Keep a result that the database refuses, for a later try."""
        self._refused.append((claimed, result))

    def take_refused(self) -> list[Ended]:
        """Take the results that the database has refused."""
        return [self._refused.popleft() for _ in range(len(self._refused))]

    def linger(self, seconds: float) -> None:
        """If some have ended, wait up to `seconds` for more: to settle many together costs little more than one."""
        until = time.monotonic() + seconds
        while 0 < len(self._ended) < len(self._running) and (left := until - time.monotonic()) > 0:
            self._changed.clear()
            if len(self._ended) < len(self._running):
                self._changed.wait(left)
