"""Command lines in messages: they can be typed as shown."""

import sys
from pathlib import Path

import pytest

from shortener import typed_command
from shortener.typed_command import typed
from tests.support import ROOT


def program(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


CALLS = [
    (".venv/bin/{name}", "/usr/bin", ".venv/bin/{name}"),
    ("{here}/.venv/bin/{name}", "/usr/bin", ".venv/bin/{name}"),
    ("{here}/.venv/bin/{name}", "{here}/.venv/bin", "{name}"),
    ("/elsewhere/bin/{name}", "/usr/bin", "/elsewhere/bin/{name}"),
    ("/elsewhere/my tools/{name}", "/usr/bin", "'/elsewhere/my tools/{name}'"),
    ("{here}/.venv/bin/gunicorn", "/usr/bin", ".venv/bin/{name}"),
    ("{here}/.venv/bin/gunicorn", "{here}/.venv/bin", "{name}"),
]


@pytest.fixture(params=CALLS)
def call(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """How a program is called, its PATH, and how it is shown; the working folder is the product's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    monkeypatch.setenv("PATH", request.param[1].format(here=tmp_path))
    called, path, shown = request.param
    return called, path, shown


def test_a_command_can_be_typed_as_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: tuple[str, str, str]
) -> None:
    called, _, shown = call
    program(tmp_path / ".venv/bin/shortener")
    monkeypatch.setattr(sys, "argv", [called.format(here=tmp_path, name="shortener")])
    monkeypatch.setattr(typed_command, "HOME", tmp_path)
    assert typed("account list") == f"{shown.format(name='shortener')} account list"


def test_without_the_command_flasks_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: tuple[str, str, str]
) -> None:
    called, _, shown = call
    program(tmp_path / ".venv/bin/flask")
    monkeypatch.setattr(sys, "argv", [called.format(here=tmp_path, name="flask")])
    assert typed("account list") == f"{shown.format(name='flask')} --app {ROOT}/wsgi account list"
    monkeypatch.setattr(typed_command, "HOME", tmp_path)
    assert typed("account list") == f"{shown.format(name='flask')} --app wsgi account list"


def test_the_command_of_another_folder_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    command = program(tmp_path / "bin/shortener", 'sys.path[0] = "/elsewhere"\n')
    assert " --app " in typed("db upgrade")
    program(command, f'sys.path[0] = "{ROOT}"\n')
    assert typed("db upgrade") == f"{command} db upgrade"


def test_without_any_program_flasks_name_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert typed("db upgrade").startswith("flask --app ")
