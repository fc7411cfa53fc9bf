"""Statements that run for many rows at once, given directly to the driver.

SQLAlchemy compiles each statement once for each database, and its column types convert the values. Its own executemany
does more for every value, which costs an eighth of a click's processor time (ADR 0030).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Table, Update
from sqlalchemy.dialects import postgresql, sqlite

Convert = Callable[[Any], Any] | None


class Many:
    """A statement with a value for each of `names`; of an INSERT these are its columns."""

    def __init__(self, statement: Insert | Update, names: Sequence[str]) -> None:
        self._statement, self._names = statement, list(names)
        self._prepared: dict[str, tuple[str, list[tuple[str, Convert]], bool]] = {}

    def run(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> int:
        """Run the statement for each row; return how many rows of the table were written.

        Errors of the database are raised as SQLAlchemy's, those of unsuitable values by the columns' types. KeyError
        if a row lacks a value.
        """
        text, plan, by_name = self._prepared.get(connection.dialect.name) or self._prepare(connection.dialect)
        values: list[Any]
        if by_name:
            values = [{name: convert(row[name]) if convert else row[name] for name, convert in plan} for row in rows]
        else:
            values = [tuple([convert(row[name]) if convert else row[name] for name, convert in plan]) for row in rows]
        if not values:
            return 0
        return connection.exec_driver_sql(text, values if len(values) > 1 else values[0]).rowcount

    def _prepare(self, dialect: Dialect) -> tuple[str, list[tuple[str, Convert]], bool]:
        is_insert = isinstance(self._statement, Insert)
        compiled: Any = self._statement.compile(dialect=dialect, column_keys=self._names if is_insert else None)
        order = compiled.positiontup if compiled.positional else list(compiled.binds)
        plan = [(name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in order]
        self._prepared[dialect.name] = made = (compiled.string, plan, not compiled.positional)
        return made


def skipping(table: Table, names: Sequence[str]) -> dict[str, Many]:
    """Return an INSERT for each database that skips rows which violate a unique constraint.

    Unlike a failed INSERT, it leaves the transaction usable.
    """
    return {
        "postgresql": Many(postgresql.insert(table).on_conflict_do_nothing().inline(), names),
        "sqlite": Many(sqlite.insert(table).on_conflict_do_nothing().inline(), names),
    }
