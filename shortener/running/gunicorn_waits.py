"""The connections that gunicorn's worker waits for: each with a deadline, and not more than the worker may have."""

import contextlib
import itertools
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

from shortener.running.gunicorn_connections import LEAVE_WITHIN, READ_WITHIN, SEND_WITHIN, Connection
from shortener.running.gunicorn_requests import FixedConfig


class Deadlines:
    """Connections that wait for the same thing, each for the same number of seconds, oldest first."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[Connection, float] = {}

    def add(self, conn: Connection) -> None:
        """Let a connection begin to wait."""
        conn.since = time.monotonic()
        self._until[conn] = conn.since + self._seconds

    def discard(self, conn: Connection) -> None:
        """Let a connection stop waiting."""
        self._until.pop(conn, None)

    def oldest(self) -> Connection | None:
        """Return the connection that has waited longest."""
        return next(iter(self._until), None)

    def expired(self, now: float) -> list[Connection]:
        """Return the connections whose time is over."""
        return list(itertools.takewhile(lambda conn: self._until[conn] <= now, self._until))

    def cap(self, deadline: float) -> None:
        """Move deadlines after this one forward to it."""
        self._until = {conn: min(until, deadline) for conn, until in self._until.items()}


class WaitingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A threaded worker whose main loop waits for clients."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cfg: Any = FixedConfig(self.cfg)
        self.reading, self.sending, self.leaving = (
            Deadlines(READ_WITHIN),
            Deadlines(SEND_WITHIN),
            Deadlines(LEAVE_WITHIN),
        )

    def _wait(
        self, deadlines: Deadlines, conn: Connection, for_what: int, then: Callable[[Connection, Any], None]
    ) -> None:
        self.poller.register(conn.sock, for_what, partial(then, conn))
        deadlines.add(conn)
        self._make_room()

    def _make_room(self) -> None:
        """If there are too many connections, close the one that has waited longest.

        So new connections are refused only while threads work on all of them, which no client can prolong.
        """
        while self.alive and self.nr_conns >= self.worker_connections:
            oldest = (self.reading.oldest(), self.sending.oldest(), self.leaving.oldest())
            idle = self.keepalived_conns[0] if self.keepalived_conns else None
            waits = [conn for conn in (idle, *oldest) if conn is not None]
            if not waits:
                return
            slowest = min(waits, key=lambda conn: conn.since)
            if slowest is idle:
                self.keepalived_conns.popleft()
            self._close(slowest)

    def _stop_waiting(self, conn: Connection) -> None:
        for deadlines in (self.reading, self.sending, self.leaving):
            deadlines.discard(conn)
        with contextlib.suppress(KeyError, ValueError):  # it was not waiting
            self.poller.unregister(conn.sock)

    def _close(self, conn: Connection) -> None:
        if conn.closed:  # by an earlier event of the same round
            return
        conn.closed = True
        self._stop_waiting(conn)
        self.nr_conns -= 1
        conn.close()
