"""Connections: what a new one may and may not wait for."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, text

from shortener import db
from shortener.db import SQLITE_PRAGMAS, prepare_sqlite


def opened(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")
    prepare_sqlite(engine)
    return engine


def test_a_new_file_can_shrink_later(tmp_path: Path) -> None:
    engine = opened(tmp_path / "new.sqlite3")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        assert connection.execute(text("PRAGMA auto_vacuum")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


def test_a_new_connection_can_read_while_another_holds_the_write_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(tmp_path / "shared.sqlite3")
    with first.connect().execution_options(writes=True) as writer:
        writer.execute(text("CREATE TABLE t (x)"))
        writer.commit()
        writer.execute(text("INSERT INTO t VALUES (1)"))
        monkeypatch.setattr("shortener.db.SQLITE_PRAGMAS", ("PRAGMA busy_timeout = 0", *SQLITE_PRAGMAS[1:]))
        second = opened(tmp_path / "shared.sqlite3")
        with second.connect() as reader:
            assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0
        second.dispose()
    first.dispose()


def test_postgresql_ends_a_session_that_is_silent_inside_a_transaction(app: Flask, database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer, whom nobody can end")
    for session_of in (db.read, db.write):
        with session_of() as session:
            assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == db.SILENCE
