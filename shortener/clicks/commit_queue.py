"""Clicks that wait for the recorder, each with the request that waits for its commit."""

import contextlib
import os
import threading

from shortener.clicks.record import NewClick


class Waiting:
    """One click, and the request that waits for it."""

    __slots__ = ("_gate", "_stored", "click")

    def __init__(self, click: NewClick) -> None:
        self.click = click
        self._stored = False
        self._gate = threading.Lock()
        self._gate.acquire()

    def settle(self, *, stored: bool) -> None:
        """Let the request go on."""
        self._stored = stored
        self._gate.release()

    def outcome(self, within: float) -> bool | None:
        """Wait so many seconds for what becomes of it: whether it is stored; None where that is not known by then."""
        return self._stored if self._gate.acquire(timeout=within) else None


class Line:
    """All of them, in the order in which they came, and not more than so many."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: list[Waiting] = []
        self._came = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_over(self) -> bool:
        """Whether it is closed and nobody waits any more."""
        return self._closed and not self._waiting

    def join(self, click: NewClick) -> Waiting | None:
        """Let a click wait; None where there is no room."""
        waiting = Waiting(click)
        with self._came:
            if len(self._waiting) >= self._most:
                return None
            self._waiting.append(waiting)
            self._came.notify()
        return waiting

    def leave(self, waiting: Waiting) -> None:
        """Let a click wait no more, unless it has been taken."""
        with self._came, contextlib.suppress(ValueError):
            self._waiting.remove(waiting)

    def take(self, patience: float) -> list[Waiting]:
        """Take all that wait; where nobody does, wait for the first one so many seconds."""
        with self._came:
            if not self._waiting and not self._closed:
                self._came.wait(patience)
        self._let_others_join()
        with self._came:
            taken, self._waiting = self._waiting, []
        return taken

    def _let_others_join(self) -> None:
        """Let requests that are at work on this processor come as far as to join: their clicks share the commit.

        No timer, and nothing to wait for where none is at work.
        """
        joined = 0
        while len(self._waiting) > joined:
            joined = len(self._waiting)
            os.sched_yield()

    def close(self) -> None:
        """Let the taker wait for nobody any more."""
        with self._came:
            self._closed = True
            self._came.notify()
