"""Databases that can be read and take nothing, in each way in which that happens."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from sqlalchemy import create_engine, event, text

from shortener.storage.db import db

WAYS = ("locked", "read-only", "full")
MOST = 1_000_000  # pages
TERMINATE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def ways(url: str) -> tuple[str, ...]:
    """Those that this database has."""
    return WAYS if url.startswith("sqlite:") else ("locked", "read-only")


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold a lock that every click needs, on a connection of our own."""
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
    """Let the database refuse every write of the application."""
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
def away(url: str) -> Iterator[None]:
    """Let a PostgreSQL database answer nobody, and cut off who is connected."""
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
    """Let SQLite find no further page, as it does on a full disk. There is no such switch in PostgreSQL."""
    assert url.startswith("sqlite:")
    with db.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
    with _pragma(f"max_page_count = {pages}", f"max_page_count = {MOST}"):
        yield


@contextmanager
def refusing(way: str, url: str) -> Iterator[None]:
    """One of the ways, by its name."""
    with {"locked": locked, "read-only": read_only, "full": full}[way](url):
        yield


@contextmanager
def _pragma(during: str, after: str) -> Iterator[None]:
    """Set a pragma of SQLite on each connection of the application when it is used; undo it when it is used next."""
    now = during

    def on_checkout(connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA {now}")

    event.listen(db.engine, "checkout", on_checkout)
    try:
        yield
    finally:
        now = after
