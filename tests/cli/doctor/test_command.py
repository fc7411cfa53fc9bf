"""`doctor` as a whole: what it prints, its exit code, and what it does if nothing works."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import text
from sqlalchemy.orm import Session

from bench.instance import environ_of
from shortener import create_app
from shortener.cli.doctor import stored
from shortener.cli.doctor.command import doctor
from shortener.cli.doctor.finding import Finding, State
from shortener.config.settings import Settings
from shortener.storage import db
from tests.conftest import SECRET_KEY
from tests.support import ROOT
from tests.support.factories import Sender

Findings = list[dict[str, Any]]
ALL = {"settings", "public address", "disk", "spool", "database", "version", "secret key", "clock", "accounts"}
ALL |= {"callbacks", "sendings", "exports", "incidents", "people", "time zones"}


def asked(app: Flask, *words: str) -> tuple[int, Findings]:
    """The exit code and the findings."""
    result = CliRunner().invoke(doctor, ["--json", *words], obj=ScriptInfo(create_app=lambda: app))
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result.exit_code, json.loads(result.stdout)["findings"]


def of(check: str, found: Findings) -> list[tuple[str, str]]:
    return [(one["state"], one["sentence"]) for one in found if one["check"] == check]


def test_a_sound_installation_has_no_fault(app: Flask, sender: Sender) -> None:
    code, found = asked(app)
    assert [one for one in found if one["state"] == State.FAULT] == []
    assert code == 0
    assert {one["check"] for one in found} >= ALL


def test_nothing_is_changed_by_looking(app: Flask, sender: Sender, database_kind: str, tmp_path: Path) -> None:
    def rows() -> list[Any]:
        with db.read() as session:
            return [session.execute(table.select()).all() for table in db.db.metadata.sorted_tables]

    before = rows(), sorted(path.name for path in tmp_path.iterdir() if "sqlite3" not in path.name)
    asked(app, "--reach")
    assert (rows(), sorted(path.name for path in tmp_path.iterdir() if "sqlite3" not in path.name)) == before


def test_each_line_names_state_and_advice(app: Flask) -> None:
    result = app.test_cli_runner().invoke(args=["doctor"])
    lines = result.stdout.splitlines()
    assert lines[0].startswith("ok       settings")
    [place] = [number for number, line in enumerate(lines) if line.startswith("warning  accounts")]
    assert lines[place + 1].strip().startswith("-> Create one: ")
    assert lines[-1].startswith("0 faults, ")
    assert result.exit_code == 0


def test_unusable_settings_become_a_finding(tmp_path: Path) -> None:
    def fails() -> Flask:
        return create_app(Settings.from_env({"SHORTENER_BIND": "x", "SHORTENER_THREADS": "many"}))

    result = CliRunner().invoke(doctor, ["--json"], obj=ScriptInfo(create_app=fails))
    found = json.loads(result.stdout)
    assert (result.exit_code, found["faults"]) == (1, 2)
    assert [sentence.split(":")[0] for _, sentence in of("settings", found["findings"])] == [
        "SHORTENER_BIND",
        "SHORTENER_THREADS",
    ]


def test_a_broken_settings_file_becomes_a_finding(tmp_path: Path) -> None:
    """As the entry point meets it: `wsgi` itself cannot be imported."""
    (tmp_path / "settings").write_text("SHORTENER_BIND\n")
    code = (
        "from flask.cli import ScriptInfo; from shortener.cli.doctor.command import doctor; "
        "doctor(['--json'], obj=ScriptInfo(app_import_path='wsgi', load_dotenv_defaults=False))"
    )
    environ = environ_of(env_file=tmp_path / "settings")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True)
    [(state, sentence)] = of("settings", json.loads(done.stdout)["findings"])
    assert (done.returncode, state, done.stderr) == (1, "fault", "")
    assert sentence == f"{tmp_path / 'settings'}, line 1: cannot be read; it must look like NAME=value"


@pytest.fixture
def with_url(tmp_path: Path) -> Callable[[str | None], Flask]:
    """Makes an application on another database."""

    def make(url: str | None) -> Flask:
        values = {"data": tmp_path / "data", "secret_key": SECRET_KEY, "public_url": "https://s.example.com"}
        return create_app(Settings(**values, database_url=url))  # type: ignore[arg-type]

    return make


def test_an_unreachable_server_becomes_a_finding(with_url: Callable[[str | None], Flask]) -> None:
    code, found = asked(with_url("postgresql://u:hunter2@127.0.0.1:1/none"))
    [(state, sentence)] = of("database", found)
    assert (code, state) == (1, "fault")
    assert "127.0.0.1" in sentence
    assert "hunter2" not in json.dumps(found)


def test_a_missing_file_is_not_created(with_url: Callable[[str | None], Flask], tmp_path: Path) -> None:
    code, found = asked(with_url(None))
    assert code == 1
    assert of("database", found) == [("fault", f"There is no database at {tmp_path / 'data' / 'shortener.sqlite3'}.")]
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", [b"no database" * 1000, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_of_something_else_becomes_a_finding(
    with_url: Callable[[str | None], Flask], tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    code, found = asked(with_url(f"sqlite:///{tmp_path / 'file'}"))
    assert (code, of("database", found)[0][0]) == (1, "fault")


def test_a_database_without_tables_says_so(with_url: Callable[[str | None], Flask], tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "file")) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    _, found = asked(with_url(f"sqlite:///{tmp_path / 'file'}"))
    [(state, sentence)] = of("version", found)
    assert (state, "has no tables yet" in sentence) == ("fault", True)


def test_a_later_version_is_a_finding(app: Flask, database_kind: str) -> None:
    stamp = text("UPDATE alembic_version SET version_num = :revision")
    with db.write() as session:
        ours = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(stamp, {"revision": "9999"})
    try:
        code, found = asked(app)
    finally:
        with db.write() as session:
            session.execute(stamp, {"revision": ours})
    assert (code, "9999" in of("version", found)[0][1]) == (1, True)


def test_a_check_that_fails_spoils_no_other(app: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(session: Session) -> Iterator[Finding]:
        session.execute(text("SELECT nothing"))
        yield from ()

    monkeypatch.setattr(stored, "examine_clock", fails)
    code, found = asked(app)
    assert (code, [one["check"] for one in found if one["state"] == State.FAULT]) == (1, ["clock"])
    assert of("accounts", found) == [("ok", "Accounts that can submit messages: 1.")]


def test_a_name_that_is_no_setting_is_a_warning(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SHORTENER_PUBLIC_URLS", "https://s.example.com")
    _, found = asked(app)
    [(state, sentence), _] = of("settings", found)
    assert (state, sentence.endswith("did you mean SHORTENER_PUBLIC_URL?")) == ("warning", True)
