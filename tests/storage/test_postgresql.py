"""The product's use of PostgreSQL: no session state, and text in UTF-8."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from bench.instance import environ_of
from shortener import create_app
from shortener.config.settings import Settings
from shortener.errors import SettingsError
from shortener.running.services import Services
from shortener.storage import db, postgresql
from shortener.storage.models import Part
from tests.conftest import SECRET_KEY
from tests.support import ROOT
from tests.support.factories import Sender, make_message

BOUNDS = {
    "lock_timeout": postgresql.LOCK,
    "statement_timeout": f"{postgresql.STATEMENT}s",
    "idle_in_transaction_session_timeout": postgresql.SILENCE,
}


@pytest.fixture(autouse=True)
def postgresql_alone(database_kind: str) -> None:
    if database_kind == "sqlite":
        pytest.skip("this is about PostgreSQL")


@pytest.mark.parametrize(("name", "value"), BOUNDS.items())
def test_a_time_limit_ends_with_the_transaction(app: Flask, services: Services, name: str, value: str) -> None:
    for session_of in (db.read, db.write):
        with session_of() as session:
            assert session.scalar(text(f"SHOW {name}")) == value
    assert services.readers.row(select(text(f"current_setting('{name}')")), {}) == ("0",)


def test_the_second_transaction_of_a_connection_has_its_bounds(app: Flask) -> None:
    with db.db.engine.connect() as connection:
        for _ in range(2):
            assert connection.scalar(text("SHOW lock_timeout")) == postgresql.LOCK
            connection.commit()


def test_no_statement_is_prepared_by_name(app: Flask, services: Services) -> None:
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE 1 = :one")
    with db.read() as session:
        assert {session.scalar(prepared, {"one": 1}) for _ in range(20)} == {0}
    look_up = select(text("count(*) FROM pg_prepared_statements"))
    assert {services.readers.row(look_up, {}) for _ in range(20)} == {(0,)}


def test_text_is_utf_8_whatever_the_environment_says(
    app: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    db.db.engine.dispose()
    said = "荷物 🔥 10 € https://shop.example.com/track thank you"
    make_message(sender, said)
    db.db.engine.dispose()
    with db.read() as session:
        assert session.scalars(select(Part.text)).all() == [said]


def test_sessions_and_look_ups_share_their_connections(app: Flask, services: Services) -> None:
    backend = select(text("pg_backend_pid()"))
    with db.read() as session:
        first = session.scalar(backend)
    assert services.readers.row(backend, {}) == (first,)
    with db.read() as session:
        assert session.scalar(backend) == first


@contextmanager
def database_in(encoding: str, server: str) -> Iterator[str]:
    """The URL of an empty database of that encoding."""
    name = f"in_{encoding.lower()}_{os.getpid()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "EUC_JP", "WIN1252"])
def test_a_database_in_another_encoding_is_refused(postgresql_url: str, tmp_path: Path, encoding: str) -> None:
    with database_in(encoding, postgresql_url) as url:
        settings = Settings(database_url=url, data=tmp_path, secret_key=SECRET_KEY)
        with create_app(settings).app_context(), pytest.raises(SettingsError) as caught, db.read() as session:
            session.connection()
        [fault] = caught.value.faults
        assert fault == postgresql.why_unusable(settings.sqlalchemy_url)
        assert f"the database's encoding is {encoding}, which" in fault
        assert "ENCODING 'UTF8' TEMPLATE template0" in fault


def test_utf_8_and_unreachable_databases_are_not_refused(postgresql_url: str) -> None:
    for url in (postgresql_url, "postgresql://nobody@127.0.0.1:1/nothing"):
        assert postgresql.why_unusable(Settings(database_url=url, secret_key=SECRET_KEY).sqlalchemy_url) is None


@pytest.mark.parametrize("command", [("-m", "shortener.serve"), ("-m", "flask", "--app", "wsgi", "first-start")])
def test_a_start_on_another_encoding_ends_with_a_sentence(
    postgresql_url: str, tmp_path: Path, command: tuple[str, ...]
) -> None:
    with database_in("LATIN1", postgresql_url) as url:
        environ = environ_of(database_url=url, secret_key=SECRET_KEY, data=tmp_path)
        ended = subprocess.run(
            [sys.executable, *command], cwd=ROOT, env=environ, text=True, capture_output=True, timeout=60
        )
    assert ended.returncode == 4
    assert "the database's encoding is LATIN1" in ended.stderr
    assert "Traceback" not in ended.stderr
