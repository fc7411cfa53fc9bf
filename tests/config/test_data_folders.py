"""Which data folder is used: data in the working folder is found, and never ignored silently."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from bench.instance import free_port
from shortener.config import settings_file
from shortener.config.settings import Settings
from shortener.errors import SettingsError
from shortener.files import spool_folder
from tests.config.test_settings_file import ROOT, database_of, elsewhere, flask, product  # noqa: F401 - fixtures
from tests.conftest import SECRET_KEY, running
from tests.support.factories import make_account, make_message, slug_of
from tests.support.waiting import until

SIZE = 4096


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The product's folder."""
    (tmp_path / "home").mkdir()
    monkeypatch.setattr(settings_file, "HOME", tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def put(folder: Path, *what: str) -> None:
    """Put a database, a secret key or a spool, with or without records, into the data folder."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    for thing in what:
        if thing == "database":
            (data / "shortener.sqlite3").write_bytes(b"SQLite format 3\0")
        elif thing == "key":
            (data / "secret_key").write_text(SECRET_KEY)
        else:
            own = spool_folder.acquire(data / "spool", "house", SIZE)
            if thing == "clicks":
                own.append(b"a click")
            own.close()


def chosen() -> Path:
    return Settings.from_env({}).data


@pytest.mark.parametrize("what", ["database", "key", "spool", "clicks"])
@pytest.mark.parametrize("foreign", [True, False])
def test_data_that_only_the_working_folder_has_is_used(home: Path, here: Path, what: str, foreign: bool) -> None:
    """Also beside a wsgi.py, which may belong to any program."""
    put(here, what)
    if foreign:
        (here / "wsgi.py").write_text("app = None\n")
    assert chosen() == here / "data"
    (home / "data").mkdir()
    assert chosen() == here / "data"


@pytest.mark.parametrize("there", ["database", "key", "spool", "clicks"])
@pytest.mark.parametrize(
    ("found", "said"), [("database", "a database"), ("key", "a secret key"), ("clicks", "a spool of clicks")]
)
def test_two_folders_with_data_are_refused(home: Path, here: Path, there: str, found: str, said: str) -> None:
    put(home, there)
    put(here, found)
    with pytest.raises(SettingsError, match=f"SHORTENER_DATA: {home}/data has a .* and {here}/data has {said}; give"):
        chosen()
    assert Settings.from_env({"SHORTENER_DATA": str(here / "data")}).data == here / "data"


@pytest.mark.parametrize("there", ["database", "spool", "clicks"])
def test_a_spool_without_clicks_is_not_missed(home: Path, here: Path, there: str) -> None:
    put(home, there)
    put(here, "spool")
    assert chosen() == home / "data"


@pytest.mark.parametrize("links", [True, False])
def test_a_symbolic_link_is_no_second_data_folder(home: Path, here: Path, links: bool) -> None:
    """Whether the link leads to the folder or to the database in it."""
    put(here, "database", "clicks" if links else "spool")
    if links:
        (home / "data").symlink_to(here / "data")
    else:
        (home / "data").mkdir()
        (home / "data" / "shortener.sqlite3").symlink_to(here / "data" / "shortener.sqlite3")
    assert chosen() == home / "data"


def test_the_folder_stays_the_same_while_a_process_runs(home: Path, here: Path) -> None:
    settings = Settings.from_env({})
    put(here, "database")
    assert settings.data == home / "data"


def test_a_spool_set_apart_is_found_like_data(home: Path, here: Path) -> None:
    own = spool_folder.acquire(here / "kept", "house", SIZE)
    own.append(b"a click")
    own.close()
    given = {"SHORTENER_SPOOL": "kept"}
    assert Settings.from_env(given).spool_folder == here / "kept"
    spool_folder.acquire(home / "kept", "house", SIZE).close()
    with pytest.raises(SettingsError, match=r"SHORTENER_SPOOL: .* has a spool of clicks and"):
        Settings.from_env(given)


# As an operator runs it


def test_commands_refuse_two_databases(product: Path, elsewhere: Path) -> None:  # noqa: F811
    """Also if the working folder has a copy of the product: its data is not used, and not ignored silently."""
    flask(product, elsewhere, "db", "upgrade", SHORTENER_DATA=str(elsewhere / "data"))
    assert database_of(flask(product, elsewhere, "account", "list")) == elsewhere / "data" / "shortener.sqlite3"
    assert not (product / "data").exists()
    flask(product, product, "db", "upgrade")
    (elsewhere / "wsgi.py").symlink_to(ROOT / "wsgi.py")
    result = flask(product, elsewhere, "account", "list")
    assert result.returncode == 4
    assert f"{product}/data has a database and {elsewhere}/data has a database" in result.stderr
    absolute = flask(product, elsewhere, "account", "list", SHORTENER_DATA=str(product / "data"))
    assert database_of(absolute) == product / "data" / "shortener.sqlite3"


@pytest.mark.parametrize("command", ["serve", "gunicorn", "chdir", "first-start"])
def test_links_of_the_working_folders_data_redirect(
    product: Path,  # noqa: F811
    elsewhere: Path,  # noqa: F811
    command: str,
) -> None:
    """However the server is started, also beside the operator's own wsgi.py."""
    address = f"127.0.0.1:{free_port()}"
    settings = Settings(data=elsewhere / "data", public_url="https://s.example.com", spool_bytes=65536, bind=address)
    with running(settings) as app:
        assert app.test_cli_runner().invoke(args=["first-start"]).exit_code == 0
        slug = slug_of(make_message(make_account("shop")).link)
    (elsewhere / "wsgi.py").write_text("from shortener import create_app\n\napp = create_app()\n")
    gunicorn = [sys.executable, "-m", "gunicorn", "-c", str(product / "gunicorn.conf.py")]
    started = {
        "serve": (elsewhere, [sys.executable, "-m", "shortener.serve"]),
        "gunicorn": (elsewhere, gunicorn),
        "chdir": (elsewhere.parent, [*gunicorn, "--chdir", "elsewhere"]),
        "first-start": (elsewhere, [sys.executable, "-m", "shortener.serve"]),
    }
    folder, words = started[command]
    if command == "first-start":
        assert "There are accounts already" in flask(product, elsewhere, "first-start", SHORTENER_BIND=address).stdout
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(product), "SHORTENER_BIND": address}
    environ |= {"SHORTENER_PROCESSES": "1", "SHORTENER_SPOOL_BYTES": "65536"}
    with (elsewhere.parent / "log").open("w") as log:
        process = subprocess.Popen(words, cwd=folder, env=environ, stdout=log, stderr=log)
        try:
            until(lambda: status(f"http://{address}/{slug}") is not None or process.poll() is not None)
            assert status(f"http://{address}/{slug}") == 302, (elsewhere.parent / "log").read_text()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert not (product / "data").exists()


def status(url: str) -> int | None:
    try:
        return requests.get(url, timeout=5, allow_redirects=False).status_code
    except requests.ConnectionError:
        return None
