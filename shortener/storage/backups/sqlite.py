"""A SQLite database as one file, by SQLite's online backup: one read transaction, beside which others write."""

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
    """Copy the database, and check the copy."""
    pooled = engine.raw_connection()
    try:
        with contextlib.closing(sqlite3.connect(part)) as copy:
            source = pooled.driver_connection
            if not isinstance(source, sqlite3.Connection):
                raise TypeError("not a connection to SQLite")
            source.backup(copy)  # in one step, because SQLite starts again if somebody writes between two steps
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            _check_pages(copy, "The copy")
    except sqlite3.Error as error:
        raise BackupError(f"The database cannot be copied: {error}.") from None
    finally:
        pooled.close()


def is_ours(source: Path) -> bool:
    """Whether it is a SQLite file."""
    with source.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def check(source: Path) -> None:
    """Look at every page; BackupError where one is damaged, where our tables are missing, or are a later version's."""
    try:
        with contextlib.closing(_opened(source)) as connection:
            _check_pages(connection, source)
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as error:
        raise BackupError(f"{source} cannot be read: {error}.") from None
    if not tables >= OURS:
        raise BackupError(f"{source} is a SQLite file, but none of this product's.")
    engine = create_engine(URL.create("sqlite", database=str(source)))
    try:
        migrations.missing(engine)  # SettingsError where a later version wrote it
    finally:
        engine.dispose()


def load(engine: Engine, source: Path) -> None:
    """Write the backup's pages into the database's file, in one transaction."""
    with engine.connect():
        pass  # makes the file where there is none, for its owner alone
    engine.dispose()
    try:
        with contextlib.closing(_opened(source)) as backup, contextlib.closing(_alone(engine)) as connection:
            backup.backup(connection)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise BackupError(f"The database cannot be restored: {error}.") from None
        raise BackupError("The database is in use: stop the product and all its commands first.") from None


def _alone(engine: Engine) -> sqlite3.Connection:
    """A connection that nobody else has one beside; OperationalError where somebody has."""
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
