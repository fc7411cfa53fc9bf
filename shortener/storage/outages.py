"""Decide which errors of the database are temporary, and log them.

All use this decision: requests answer 503, deliveries keep their results, clicks are spooled, commands report it.
"""

import logging
import threading
import time
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError

# SQLSTATE (PostgreSQL, appendix A): connection, resources, operator, system.
_CLASSES: Final = ("08", "53", "57", "58")
_STATES: Final = {
    "25006": "read-only transaction: a demoted node, or a database that is set so",
    "25P03": "idle in transaction for too long",
    "25P04": "transaction took too long",
    "26000": "prepared statement does not exist: a pooler gave us another session",
    "42P05": "prepared statement exists: a pooler gave us another session",
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55006": "object in use",
    "55P03": "lock not available",
}
# PostgreSQL cannot do what was asked, such as index so long a text. psycopg calls that an OperationalError too.
_LIMITS: Final = "54"
# After these, the other connections are unusable too: they lead to the same server.
_LOST: Final = ("08", "25006", "26000", "42P05", "57P")
MINUTE: Final = 60.0  # seconds


def is_outage(error: BaseException) -> bool:
    """Whether the database is unavailable, busy, read-only or failing over: the same call may succeed later."""
    state = sqlstate(error)
    if state is not None and (state[:2] in _CLASSES or state in _STATES):
        return True
    if state is not None and state.startswith(_LIMITS):
        return False
    return isinstance(error, OperationalError | InterfaceError | NoConnectionError)


def is_node_lost(error: BaseException) -> bool:
    """Whether the server is shutting down or not the primary, so that no connection to it can be used."""
    return (sqlstate(error) or "").startswith(_LOST)


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error of SQLAlchemy or psycopg; None if it has none."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None)


class _LogLimit:
    """At most one line per minute, logger and state; counts the lines that were suppressed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[tuple[str, str], float] = {}
        self._held: dict[tuple[str, str], int] = {}

    def ask(self, key: tuple[str, str]) -> int | None:
        """Return how many lines were suppressed before this one; None if this one must be suppressed too."""
        with self._lock:
            if time.monotonic() < self._next.get(key, 0.0):
                self._held[key] = self._held.get(key, 0) + 1
                return None
            self._next[key] = time.monotonic() + MINUTE
            return self._held.pop(key, 0)

    def forget(self) -> None:
        """Allow all lines again."""
        with self._lock:
            self._next.clear()
            self._held.clear()


log_limit = _LogLimit()


def report(log: logging.Logger, error: BaseException) -> None:
    """Log an outage with its SQLSTATE, at most once per state and minute, with the number of suppressed lines."""
    state = sqlstate(error) or type(error).__name__
    held = log_limit.ask((log.name, state))
    if held is not None:
        first, *_ = str(getattr(error, "orig", None) or error).splitlines() or [""]
        more = f" ({held} more of these since the last line)" if held else ""
        log.error("the database is unavailable [%s]: %s%s", state, first, more)
