"""INSERTs of many rows: one statement for all of them on PostgreSQL, one for each row within the driver on SQLite.

PostgreSQL would parse, plan and answer a statement for each row, which takes twice as long as storing it. So it gets
all rows as one JSON parameter.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import JSON, Column, Connection, Dialect, LargeBinary, Table

Convert = Callable[[Any], Any]
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    converts: Mapping[str, Convert]  # of the columns whose values the driver does not take as they are


class ManyRows:
    """An INSERT into `table` with a value for each of `names`, which are two columns or more.

    With `skips`, rows that violate a unique constraint are skipped. Unlike a failed INSERT, this leaves the transaction
    usable.
    """

    def __init__(self, table: Table, names: Sequence[str], *, skips: bool = False) -> None:
        self._table, self._names = table, names
        self._behind = " ON CONFLICT DO NOTHING" if skips else ""
        self._values = itemgetter(*names)
        self._made: dict[tuple[str, ...], _Statement] = {}

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Insert the rows in their order; return how many were stored.

        Errors of the database are raised as SQLAlchemy's, those of unsuitable values by the columns' types. KeyError
        if a row lacks a value.
        """
        if not rows:
            return 0
        dialect = connection.dialect
        columns = {name: values for name, values in self._columns(rows) if not self._is_left_out(name, values)}
        key = (dialect.name, *columns)
        statement = self._made.get(key) or self._made.setdefault(key, self._statement(dialect, list(columns)))
        for name, convert in statement.converts.items():
            columns[name] = _converted(columns[name], convert)
        stored = zip(*columns.values(), strict=True)
        if dialect.name == "postgresql":
            document = _encode([dict(zip(columns, row, strict=True)) for row in stored])
            return connection.exec_driver_sql(statement.text, {"rows": document}).rowcount
        values = list(stored)
        return connection.exec_driver_sql(statement.text, values if len(values) > 1 else values[0]).rowcount

    def _columns(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
        """Yield the name and the values of each column."""
        return zip(self._names, zip(*map(self._values, rows), strict=True), strict=True)

    def _is_left_out(self, name: str, values: Sequence[Any]) -> bool:
        """Whether the column need not be named, because it is NULL in all rows."""
        if values[0] is not None or values.count(None) < len(values):
            return False
        column = self._table.c[name]
        return bool(column.nullable) and column.server_default is None

    def _statement(self, dialect: Dialect, names: Sequence[str]) -> _Statement:
        columns = [self._table.c[name] for name in names]
        quoted = {column.name: dialect.identifier_preparer.format_column(column) for column in columns}
        table = dialect.identifier_preparer.format_table(self._table)
        into = f"INSERT INTO {table} ({', '.join(quoted.values())})"
        if dialect.name == "postgresql":
            given = ", ".join(f"{quoted[column.name]} {_type_in_json(column, dialect)}" for column in columns)
            stored = ", ".join(_from_json(quoted[column.name], column) for column in columns)
            source = f"SELECT {stored} FROM json_to_recordset(%(rows)s) AS given({given})"  # noqa: S608  # only names of our own
        else:
            source = f"VALUES ({', '.join('?' for _ in columns)})"
        converts = {column.name: convert for column in columns if (convert := _convert(column, dialect))}
        return _Statement(f"{into} {source}{self._behind}", converts)


def _converted(values: Sequence[Any], convert: Convert) -> list[Any]:
    """Convert the values of a column; those that are one object in row after row only once."""
    last: Any = None
    made: Any = convert(None)
    converted = []
    for value in values:
        if value is not last:
            last, made = value, convert(value)
        converted.append(made)
    return converted


def _convert(column: Column[Any], dialect: Dialect) -> Convert | None:
    """Return what makes a value of the column one that the driver takes, or JSON."""
    if dialect.name == "postgresql" and isinstance(column.type, JSON | LargeBinary):
        return _document_in_json if isinstance(column.type, JSON) else _bytes_in_json
    convert: Convert | None = column.type.dialect_impl(dialect).bind_processor(dialect)
    return convert


def _document_in_json(value: object) -> str | None:
    """Return a document as a text within the parameter, so that it is stored as it would be alone."""
    return None if value is None else json.dumps(value)


def _bytes_in_json(value: bytes | None) -> str | None:
    return None if value is None else f"\\x{value.hex()}"


def _type_in_json(column: Column[Any], dialect: Dialect) -> str:
    return "TEXT" if isinstance(column.type, JSON) else column.type.compile(dialect=dialect)


def _from_json(quoted: str, column: Column[Any]) -> str:
    return f"CAST({quoted} AS JSON)" if isinstance(column.type, JSON) else quoted
