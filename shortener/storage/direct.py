"""Statements given to the driver itself, within a transaction of SQLAlchemy's, for what runs with every click.

SQLAlchemy takes longer to run a statement than SQLite does. ADR 0042 says what this saves.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from shortener.storage.outages import is_node_lost
from shortener.storage.postgresql import hide_detail

Value = str | int | bytes | None


class Direct:
    """A transaction's connection, as the driver has it. Errors of the database are raised as SQLAlchemy's."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._driver: Any = connection.connection.driver_connection
        self._error: Any = connection.dialect.loaded_dbapi.Error
        self.dialect = connection.dialect.name

    def read(self, statement: str, numbers: Iterable[int]) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose only parameter is a list of numbers, with the driver's values."""
        listed = ",".join(map(str, numbers))
        try:
            if self.dialect == "sqlite":
                rows: list[tuple[Any, ...]] = self._driver.execute(statement, [f"[{listed}]"]).fetchall()
            else:
                rows = self._driver.rows_of(self._driver.run(statement, [f"{{{listed}}}"]))
        except self._error as error:
            self._fail(statement, error)
        return rows

    def write(self, statement: str, rows: Sequence[Sequence[Value]]) -> int:
        """Run a statement for rows of values that the driver takes; return how many rows of the table were written.

        SQLite runs it for each row. PostgreSQL runs it once, with an array for each column: there, to parse and plan a
        statement for each row takes longer than to run it.
        """
        if not rows:
            return 0
        try:
            if self.dialect == "sqlite":
                written: int = self._driver.executemany(statement, rows).rowcount
            else:
                columns = [array(column) for column in zip(*rows, strict=True)]
                written = self._driver.run(statement, columns).command_tuples
        except self._error as error:
            self._fail(statement, error)
        return written

    def _fail(self, statement: str, error: Any) -> NoReturn:
        """Do what SQLAlchemy and its listeners do about an error of its own statements."""
        hide_detail(error)
        dialect = self.connection.dialect
        is_disconnected = dialect.is_disconnect(error, self._driver, None)
        if (is_disconnected or is_node_lost(error)) and (home := getattr(self._driver, "home", None)) is not None:
            home.doubt()
        if is_disconnected:
            self.connection.invalidate(error)
        raise DBAPIError.instance(statement, None, error, self._error, hide_parameters=True, dialect=dialect) from error


def array(values: Sequence[Value]) -> str:
    """Return PostgreSQL's text of an array. psycopg itself takes much longer, most of all for one of `bytea`."""
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Value) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return f'"\\\\x{value.hex()}"' if isinstance(value, bytes) else str(int(value))
