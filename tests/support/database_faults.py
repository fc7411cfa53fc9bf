"""Make the database refuse writes or connections, as it does in production."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import Connection, create_engine, event, text

from shortener.storage.db import db

FAULTS = ("locked", "read-only", "full")
MAX_PAGES = 1_000_000
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def faults(url: str) -> tuple[str, ...]:
    """The names of the faults that this kind of database can have; in each of them it can still be read."""
    return FAULTS if url.startswith("sqlite:") else ("locked", "read-only")


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold a lock that every click needs, on a separate connection."""
    if url.startswith("sqlite:"):
        engine = create_engine(url)
        with engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
        engine.dispose()
    else:
        with psycopg.connect(url) as connection:
            connection.execute("LOCK TABLE click IN EXCLUSIVE MODE")
            yield


@contextmanager
def read_only(url: str) -> Iterator[None]:
    """Make the database refuse all writes of the application."""
    if url.startswith("sqlite:"):
        with _pragma("query_only = ON", "query_only = OFF"):
            yield
        return
    name = urlsplit(url).path.removeprefix("/")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        try:
            connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
            connection.execute(TERMINATE, [name])
            yield
        finally:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            connection.execute(TERMINATE, [name])


@contextmanager
def unreachable(url: str) -> Iterator[None]:
    """Make a PostgreSQL database refuse new connections, and close the existing ones."""
    parts = urlsplit(url)
    name = parts.path.removeprefix("/")
    with psycopg.connect(parts._replace(path="/postgres").geturl(), autocommit=True) as connection:
        try:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            connection.execute(TERMINATE, [name])
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@contextmanager
def full(url: str) -> Iterator[None]:
    """Stop SQLite from adding pages, as a full disk does. PostgreSQL has no such switch."""
    assert url.startswith("sqlite:")
    with db.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
    with _pragma(f"max_page_count = {pages}", f"max_page_count = {MAX_PAGES}"):
        yield


@contextmanager
def failing(fault: str, url: str) -> Iterator[None]:
    """Give the database one of the `FAULTS`."""
    with {"locked": locked, "read-only": read_only, "full": full}[fault](url):
        yield


@contextmanager
def _pragma(during: str, after: str) -> Iterator[None]:
    """Run the pragma `during` for each connection that the application uses, and `after` from then on."""
    now = during

    def on_checkout(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA {now}")

    def on_begin(connection: Connection) -> None:
        on_checkout(connection.connection.driver_connection)

    event.listen(db.engine, "checkout", on_checkout)
    event.listen(db.engine, "begin", on_begin)  # of a connection that was taken before
    try:
        yield
    finally:
        now = after
