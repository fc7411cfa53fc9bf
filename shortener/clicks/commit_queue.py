"""The queue between requests and the recorder: each request is answered when its click is committed."""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Final

from shortener.clicks.new_click import NewClick
from shortener.storage.shared_commits import let_requests_in

Then = Callable[[bool], None]
_NOTHING: Final = (0.0, None)


class QueuedClick:
    """A click in the queue, and the request that waits for its commit."""

    __slots__ = ("_done", "_stored", "click")

    def __init__(self, click: NewClick) -> None:
        self.click = click
        self._stored = False
        self._done = threading.Lock()
        self._done.acquire()

    def settle(self, *, stored: bool) -> None:
        """Tell the request whether the click is stored."""
        self._stored = stored
        self._done.release()

    def wait(self, timeout: float) -> bool | None:
        """Wait at most `timeout` seconds; return whether the click is stored, or None if that is not known by then."""
        return self._stored if self._done.acquire(timeout=timeout) else None


class CommitQueue:
    """Clicks in the order of their arrival, at most `limit` of them."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queued: list[QueuedClick] = []
        # What to call for a click, and since when it waits. Whoever removes an entry calls it, so it is called once.
        self._promises: dict[QueuedClick, tuple[float, Then]] = {}
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._queued)

    @property
    def is_finished(self) -> bool:
        """Whether the queue is closed and empty."""
        return self._closed and not self._queued

    def put(self, click: NewClick, then: Then | None = None) -> QueuedClick | None:
        """Add a click; None if the queue is full. `then` is what to call when it is known whether it is stored."""
        queued = QueuedClick(click)
        with self._changed:
            if len(self._queued) >= self._limit:
                return None
            if then is not None:
                self._promises[queued] = time.monotonic(), then
            self._queued.append(queued)
            self._changed.notify()
        return queued

    def settle(self, queued: QueuedClick, *, stored: bool) -> Then | None:
        """Say whether a click that was taken is stored; return what is to be called, unless it was taken over."""
        queued.settle(stored=stored)
        return self._promises.pop(queued, _NOTHING)[1]

    def longest_wait(self) -> float:
        """Return the seconds that the first of the clicks has waited whose request is to be called; 0 if none waits."""
        promises = self._promises.copy()
        return time.monotonic() - next(iter(promises.values()))[0] if promises else 0.0

    def take_over(self, patience: float) -> list[tuple[QueuedClick, Then]]:
        """Return the clicks that have waited for `patience` seconds, and what the caller now has to call for each."""
        until = time.monotonic() - patience
        late = [queued for queued, (since, _) in self._promises.copy().items() if since <= until]
        return [(queued, then) for queued in late if (then := self._promises.pop(queued, _NOTHING)[1]) is not None]

    def remove(self, queued: QueuedClick) -> None:
        """Remove a click, unless the recorder has already taken it."""
        with self._changed, contextlib.suppress(ValueError):
            self._queued.remove(queued)

    def wait(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for the first click; return whether there is one."""
        with self._changed:
            if not self._queued and not self._closed:
                self._changed.wait(timeout)
            return bool(self._queued)

    def take_all(self, timeout: float) -> list[QueuedClick]:
        """Take all clicks; if there are none, wait at most `timeout` seconds for the first."""
        self.wait(timeout)
        let_requests_in(self._queued)
        with self._changed:
            taken, self._queued = self._queued, []
        return taken

    def close(self) -> None:
        """Let `wait` and `take_all` return without waiting from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify()
