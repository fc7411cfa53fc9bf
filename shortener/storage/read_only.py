"""Connections that can only read, for looking at a database that may be broken. They never wait for long."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Engine, NullPool, create_engine, event
from sqlalchemy.engine import URL

from shortener.storage import postgresql

PATIENCE: Final = 5.0  # seconds for a statement
BEGIN: Final = (
    f"BEGIN READ ONLY; SET LOCAL statement_timeout = '{PATIENCE:g}s'; SET LOCAL lock_timeout = '{PATIENCE:g}s'"
)


def engine(url: URL) -> Engine:
    """Return an engine whose connections only read. It creates no SQLite file, and accepts a read-only node."""
    if url.get_backend_name() == "sqlite":
        file = Path(url.database or "")
        return create_engine("sqlite://", creator=lambda: sqlite_connection(file), poolclass=NullPool)
    dialect: Dialect = url.get_dialect()()
    parameters = postgresql.parameters_of(dialect, url)
    made = create_engine(url, poolclass=NullPool, use_native_hstore=False, hide_parameters=True)

    @event.listens_for(made, "do_connect")
    def on_connect(*_: object) -> postgresql.Connection:
        connection = postgresql.connect(parameters, writable=False)
        connection.longest = PATIENCE + postgresql.MARGIN
        return connection

    @event.listens_for(made, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(BEGIN)

    return made


def sqlite_connection(file: Path, mode: str = "ro") -> sqlite3.Connection:
    """Open a SQLite file that exists; sqlite3.OperationalError if it cannot be opened."""
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True, timeout=PATIENCE, isolation_level=None)


def is_free(file: Path) -> bool:
    """Whether SQLite's lock for writing could be taken within some seconds; nothing is written."""
    with closing(sqlite_connection(file, "rw")) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                return False
            raise
        connection.execute("ROLLBACK")
    return True


def first_values(connection: Connection, statement: str) -> dict[str, Any]:
    """Return the first row of a statement by the names of its columns."""
    return dict(connection.exec_driver_sql(statement).mappings().one())
