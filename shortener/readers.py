"""Connections for look-ups: one statement at a time and no transaction, so none of what a session does around it.

By a session a look-up is a connection from the pool, BEGIN, SELECT and ROLLBACK, on PostgreSQL a round trip each. Here
it is the SELECT. No snapshot stays open between two of them, which on SQLite would hold up the checkpoints.
"""

import contextlib
import os
from typing import Any

from sqlalchemy import Engine, Select
from sqlalchemy.exc import DBAPIError


class Readers:
    """As many connections as there are look-ups at the same moment, the driver's own, kept for the next ones."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self._texts: dict[Select[Any], tuple[str, list[str] | None]] = {}
        self._process = os.getpid()
        self._idle: list[Any] = []
        self._inherited: list[Any] = []  # the parent's, after a fork: if we closed one, it would end over there

    @property
    def dialect(self) -> str:
        """Which database, by SQLAlchemy's name."""
        return self._engine.dialect.name

    def row(self, statement: Select[Any], parameters: dict[str, object]) -> Any:
        """The first row, its values as the driver gives them; None without one. DBAPIError where there is no answer."""
        text, order = self._texts.get(statement) or self._compiled(statement)
        values = [parameters[name] for name in order] if order else parameters
        try:
            return self._row(text, values)
        except self._error as error:
            raise DBAPIError.instance(text, None, error, self._error, dialect=self._engine.dialect) from error

    def close(self) -> None:
        """Close those that nobody uses."""
        idle = self._ours()
        with contextlib.suppress(IndexError):  # empty: asked, not looked at before, for others take and close as well
            while True:
                idle.pop().close()

    def _row(self, text: str, values: object) -> Any:
        try:
            connection = self._ours().pop()
        except IndexError:
            return self._ask(self._opened(), text, values)
        try:
            return self._ask(connection, text, values)
        except self._error:
            # The server may have gone and come back since: then the others are as stale as this one was.
            self.close()
            return self._ask(self._opened(), text, values)

    def _ask(self, connection: Any, text: str, values: object) -> Any:
        """Ask once; a connection that failed is not used again."""
        try:
            rows = connection.execute(text, values).fetchall()  # to the end: then SQLite lets its snapshot go
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return rows[0] if rows else None

    def _opened(self) -> Any:
        pooled = self._engine.raw_connection()
        pooled.detach()
        connection = pooled.dbapi_connection
        if self.dialect == "postgresql":
            connection.autocommit = True  # type: ignore[union-attr]  # psycopg's; SQLite's has it from prepare_sqlite
        return connection

    def _ours(self) -> list[Any]:
        if self._process != os.getpid():
            self._inherited += self._idle
            self._idle, self._process = [], os.getpid()
        return self._idle

    def _compiled(self, statement: Select[Any]) -> tuple[str, list[str] | None]:
        """The statement as the driver takes it, and the order of its parameters where the driver has no names."""
        compiled: Any = statement.compile(dialect=self._engine.dialect)
        self._texts[statement] = made = (compiled.string, compiled.positiontup if compiled.positional else None)
        return made
