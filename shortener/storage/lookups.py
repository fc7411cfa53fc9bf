"""Connections for look-ups: single statements without a transaction.

With a session, a look-up is BEGIN, SELECT and ROLLBACK, on PostgreSQL a round trip each. Here it is only the SELECT. No
snapshot stays open afterwards, which on SQLite would delay checkpoints.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import Engine, QueuePool, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from shortener.storage.outages import is_node_lost
from shortener.storage.pool import Connections
from shortener.storage.postgresql import SilentError
from shortener.storage.shared_lookups import SharedLookups

LONG: Final = 1.0  # seconds after which a failed look-up counts as slow
CERTAIN: Final = 1.0  # seconds for which a primary is assumed to remain one
PAUSE: Final = 1.0  # seconds in which look-ups fail at once after a slow failure, unless another one succeeded


class Readers:
    """Look-ups on the driver's own connections. While the database does not answer, most fail at once."""

    def __init__(
        self,
        engine: Engine,
        connections: Connections,
        fetch: Callable[[Any, str, Any], Sequence[Any]],
        any_node: Callable[[], Any] | None = None,
    ) -> None:
        """`fetch` runs a statement with values on a connection, and returns its rows.

        `any_node` opens a connection to a read-only node, for use if there is no other.
        """
        self._engine, self._connections, self._fetch, self._any_node = engine, connections, fetch, any_node
        self.dialect = engine.dialect.name  # SQLAlchemy's name of the database
        self._error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._texts: dict[Select[Any], tuple[str, list[str] | None]] = {}
        self._shared: dict[Select[Any], SharedLookups] = {}
        self._answered = 0.0
        self._primary_until = 0.0
        self._refused_until = 0.0
        self._refusal: Exception | None = None

    def row(self, statement: Select[Any], parameters: dict[str, object]) -> Any:
        """Return the first row, with the driver's values; None if there is none.

        DBAPIError if the database does not answer, or if a standby finds no row: it may not have it yet.
        """
        text, order = self._texts.get(statement) or self._compiled(statement)
        values: object = [parameters[name] for name in order] if order else parameters
        if order is None and all(type(value) is int for value in parameters.values()):
            # Numbers become part of the text: PostgreSQL needs a third less time for a statement without parameters.
            text, values = text % parameters, None
        rows = self._asked(text, values, 1)
        return rows[0] if rows else None

    def row_of(self, statement: Select[Any], number: int) -> Any:
        """Return the row of a number, or None, on PostgreSQL; look-ups that arrive together share a statement.

        The statement has `numbers`, and the number as the first column. DBAPIError as for `row`.
        """
        shared = self._shared.get(statement)
        if shared is None:
            shared = self._shared.setdefault(statement, SharedLookups(partial(self._rows_of, statement)))
        return shared.row(number)

    def _rows_of(self, statement: Select[Any], numbers: Sequence[int]) -> Mapping[int, Any]:
        text, _ = self._texts.get(statement) or self._compiled(statement)
        listed = ", ".join(map(str, numbers))
        return {row[0]: row for row in self._asked(text % {"numbers": listed}, None, len(set(numbers)))}

    def _asked(self, text: str, values: object, most: int) -> Sequence[Any]:
        """Return the rows; if there are less than `most`, make sure that this node must have them all."""
        began = time.monotonic()
        if began < self._refused_until and self._refusal is not None:
            raise self._refusal.with_traceback(None)
        try:
            rows = self._rows(text, values)
            if len(rows) < most and self.dialect == "postgresql":
                self._check_primary()
        except self._error as error:
            refusal = DBAPIError.instance(text, None, error, self._error, dialect=self._engine.dialect)
            self._refuse(refusal, began)
            raise refusal from error
        except NoConnectionError as error:
            self._refuse(error, began)
            raise
        self._answered = began
        return rows

    def counts(self) -> tuple[int, int, int]:
        """Return how many connections are in use, how many are open, and how many may be.

        On PostgreSQL these are all connections of this process; on SQLite, sessions have more of their own.
        """
        in_use, opened, most = self._connections.counts()
        pool = self._engine.pool
        if isinstance(pool, QueuePool):
            in_use, opened = in_use + pool.checkedout(), opened + pool.checkedout() + pool.checkedin()
            most += pool.size() + pool._max_overflow
        return in_use, opened, most

    def close(self) -> None:
        """Close idle connections."""
        self._connections.close()

    def _refuse(self, refusal: Exception, began: float) -> None:
        """After a slow failure, let look-ups fail at once for a moment: otherwise all threads would wait."""
        now = time.monotonic()
        if now - began >= LONG and self._answered < began:
            self._refused_until, self._refusal = now + PAUSE, refusal

    def _check_primary(self) -> None:
        """Raise ReadOnlySqlTransaction on a standby; asks at most once a second."""
        if time.monotonic() >= self._primary_until:
            if self._rows("SELECT pg_is_in_recovery()", None) != [(False,)]:
                raise ReadOnlySqlTransaction("this node is a standby, which may not have all rows yet")
            self._primary_until = time.monotonic() + CERTAIN

    def _rows(self, text: str, values: object) -> Sequence[Any]:
        try:
            return self._ask(self._connections.take, text, values)
        except SilentError:  # a second wait would be too long
            raise
        except self._error:
            pass  # the server may have restarted
        try:
            return self._ask(self._connections.take, text, values)
        except self._error:
            if self._any_node is None:
                raise
        return self._ask(self._any_node, text, values)

    def _ask(self, take: Callable[[], Any], text: str, values: object) -> Sequence[Any]:
        """Ask once. A connection that failed is closed, and all others too if the server is at fault."""
        connection = take()
        try:
            rows = self._fetch(connection, text, values)
        except BaseException as error:
            self._primary_until = 0.0
            if is_node_lost(error) or getattr(connection, "closed", False):
                self._connections.doubt()
            self._connections.drop(connection)
            raise
        self._connections.give_back(connection)
        return rows

    def _compiled(self, statement: Select[Any]) -> tuple[str, list[str] | None]:
        """Return the statement's text, and the order of its parameters if the driver takes no names."""
        compiled: Any = statement.compile(dialect=self._engine.dialect)
        self._texts[statement] = made = (compiled.string, compiled.positiontup if compiled.positional else None)
        return made
