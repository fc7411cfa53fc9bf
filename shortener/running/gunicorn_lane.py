"""A thread of its own for clicks under gunicorn, while the database is SQLite.

A click takes a fraction of a millisecond of Python and never waits for SQLite's writers. Several threads would only
take the interpreter's lock from one another. Posts wait for their commit, and keep the pool.
"""

import re
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Final

from shortener.rules.slug import PATTERN
from shortener.running.gunicorn_connections import Connection

PATIENCE: Final = 0.05  # seconds after which the other clicks no longer wait for the one that the thread handles
# A request for a slug alone, without a body.
_CLICK: Final = re.compile(
    rb"(?:GET|HEAD) /%b(?:\?[!-~]*)? HTTP/1\.[01]\r\n" % PATTERN.pattern.encode()
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
        self._waiting: SimpleQueue[Connection] = SimpleQueue()
        self._since: float | None = None  # when it began with the current request
        threading.Thread(target=self._run, name="clicks", daemon=True).start()

    def add(self, conn: Connection) -> None:
        """Let the thread handle the request of a connection."""
        self._waiting.put(conn)

    def stuck(self) -> list[Connection]:
        """Return the connections whose requests must be handled by others, because one takes long, as on a slow disk.

        They no longer wait for the thread then.
        """
        since, found = self._since, list[Connection]()
        if since is not None and time.monotonic() - since > PATIENCE:
            try:
                while True:
                    found.append(self._waiting.get_nowait())
            except Empty:
                pass
        return found

    def _run(self) -> None:
        while True:
            conn = self._waiting.get()
            self._since = time.monotonic()
            try:
                self._handle(conn)
            except Exception:  # the next one must be answered
                self._log.exception("Error handling a click")
            self._since = None
