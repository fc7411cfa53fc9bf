"""How connections to SQLite are prepared, and who may read the file."""

import contextlib
import os
import sqlite3
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from shortener.storage.lookups import Readers
from shortener.storage.pool import Connections

BUSY = 10  # seconds that a writer waits for the one before it
# WAL: readers and the writer do not wait for each other. FULL: a commit survives a power failure.
PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # A long read lets the WAL grow; afterwards its file is truncated to this size.
    f"PRAGMA journal_size_limit = {16 * 1024 * 1024}",
)


def prepare(engine: Engine) -> None:
    """Set the pragmas on every connection, and begin transactions ourselves, so that writers lock at the beginning.

    A deferred transaction that reads first and writes later fails at once if another one wrote in between, whatever
    the busy timeout; `BEGIN IMMEDIATE` waits for its turn instead.
    """
    if engine.url.database:
        _remove_rights_of_others(engine.url.database)

    @event.listens_for(engine, "do_connect")
    def before_connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        if not options.get("uri"):
            _create_private(Path(arguments[0]))

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # Has an effect only before the first table. Later it would need the write lock, which a reader must not take.
        if cursor.execute("PRAGMA page_count").fetchone() == (0,):
            cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
        for pragma in PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create_private(path: Path) -> None:
    """Create the file before SQLite does, unreadable to others; SQLite copies its mode to -wal and -shm."""
    if not path.exists() and path.name != ":memory:":
        with contextlib.suppress(OSError):  # SQLite reports what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _remove_rights_of_others(database: str) -> None:
    """Remove the rights of group and others from our files, which earlier versions made readable to everybody."""
    for path in (Path(database), Path(f"{database}-wal"), Path(f"{database}-shm")):
        with contextlib.suppress(OSError):  # the file does not exist, or its file system has no modes
            found = path.stat()
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077:
                path.chmod(found.st_mode & 0o700)


def readers(engine: Engine, most: int) -> Readers:
    """Make the connections for look-ups, at most `most`."""

    def opened() -> Any:
        pooled = engine.raw_connection()
        pooled.detach()
        return pooled.dbapi_connection

    return Readers(engine, Connections(opened, lambda connection: connection.close(), most, idle=None), fetch)


def fetch(connection: sqlite3.Connection, statement: str, values: Any) -> Sequence[Any]:
    """Return all rows of a statement, which releases the snapshot."""
    return connection.execute(statement, values).fetchall()
