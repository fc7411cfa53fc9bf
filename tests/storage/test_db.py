"""Connections: what a new one may wait for, and the texts of errors."""

import os
import stat
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, func, insert, select, text
from sqlalchemy.exc import IntegrityError

from shortener.storage import db, sqlite
from shortener.storage.models import Account, Origin
from tests.support.factories import TARGET


def opened(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")
    sqlite.prepare(engine)
    return engine


def test_a_new_file_can_shrink_later(tmp_path: Path) -> None:
    engine = opened(tmp_path / "new.sqlite3")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        assert connection.execute(text("PRAGMA auto_vacuum")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    engine.dispose()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_can_read_new_files(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        engine = opened(tmp_path / "new.sqlite3")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (x)"))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        engine.dispose()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(["new.sqlite3", "new.sqlite3-wal", "new.sqlite3-shm"], 0o600)


def test_files_that_others_could_read_become_private(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    first = opened(path)
    with first.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        files = sorted(tmp_path.iterdir())
        assert len(files) == 3
        for file in files:
            file.chmod(0o664)
        second = opened(path)
        assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600] * 3
        second.dispose()
    first.dispose()


def test_a_file_without_write_permission_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    path.touch()
    path.chmod(0o444)
    opened(path).dispose()
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_the_wal_is_cut_back_after_a_long_reader(tmp_path: Path) -> None:
    """Writes continue during a long read, whose view must not change; afterwards the file can shrink."""
    engine, wal = opened(tmp_path / "long.sqlite3"), tmp_path / "long.sqlite3-wal"
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
    with engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM t")).scalar()
        for _ in range(20):
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO t VALUES (zeroblob(1048576))"))
        assert wal.stat().st_size > 18 * 1024 * 1024
    for _ in range(2):  # the first copies the log into the file, the second restarts the log
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (zeroblob(8388608))"))
    assert wal.stat().st_size <= 16 * 1024 * 1024 + 65536
    engine.dispose()


def test_a_new_connection_reads_despite_the_write_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = opened(tmp_path / "shared.sqlite3")
    with first.connect().execution_options(writes=True) as writer:
        writer.execute(text("CREATE TABLE t (x)"))
        writer.commit()
        writer.execute(text("INSERT INTO t VALUES (1)"))
        monkeypatch.setattr("shortener.storage.sqlite.PRAGMAS", ("PRAGMA busy_timeout = 0", *sqlite.PRAGMAS[1:]))
        second = opened(tmp_path / "shared.sqlite3")
        with second.connect() as reader:
            assert reader.execute(text("SELECT count(*) FROM t")).scalar() == 0
        second.dispose()
    first.dispose()


def test_a_writer_closes_only_its_threads_connection(app: Flask) -> None:
    writer = db.Writer()
    with writer.writing() as connection:
        connection.execute(insert(Origin), {"address": "https://a.example.com"})
        other = threading.Thread(target=writer.close)
        other.start()
        other.join()
        connection.execute(insert(Origin), {"address": "https://b.example.com"})
    with writer.writing() as connection:
        assert len(connection.scalars(select(Origin.address)).all()) == 2
    writer.close()


def test_a_writer_begins_anew_after_an_error(app: Flask) -> None:
    writer = db.Writer()
    with writer.writing() as connection:
        connection.execute(insert(Origin), {"address": "https://a.example.com"})
    again = [{"address": "https://b.example.com"}, {"address": "https://a.example.com"}]
    with pytest.raises(IntegrityError), writer.writing() as connection:
        connection.execute(insert(Origin), again)
    with writer.writing() as connection:
        assert connection.scalars(select(Origin.address)).all() == ["https://a.example.com"]
    writer.close()


def test_a_writer_leaves_nothing_behind(app: Flask) -> None:
    writer = db.Writer()
    with writer.writing() as connection:
        connection.execute(insert(Origin), {"address": "https://a.example.com"})
    writer.close()
    assert connection.closed


def test_simultaneous_writers_all_succeed(app: Flask) -> None:
    together = threading.Barrier(12)

    def add(place: int) -> None:
        with app.app_context():
            together.wait()
            for number in range(5):
                with db.write() as session:
                    session.add(Origin(address=f"https://{place}-{number}.example"))

    with ThreadPoolExecutor(12) as pool:
        for each in [pool.submit(add, place) for place in range(12)]:
            each.result()
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Origin)) == 60


def test_a_writer_kept_waiting_tries_the_database(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY", 0.01)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with app.app_context(), db.turn():
            held.set()
            done.wait()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait()
        with db.write() as session:
            session.add(Origin(address="https://s.example"))
        done.set()
        holding.result()
    with db.read() as session:
        assert session.scalars(select(Origin.address)).all() == ["https://s.example"]


def test_what_the_database_refuses_is_not_in_its_error(app: Flask) -> None:
    """Errors are logged. PostgreSQL would say the whole row, SQLAlchemy the statement's parameters."""
    written = TARGET
    with pytest.raises(IntegrityError) as caught, db.write() as session:
        session.execute(insert(Account).values(name=written, sid=None))
    told = "".join(traceback.format_exception(caught.value))
    assert "IntegrityError" in told
    assert "null" in told.lower()  # the fault itself is still named
    assert written not in told
