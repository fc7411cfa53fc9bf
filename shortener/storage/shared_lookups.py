"""Look-ups that arrive while another one is under way share the next statement.

PostgreSQL needs nearly as long for one row as for ten: most of it goes into planning, and into changing between its
processes and ours. A look-up that is alone is asked at once.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from shortener.storage.shared_commits import let_requests_in

PATIENCE: Final = 0.05  # seconds that a look-up waits for another one; then it is asked by itself


class _Waiting:
    """A look-up that waits for the one under way."""

    __slots__ = ("done", "is_next", "number", "rows")

    def __init__(self, number: int) -> None:
        self.number = number
        self.rows: Mapping[int, Any] | None = None  # None: the statement failed, or this one is the next to ask
        self.is_next = False
        self.done = threading.Lock()
        self.done.acquire()


class SharedLookups:
    """Looks rows up by numbers. Any thread may call `row`.

    Nobody depends on another's statement: if it fails or takes long, each look-up is asked by itself.
    """

    def __init__(self, ask: Callable[[Sequence[int]], Mapping[int, Any]]) -> None:
        """`ask` returns the rows that there are, by their numbers."""
        self._ask = ask
        self._changing = threading.Lock()
        self._is_asking = False
        self._waiting: list[_Waiting] = []

    def row(self, number: int) -> Any:
        """Return the row, or None if there is none. Raises what `ask` raises for this number alone."""
        with self._changing:
            waiting = _Waiting(number) if self._is_asking else None
            if waiting is None:
                self._is_asking = True
            else:
                self._waiting.append(waiting)
        if waiting is None:
            return self._ask_for_all(number)
        waiting.done.acquire(timeout=PATIENCE)
        with self._changing:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
        if waiting.is_next:
            return self._ask_for_all(number)
        rows = waiting.rows
        return (self._ask([number]) if rows is None else rows).get(number)

    def _ask_for_all(self, number: int) -> Any:
        """Ask for this number and for those that wait; then let the next one ask."""
        let_requests_in(self._waiting)
        with self._changing:
            others, self._waiting = self._waiting, []
        rows: Mapping[int, Any] | None = None
        try:
            rows = self._ask([number, *(other.number for other in others)])
        except Exception:
            if not others:
                raise
        finally:
            for other in others:
                other.rows = rows
                other.done.release()
            with self._changing:
                self._is_asking = bool(self._waiting)
                if self._waiting:
                    following = self._waiting.pop(0)
                    following.is_next = True
                    following.done.release()
        return (self._ask([number]) if rows is None else rows).get(number)
