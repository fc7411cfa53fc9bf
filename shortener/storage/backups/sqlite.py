"""Copy a SQLite database to one file and back, with SQLite's online backup, which does not stop writers."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Engine, create_engine

from shortener.errors import BackupError
from shortener.storage import migrations

NAME: Final = "SQLite"
MAGIC: Final = b"SQLite format 3\0"
PATIENCE: Final = 2.0  # seconds that a restore waits for a database that is in use
OURS: Final = {"alembic_version", "installation", "account", "message", "link"}


def dump(engine: Engine, part: Path) -> None:
    """Copy the database to a file, and check the copy; BackupError if that fails."""
    pooled = engine.raw_connection()
    try:
        with contextlib.closing(sqlite3.connect(part)) as copy:
            source = pooled.driver_connection
            if not isinstance(source, sqlite3.Connection):
                raise TypeError("not a connection to SQLite")
            source.backup(copy)  # in one step, because SQLite starts again if somebody writes between two steps
            copy.execute("PRAGMA journal_mode = DELETE")  # so that it needs no second file for its log
            _check_pages(copy, "The copy")
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be copied: {error}.") from None
    finally:
        pooled.close()


def is_ours(source: Path) -> bool:
    """Whether the file is a SQLite database."""
    with source.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def check(source: Path) -> None:
    """Check every page; BackupError if one is damaged or our tables are missing.

    DatabaseVersionError if a later version of the product wrote the file.
    """
    try:
        with contextlib.closing(_opened(source)) as connection:
            _check_pages(connection, source)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be read: {error}.") from None
    if not tables >= OURS:
        raise BackupError(f"{source} is a SQLite file, but not a backup of this product.")
    engine = create_engine(URL.create("sqlite", database=str(source)))
    try:
        migrations.missing(engine)  # raises DatabaseVersionError if a later version wrote it
    finally:
        engine.dispose()


def load(engine: Engine, source: Path) -> None:
    """Copy the backup into the database's file, in one transaction; BackupError if the database is in use."""
    with engine.connect():
        pass  # creates the file if it is missing, readable by its owner alone
    engine.dispose()
    try:
        with contextlib.closing(_opened(source)) as backup, contextlib.closing(_alone(engine)) as connection:
            backup.backup(connection)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise BackupError(f"The database cannot be restored: {error}.") from None
        raise BackupError("The database is in use: stop the product and all its commands first.") from None


def _alone(engine: Engine) -> sqlite3.Connection:
    """Return the only connection to the database; OperationalError if there is another one."""
    connection = sqlite3.connect(engine.url.database or "", isolation_level=None, timeout=PATIENCE)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN EXCLUSIVE")  # the lock stays after the transaction
    connection.execute("COMMIT")
    return connection


def _opened(source: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)


def _check_pages(connection: sqlite3.Connection, whose: object) -> None:
    found = [row for (row,) in connection.execute("PRAGMA integrity_check(10)")]
    if found != ["ok"]:
        raise BackupError(f"{whose} is damaged: {'; '.join(found)}")
