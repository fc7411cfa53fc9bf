"""Which errors of the database pass by themselves, and how they are logged.

The one place that decides it: requests answer 503, the worker keeps its outcomes, clicks are spooled, commands say so.
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
    "42P05": "prepared statement exists: the same",
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55006": "object in use",
    "55P03": "lock not available",
}
# After these the other connections lead to the same server, or to the same wrong one.
_LOST: Final = ("08", "25006", "26000", "42P05", "57P")
MINUTE: Final = 60.0  # seconds


def is_outage(error: BaseException) -> bool:
    """Whether the database is away, busy, read-only or failing over: the same call may succeed in a while."""
    state = sqlstate(error)
    if state is not None and (state[:2] in _CLASSES or state in _STATES):
        return True
    return isinstance(error, OperationalError | InterfaceError | NoConnectionError)


def is_node_lost(error: BaseException) -> bool:
    """Whether it is the server that is going, or the wrong one: then no other connection to it can be trusted."""
    return (sqlstate(error) or "").startswith(_LOST)


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of an error of SQLAlchemy's or of psycopg's; None where it has none."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None)


class _Said:
    """What was logged when, by logger and state; `held` counts what was left out since."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[tuple[str, str], float] = {}
        self._held: dict[tuple[str, str], int] = {}

    def ask(self, key: tuple[str, str]) -> int | None:
        """How many lines were left out before this one; None where this one is to be left out too."""
        with self._lock:
            if time.monotonic() < self._next.get(key, 0.0):
                self._held[key] = self._held.get(key, 0) + 1
                return None
            self._next[key] = time.monotonic() + MINUTE
            return self._held.pop(key, 0)

    def forget(self) -> None:
        """Let everything be said again."""
        with self._lock:
            self._next.clear()
            self._held.clear()


said = _Said()


def report(log: logging.Logger, error: BaseException) -> None:
    """Log an outage with its SQLSTATE: one line per state and minute, which counts those that were left out."""
    state = sqlstate(error) or type(error).__name__
    held = said.ask((log.name, state))
    if held is not None:
        first, *_ = str(getattr(error, "orig", None) or error).splitlines() or [""]
        more = f" ({held} more of these since the last line)" if held else ""
        log.error("the database is unavailable [%s]: %s%s", state, first, more)
