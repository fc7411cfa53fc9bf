"""The settings file: the same for the server and every command, in whatever folder they start."""

import os
import shutil
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
from tests.support import ROOT
from tests.support.waiting import until

FLASK = str(Path(sys.executable).parent / "flask")
SHORTENER = str(Path(sys.executable).parent / "shortener")


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A folder that contains only the product."""
    folder = tmp_path / "product"
    folder.mkdir()
    for name in ("shortener", "templates"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("wsgi.py", "gunicorn.conf.py"):  # Python searches beside the target of a symbolic link
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


def run(folder: Path, *command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **environ}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


def flask(product: Path, folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return run(folder, FLASK, "--app", str(product / "wsgi"), *words, **environ)


def database_of(result: subprocess.CompletedProcess[str]) -> Path:
    """The database that a command worked on, from its first line."""
    assert result.returncode == 0, result.stderr
    return Path(result.stderr.splitlines()[0].removeprefix("Database: "))


# What is read


def environment(path: Path, text: str, **environ: str) -> dict[str, str]:
    path.write_text(text, encoding="utf-8")
    given = {f"SHORTENER_{name}": value for name, value in environ.items()}
    found = settings_file.environment({"SHORTENER_ENV_FILE": str(path), **given})
    return {name.removeprefix("SHORTENER_"): value for name, value in found.items() if name != "SHORTENER_ENV_FILE"}


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    text = "SHORTENER_BIND=127.0.0.1:1\nSHORTENER_WORKER=off\nPATH=/nowhere\n"
    assert environment(tmp_path / ".env", text, BIND="127.0.0.1:2") == {"BIND": "127.0.0.1:2", "WORKER": "off"}


def test_empty_variables_are_taken_from_the_file(tmp_path: Path) -> None:
    assert environment(tmp_path / ".env", "SHORTENER_WORKER=off", WORKER="") == {"WORKER": "off"}


def test_a_variable_wins_over_its_file(tmp_path: Path) -> None:
    text = "SHORTENER_SECRET_KEY=from-the-settings-file\n"
    assert environment(tmp_path / ".env", text, SECRET_KEY_FILE="key") == {"SECRET_KEY_FILE": "key"}


def test_values_may_be_quoted_and_lines_commented(tmp_path: Path) -> None:
    text = "# ours\nSHORTENER_SENDER_NAME='例の店 #1'\nexport SHORTENER_WORKER=off # for now\n\nSHORTENER_DATA=\n"
    assert environment(tmp_path / ".env", text) == {"SENDER_NAME": "例の店 #1", "WORKER": "off"}


def test_a_missing_or_binary_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"SHORTENER_ENV_FILE: there is no file {tmp_path}/none"):
        settings_file.environment({"SHORTENER_ENV_FILE": str(tmp_path / "none")})
    (tmp_path / "binary").write_bytes(b"SHORTENER_X=\xff")
    with pytest.raises(SettingsError, match="it is not text in UTF-8"):
        settings_file.environment({"SHORTENER_ENV_FILE": str(tmp_path / "binary")})


URL = "postgresql://a:secret-word@127.0.0.1:1/x"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'# ours\n\nSHORTENER_DATABASE_URL="{URL}\n', 3),
        (f"SHORTENER_WORKER=off\nSHORTENER_DATABASE_URL: {URL}", 2),
        (f"SHORTENER_DATABASE_URL='{URL}\nSHORTENER_BIND=127.0.0.1:1\n", 1),
        ("\r\n\r\nSHORTENER_WORKER off\r\n", 3),
        ("SHORTENER_WORKER\n", 1),
        ('SHORTENER_WORKER="off" on\n', 1),
        (f'SHORTENER_SENDER_NAME="Shop\nSHORTENER_DATABASE_URL={URL}\nSHORTENER_SENDER_CONTACT="\n', 1),
        ("\n=off\n", 2),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(SettingsError) as raised:
        environment(tmp_path / ".env", text)
    assert raised.value.faults == [f"{tmp_path}/.env, line {line}: cannot be read; it must look like NAME=value"]


def test_a_setting_given_twice_names_both_lines(tmp_path: Path) -> None:
    text = f"OTHER=1\nOTHER=2\nSHORTENER_DATABASE_URL={URL}1\n\nexport SHORTENER_DATABASE_URL={URL}2\n"
    with pytest.raises(SettingsError) as raised:
        environment(tmp_path / ".env", text)
    fault = f"{tmp_path}/.env: SHORTENER_DATABASE_URL is given in line 3 and again in line 5; keep one of them"
    assert raised.value.faults == [fault]


def test_a_value_of_several_lines_is_taken(tmp_path: Path) -> None:
    text = "SHORTENER_VISITORS='one\ntwo'\nSHORTENER_WORKER=off\n"
    assert environment(tmp_path / ".env", text) == {"VISITORS": "one\ntwo", "WORKER": "off"}


# Where paths lead


def test_relative_paths_begin_at_the_products_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env({"SHORTENER_DATA": "some/data", "SHORTENER_SPOOL": "some/spool"})
    assert settings.database_file == ROOT / "some" / "data" / "shortener.sqlite3"
    assert settings.spool_folder == ROOT / "some" / "spool"
    assert Settings.from_env({}).data == ROOT / "data"


def test_a_file_in_the_working_folder_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("k" * 40)
    assert Settings.from_env({"SHORTENER_SECRET_KEY_FILE": "key"}).secret_key == "k" * 40


# As an operator runs it


def test_commands_from_another_folder_work_on_the_servers_database(product: Path, elsewhere: Path) -> None:
    (product / ".env").write_text(f"SHORTENER_DATA=kept/here\nSHORTENER_SECRET_KEY={'k' * 40}\n")
    upgraded = flask(product, elsewhere, "db", "upgrade")
    assert database_of(upgraded) == product / "kept" / "here" / "shortener.sqlite3"
    made = flask(product, elsewhere, "account", "create", "shop", "--json")
    assert database_of(made) == database_of(upgraded) == database_of(flask(product, product, "account", "list"))
    assert made.stdout.count("\n") == 1
    assert list(elsewhere.iterdir()) == []
    assert [path.name for path in (product / "kept" / "here").iterdir()] == ["shortener.sqlite3"]


@pytest.mark.parametrize("words", [("account", "list"), ("account", "create", "shop"), ("prune",), ("person", "list")])
def test_a_command_makes_no_empty_database(product: Path, elsewhere: Path, words: tuple[str, ...]) -> None:
    result = flask(product, elsewhere, *words)
    assert result.returncode == 3
    assert f"There is no database at {product}/data/shortener.sqlite3." in result.stderr
    assert f"--app {product}/wsgi db upgrade" in result.stderr
    assert str(product / ".env") in result.stderr
    assert not (product / "data").exists()
    assert list(elsewhere.iterdir()) == []


def test_a_settings_file_that_only_flask_reads_is_refused(product: Path, elsewhere: Path) -> None:
    """Flask by itself uses one from the working folder or above; the server does not."""
    (elsewhere / ".env").write_text("SHORTENER_DATA=/tmp/another\n")
    result = flask(product, elsewhere, "account", "list")
    assert result.returncode == 4
    assert f"SHORTENER_DATA comes from {elsewhere}/.env, which the server does not read" in result.stderr
    (elsewhere / ".env").write_text("OTHER=program\n")
    assert "There is no database at" in flask(product, elsewhere, "account", "list").stderr


def test_an_unreadable_line_stops_server_and_commands(product: Path, elsewhere: Path) -> None:
    (product / ".env").write_text(f'SHORTENER_DATABASE_URL="{URL}\n')
    sentence = f"{product}/.env, line 1: cannot be read; it must look like NAME=value"
    server = run(product, sys.executable, "-m", "shortener.serve")
    for result in (server, flask(product, elsewhere, "account", "list"), flask(product, product, "db", "upgrade")):
        assert result.returncode == 4
        assert sentence in result.stderr
        assert "secret-word" not in result.stderr
    assert not (product / "data").exists()


def test_a_settings_file_in_another_encoding_is_refused(product: Path) -> None:
    """With the command of `make run`; `flask` itself would read the file before us, and fail."""
    (product / ".env").write_bytes("SHORTENER_SENDER_NAME=Café\n".encode("latin-1"))
    shutil.copy(ROOT / "Makefile", product)
    (product / ".venv" / "bin").mkdir(parents=True)
    (product / ".venv" / "bin" / "shortener").symlink_to(SHORTENER)
    for name in (".venv/run.done", "requirements.txt", "Makefile"):  # nothing is to be installed
        (product / name).touch()
        os.utime(product / name, (0, 0))
    (product / ".venv" / "bin" / "pip").touch()
    result = run(product, "make", "run")
    assert result.returncode == 2
    assert f"cannot read the file {product}/.env: it is not text in UTF-8" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_named_settings_file_is_read_by_commands(product: Path, elsewhere: Path) -> None:
    (elsewhere / ".env").write_text(f"SHORTENER_DATA={elsewhere}/data\n")
    result = flask(product, elsewhere, "db", "upgrade", SHORTENER_ENV_FILE=str(elsewhere / ".env"))
    assert database_of(result) == elsewhere / "data" / "shortener.sqlite3"


@pytest.mark.parametrize("command", [["-m", "shortener.serve"], ["{product}/wsgi.py"]])
def test_the_server_explains_itself(product: Path, elsewhere: Path, command: list[str]) -> None:
    words = [word.format(product=product) for word in command]
    result = run(elsewhere, sys.executable, *words, "--help", PYTHONPATH=str(product))
    assert result.returncode == 0, result.stderr
    assert str(product / ".env") in result.stdout.replace("\n", "").replace(" ", "")
    assert not (product / "data").exists()


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_the_server_finds_its_settings_file_anywhere(product: Path, elsewhere: Path, server: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    settings = {"SERVER": server, "BIND": address, "PROCESSES": "1", "SPOOL_BYTES": "65536"}
    (product / ".env").write_text("".join(f"SHORTENER_{name}={value}\n" for name, value in settings.items()))
    assert flask(product, elsewhere, "first-start").returncode == 0

    def healthy() -> bool:
        try:
            return requests.get(f"http://{address}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return process.poll() is not None

    with (elsewhere / "log").open("w") as log:
        command = [sys.executable, str(product / "wsgi.py")]
        process = subprocess.Popen(command, cwd=elsewhere, env={"PATH": os.environ["PATH"]}, stdout=log, stderr=log)
        try:
            until(healthy)
            assert process.poll() is None, (elsewhere / "log").read_text()
            until(lambda: "Ctrl-C" in (elsewhere / "log").read_text())
            assert (elsewhere / "log").read_text().count(f"\nOpen http://{address}/dashboard in a browser. ") == 1
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    assert [path.name for path in elsewhere.iterdir()] == ["log"]
