"""The configured server, started as `make run` does."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from bench.instance import ROOT, environ_of, free_port
from shortener.config.settings import Settings
from shortener.errors import SettingsError
from shortener.running import startup_checks
from shortener.storage import db, migrations
from tests.conftest import SECRET_KEY
from tests.support.factories import make_account
from tests.support.waiting import WITHIN

Refused = subprocess.CompletedProcess[str]


def refused(*, module: str = "shortener.serve", command: Sequence[str] = (), **settings: object) -> Refused:
    """The output of a start that ends by itself."""
    environ = environ_of(**settings)
    started = [sys.executable, *(command or ("-m", module))]
    done = subprocess.run(started, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=WITHIN, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.mark.parametrize("module", ["shortener.serve", "gunicorn"])
def test_a_wrong_setting_stops_the_start_with_its_name(module: str) -> None:
    done = refused(module=module, server="apache")
    assert done.returncode == 4
    assert "SHORTENER_SERVER" in done.stderr


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
@pytest.mark.parametrize("below", ["", "below"])
def test_an_unusable_spool_stops_the_start_in_one_line(tmp_path: Path, server: str, below: str) -> None:
    occupied = tmp_path / "occupied"
    occupied.touch()
    done = refused(server=server, data=tmp_path, spool=occupied / below, bind=free_address())
    assert done.returncode == 4
    [_, fault] = done.stderr.splitlines()
    assert fault.startswith("  - SHORTENER_SPOOL: clicks cannot be stored there")
    assert fault.endswith(f"{occupied}: Not a directory")


SERVERS = ["gunicorn", "granian"]


@pytest.mark.parametrize("server", SERVERS)
def test_a_gateway_that_there_is_not_ends_all(tmp_path: Path, server: str) -> None:
    """It is found before the server starts; a worker finds it if the settings have changed since."""
    urls = "zenith=http://shop:hunter2@127.0.0.1"
    done = refused(server=server, data=tmp_path, gateway_urls=urls, bind=free_address(), processes=1)
    assert done.returncode == 4
    [_, fault] = done.stderr.splitlines()
    assert fault.startswith("  - SHORTENER_GATEWAY_URLS: zenith is no gateway of this version; vendors with one: ")
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize("server", SERVERS)
def test_a_database_without_tables_ends_the_start(tmp_path: Path, server: str) -> None:
    done = refused(server=server, data=tmp_path, secret_key=SECRET_KEY, bind=free_address())
    assert done.returncode == 4
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("The database has no tables yet.") and "db upgrade" in sentence
    assert not list(tmp_path.glob("*.sqlite3"))


@pytest.mark.parametrize("server", SERVERS)
def test_a_busy_port_stops_the_start_in_one_line(tmp_path: Path, server: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        bind = f"127.0.0.1:{busy.getsockname()[1]}"
        done = refused(server=server, data=tmp_path, bind=bind)
    assert done.returncode == 4
    [_, fault] = done.stderr.splitlines()
    taken = f"SHORTENER_BIND: {bind} is already in use; stop that program, or set another: 127.0.0.1:"
    assert fault.startswith(f"  - {taken}")


def test_without_packages_the_start_names_make() -> None:
    done = refused(command=["-S", "wsgi.py"])  # without the folder that packages are installed into
    assert done.returncode == 1
    assert "is not installed for" in done.stderr and "`make run`" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_address_of_another_machine_stops_the_start(tmp_path: Path) -> None:
    done = refused(data=tmp_path, bind="192.0.2.1:8000")
    assert (done.returncode, done.stderr.count("SHORTENER_BIND: cannot listen on 192.0.2.1:8000")) == (4, 1)


@pytest.mark.parametrize("server", SERVERS)
def test_another_secret_key_ends_the_start(tmp_path: Path, database_url: str, app: Flask, server: str) -> None:
    make_account()
    done = refused(server=server, data=tmp_path, database_url=database_url, secret_key="n" * 40, bind=free_address())
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert "The newest signing secret, of the account shop, cannot be decrypted" in done.stderr


UNCHECKED = (
    "import runpy; from shortener.running import serve, startup_checks; startup_checks._check_stored = lambda _: None; "
)


@pytest.mark.parametrize("server", SERVERS)
def test_another_secret_key_found_by_a_worker_ends_all(
    tmp_path: Path, database_url: str, app: Flask, server: str
) -> None:
    """The database did not answer when the server started."""
    make_account()
    module = "gunicorn" if server == "gunicorn" else "shortener.serve"
    done = refused(
        command=["-c", f"{UNCHECKED}runpy.run_module('{module}', run_name='__main__')"],
        server=server,
        data=tmp_path,
        database_url=database_url,
        secret_key="n" * 40,
        bind=free_address(),
    )
    assert done.returncode == 4
    assert "The newest signing secret, of the account shop, cannot be decrypted" in done.stderr


def test_granian_keeps_the_exit_code_of_workers(tmp_path: Path, database_url: str, app: Flask) -> None:
    """It sees the worker's end before the worker's signal."""
    make_account()
    late = f"{UNCHECKED}serve._is_due = lambda server: bool(server.interrupt_children); "
    done = refused(
        command=["-c", f"{late}runpy.run_module('shortener.serve', run_name='__main__')"],
        server="granian",
        data=tmp_path,
        database_url=database_url,
        secret_key="n" * 40,
        bind=free_address(),
    )
    assert "Unexpected exit from worker" in done.stdout + done.stderr
    assert done.returncode == 4


OTHERS = {
    "older": "The database is of an older version of the product. Stop the product, make a backup and run",
    "later": "A later version of the product has upgraded the database (to 9999); run that version.",
}


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest, database_url: str, app: Flask) -> Iterator[tuple[str, str]]:
    """A database of another version, with what is said of it."""
    *_, before, newest = migrations._history(migrations._config())
    statement = text("UPDATE alembic_version SET version_num = :to")
    with db.write() as session:
        session.execute(statement, {"to": before if request.param == "older" else "9999"})
    yield database_url, OTHERS[request.param]
    with db.write() as session:
        session.execute(statement, {"to": newest})


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("found_by", ["start", "worker"])
def test_a_database_of_another_version_ends_the_start(
    tmp_path: Path, other: tuple[str, str], server: str, found_by: str
) -> None:
    """A worker detects it if the database did not answer when the server started."""
    url, sentence = other
    module = "gunicorn" if server == "gunicorn" else "shortener.serve"
    before = UNCHECKED if found_by == "worker" else "import runpy; "
    command = f"{before}runpy.run_module('{module}', run_name='__main__')"
    given = {"data": tmp_path, "database_url": url, "secret_key": SECRET_KEY, "bind": free_address()}
    done = refused(command=["-c", command], server=server, processes=1, **given)
    assert done.returncode == 4
    assert sentence in done.stderr
    assert "does not answer" not in done.stderr


def free_address() -> str:
    return f"127.0.0.1:{free_port()}"


def test_without_a_temporary_folder_the_start_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def none() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", none)
    with pytest.raises(SettingsError, match=r"TMPDIR: .*--tmpfs /tmp"):
        startup_checks.check(Settings(data=tmp_path, secret_key="k" * 40, bind=free_address()), {})


def test_a_database_file_of_another_owner_is_named(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    if settings.database_file is None:
        pytest.skip("PostgreSQL keeps its files itself")
    monkeypatch.setattr(os, "access", lambda *_: False)
    said = f"SHORTENER_DATA: {settings.database_file}: Permission denied; it belongs to .*, and this process runs as "
    with pytest.raises(SettingsError, match=said):
        startup_checks.check(settings.model_copy(update={"bind": free_address()}), {})
