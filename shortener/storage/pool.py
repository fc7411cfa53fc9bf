"""A connection pool: at most so many connections in a process, and idle ones are closed after a while."""

import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy.exc import TimeoutError as NoConnectionError

PATIENCE: Final = 5.0  # seconds that a caller waits for a connection
RETRY: Final = 0.5  # seconds before the next attempt after the server refused a connection
IDLE: Final = 10.0  # seconds after which an unused connection is closed


class Connections:
    """At most `most` connections, for sessions and look-ups together. Any thread may call all methods.

    `open_` makes a connection, `close` ends one. If the server refuses a new one, callers wait for an existing one.
    With `idle=None`, idle connections stay open.
    """

    def __init__(
        self,
        open_: Callable[[], Any],
        close: Callable[[Any], None],
        most: int,
        *,
        patience: float = PATIENCE,
        idle: float | None = IDLE,
    ) -> None:
        self._open, self._close, self._most = open_, close, most
        self._patience, self._idle_for = patience, idle
        self._inherited: list[Any] = []
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._idle: list[tuple[Any, float]] = []  # the one returned last is taken first
        self._generations: dict[int, int] = {}  # of each open connection, by its id()
        self._generation = 0
        self._opening = 0
        self._waiting = 0
        self._refused_until = 0.0
        self._changed = threading.Condition()
        self._timer: threading.Timer | None = None

    def counts(self) -> tuple[int, int, int]:
        """Return how many connections are in use, how many are open, and how many may be."""
        opened = len(self._generations)
        return max(0, opened - len(self._idle)), opened, self._most

    def take(self) -> Any:
        """Return an idle connection or a new one, or wait for one.

        Raises the errors of `open_`; NoConnectionError if all stay busy for too long.
        """
        if self._process != os.getpid():
            # After a fork. Keep references to the parent's connections: closing one here would end it there.
            self._inherited += self._idle
            self._begin()
        try:
            return self._idle.pop()[0]
        except IndexError:
            return self._opened_or_awaited()

    def give_back(self, connection: Any) -> None:
        """Make a connection available to others."""
        if self._generations.get(id(connection)) != self._generation:
            return self.drop(connection)
        self._idle.append((connection, time.monotonic()))
        if self._waiting:
            with self._changed:
                self._changed.notify()
        if self._timer is None and self._idle_for is not None:
            self._watch()
        return None

    def drop(self, connection: Any) -> None:
        """Close a connection."""
        self._close(connection)
        with self._changed:
            self._generations.pop(id(connection), None)
            self._changed.notify()

    def doubt(self) -> None:
        """Close idle connections now and busy ones when they are returned: their server has gone or changed."""
        self._generation += 1
        self.close()

    def close(self) -> None:
        """Close idle connections."""
        if self._process == os.getpid():
            while (connection := self._older_than(None)) is not None:
                self.drop(connection)

    def _opened_or_awaited(self) -> Any:
        ends = time.monotonic() + self._patience
        refusal: Exception | None = None
        while True:
            connection, may_open = self._next()
            if connection is not None:
                return connection
            if may_open:
                try:
                    return self._opened()
                except Exception as error:
                    # Without any open connection there is nothing to wait for.
                    if not self._generations or time.monotonic() >= ends:
                        raise
                    refusal = error
            elif time.monotonic() >= ends:
                raise refusal or NoConnectionError(f"all {self._most} connections were busy for {self._patience:g} s")

    def _next(self) -> tuple[Any, bool]:
        """Return an idle connection, or whether one may be opened; neither after a short wait."""
        with self._changed:
            if (connection := self._popped()) is not None:
                return connection, False
            if len(self._generations) + self._opening < self._most and time.monotonic() >= self._refused_until:
                self._opening += 1
                return None, True
            self._waiting += 1
            try:
                # A connection may have been returned since the list was checked.
                connection = self._popped()
                if connection is None:
                    self._changed.wait(min(RETRY, self._patience))
            finally:
                self._waiting -= 1
            return connection or self._popped(), False

    def _popped(self) -> Any:
        try:
            return self._idle.pop()[0]
        except IndexError:
            return None

    def _opened(self) -> Any:
        try:
            connection = self._open()
        except BaseException:
            with self._changed:
                self._opening -= 1
                self._refused_until = time.monotonic() + RETRY if self._generations else 0.0
                self._changed.notify()
            raise
        with self._changed:
            self._opening -= 1
            self._generations[id(connection)] = self._generation
        return connection

    def _watch(self) -> None:
        with self._changed:
            if self._timer is None and self._idle_for is not None:
                self._timer = threading.Timer(self._idle_for / 2, self._end_idle)
                self._timer.daemon = True
                self._timer.start()

    def _end_idle(self) -> None:
        while (connection := self._older_than(self._idle_for)) is not None:
            self.drop(connection)
        self._timer = None
        if self._idle:
            self._watch()

    def _older_than(self, seconds: float | None) -> Any:
        """Remove and return the connection that has been idle longest, if that is at least so long."""
        with self._changed:
            try:
                entry = self._idle.pop(0)
            except IndexError:
                return None
            if seconds is None or time.monotonic() - entry[1] >= seconds:
                return entry[0]
            self._idle.insert(0, entry)
            return None
