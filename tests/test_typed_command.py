"""Command lines in messages: they can be typed as shown."""

import sys
from pathlib import Path

import pytest

from shortener import typed_command
from shortener.typed_command import typed
from tests.support import ROOT


@pytest.mark.parametrize(
    ("called", "path", "shown"),
    [
        (".venv/bin/flask", "/usr/bin", ".venv/bin/flask"),
        ("{here}/.venv/bin/flask", "/usr/bin", ".venv/bin/flask"),
        ("{here}/.venv/bin/flask", "{here}/.venv/bin", "flask"),
        ("/elsewhere/bin/flask", "/usr/bin", "/elsewhere/bin/flask"),
        ("/elsewhere/my tools/flask", "/usr/bin", "'/elsewhere/my tools/flask'"),
        ("{here}/.venv/bin/gunicorn", "/usr/bin", ".venv/bin/flask"),
        ("{here}/.venv/bin/gunicorn", "{here}/.venv/bin", "flask"),
    ],
)
def test_a_command_can_be_typed_as_it_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str, path: str, shown: str
) -> None:
    flask = tmp_path / ".venv/bin/flask"
    flask.parent.mkdir(parents=True)
    flask.touch(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", path.format(here=tmp_path))
    monkeypatch.setattr(sys, "argv", [called.format(here=tmp_path)])
    monkeypatch.setattr(sys, "executable", str(flask.with_name("python")))
    assert typed("account list") == f"{shown} --app {ROOT}/wsgi account list"
    monkeypatch.setattr(typed_command, "HOME", tmp_path)
    assert typed("account list") == f"{shown} --app wsgi account list"


def test_without_flask_beside_python_its_name_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert typed("db upgrade").startswith("flask --app ")
