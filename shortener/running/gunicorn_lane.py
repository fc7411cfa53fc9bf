"""A thread of its own for clicks under gunicorn, while the database is SQLite.

A click takes a fraction of a millisecond of Python, and look-ups do not wait for SQLite's writers. Several threads
would only take the interpreter's lock from one another. Posts wait for their commit, and keep the pool.
"""

import contextlib
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final

from shortener.rules.slug import PATTERN
from shortener.running.gunicorn_connections import Connection

PATIENCE: Final = 0.05  # seconds that a click waits for those before it; then another thread takes it
# A request for a slug alone, without a body.
_CLICK: Final = re.compile(
    rb"(?:GET|HEAD) /%b(?:\?[!-~]*)? HTTP/1\.[01](?=\r\n)" % PATTERN.pattern.encode()
    + rb"(?!.*\r\n(?i:expect|transfer-encoding|content-length):)",
    re.DOTALL,
)


def is_click(request: bytes) -> bool:
    """Whether the bytes of a request, with its whole head, are those of a click without a body."""
    return _CLICK.match(request) is not None


class Lane:
    """A thread that handles the requests of clicks, one after another."""

    def __init__(self, handle: Callable[[Connection], object], log: Any) -> None:
        self._handle, self._log = handle, log
        self._waiting: deque[tuple[float, Connection]] = deque()  # since when, on the monotonic clock
        self._added: SimpleQueue[None] = SimpleQueue()  # wakes the thread
        threading.Thread(target=self._run, name="clicks", daemon=True).start()

    @property
    def is_waited_for(self) -> bool:
        """Whether requests are waiting for the thread."""
        return bool(self._waiting)

    def add(self, conn: Connection) -> None:
        """Let the thread handle the request of a connection."""
        self._waiting.append((time.monotonic(), conn))
        self._added.put(None)

    def overdue(self) -> list[Connection]:
        """Return the connections that have waited too long, as on a slow disk: others must handle their requests."""
        too_long, found = time.monotonic() - PATIENCE, list[Connection]()
        with contextlib.suppress(IndexError):  # the thread has taken the last one
            while self._waiting[0][0] < too_long:
                found.append(self._waiting.popleft()[1])
        return found

    def _run(self) -> None:
        while True:
            self._added.get()
            try:
                _, conn = self._waiting.popleft()
            except IndexError:  # it was overdue
                continue
            try:
                self._handle(conn)
            except BaseException:  # the next one must be answered
                self._log.exception("Error handling a click")
