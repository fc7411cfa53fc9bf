"""The stored secret key: one for all processes, and never a new one beside secrets of an older one."""

import contextlib
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bench.instance import environ_of
from shortener.config.settings import Settings
from shortener.errors import SettingsError
from shortener.storage import migrations, sqlite
from tests.support import ROOT

KEY = "a key for tests, long enough to be one"


def key_of(data: Path) -> str:
    """The key of a server that starts with this folder."""
    return Settings.from_env({"SHORTENER_DATA": str(data)}).make_ready()[0]


def fault_of(data: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        key_of(data)
    [fault] = caught.value.faults
    return fault


def test_a_secret_key_is_made_once(tmp_path: Path) -> None:
    first, second = key_of(tmp_path / "new" / "folder"), key_of(tmp_path / "new" / "folder")
    assert first == second
    assert len(first) >= 64
    assert (tmp_path / "new" / "folder" / "secret_key").read_text() == first
    assert key_of(tmp_path / "other") != first


def test_a_given_secret_key_is_not_written_to_disk(tmp_path: Path) -> None:
    settings = Settings.from_env({"SHORTENER_DATA": str(tmp_path / "new"), "SHORTENER_SECRET_KEY": KEY})
    assert settings.make_ready() == (KEY,)
    assert list((tmp_path / "new").iterdir()) == []


def test_only_the_operator_can_read_the_key(tmp_path: Path) -> None:
    key_of(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_simultaneous_processes_share_one_key(tmp_path: Path) -> None:
    """They wait for each other at a pipe, so that all reach the empty folder at the same time."""
    program = (
        "import sys; from shortener.config.settings import Settings; print(flush=True); sys.stdin.read(); "
        "print(Settings.from_env().make_ready()[0])"
    )
    environ = environ_of(data=tmp_path / "new")
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, env=environ, text=True, stdin=-1, stdout=-1, stderr=-1
        )
        for _ in range(4)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()
        racer.stdin = None  # or communicate() would close it again
    keys = [racer.communicate(timeout=60)[0].strip() for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 4
    assert set(keys) == {(tmp_path / "new" / "secret_key").read_text()}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret_key"]


@pytest.mark.parametrize("content", [b"", b"short", b"\xff" * 40])
def test_a_damaged_key_file_is_named_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    """A new key could not decrypt the signing secrets that are stored."""
    (tmp_path / "secret_key").write_bytes(content)
    assert "SHORTENER_DATA" in fault_of(tmp_path)
    assert (tmp_path / "secret_key").read_bytes() == content


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    data = tmp_path / "file" / "data"
    assert fault_of(data) == f"SHORTENER_DATA: cannot make the folder {data}: Not a directory"


def database(folder: Path, *, secrets: int) -> Path:
    """The product's database in a folder with `secrets` signing secrets, as after a restore without the key."""
    path = folder / "shortener.sqlite3"
    engine = create_engine(f"sqlite:///{path}")
    sqlite.prepare(engine)
    migrations.upgrade(engine)
    engine.dispose()
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        for number in range(secrets):
            connection.execute(
                "INSERT INTO signing_secret (account_id, sealed, created_on) VALUES (?, 'x', 0)", [number]
            )
    return path


def test_no_key_is_made_beside_encrypted_secrets(tmp_path: Path) -> None:
    path = database(tmp_path, secrets=1)
    fault = fault_of(tmp_path)
    assert fault.startswith(f"SHORTENER_SECRET_KEY: {path} holds secrets that were encrypted with a key")
    assert str(tmp_path / "secret_key") in fault
    assert "account secret rotate --all" in fault
    assert not (tmp_path / "secret_key").exists()


def test_no_key_is_made_beside_a_named_sqlite_file(tmp_path: Path) -> None:
    path = database(tmp_path, secrets=2)
    environ = {"SHORTENER_DATA": str(tmp_path / "other"), "SHORTENER_DATABASE_URL": f"sqlite:///{path}"}
    with pytest.raises(SettingsError, match="holds secrets that were encrypted"):
        Settings.from_env(environ).make_ready()
    assert not (tmp_path / "other" / "secret_key").exists()


def test_a_given_key_is_used_beside_encrypted_secrets(tmp_path: Path) -> None:
    database(tmp_path, secrets=1)
    settings = Settings.from_env({"SHORTENER_DATA": str(tmp_path), "SHORTENER_SECRET_KEY": KEY})
    assert settings.make_ready() == (KEY,)


@pytest.mark.parametrize("secrets", [None, 0])
def test_a_key_is_made_without_encrypted_secrets(tmp_path: Path, secrets: int | None) -> None:
    if secrets is None:
        (tmp_path / "shortener.sqlite3").touch()
    else:
        database(tmp_path, secrets=secrets)
    assert key_of(tmp_path) == (tmp_path / "secret_key").read_text()


def test_no_key_is_made_beside_an_unreadable_database(tmp_path: Path) -> None:
    (tmp_path / "shortener.sqlite3").write_bytes(b"no database, but perhaps a damaged one" * 100)
    assert "file is not a database" in fault_of(tmp_path)
    assert not (tmp_path / "secret_key").exists()
