"""The commands that `make` lists, and its error messages."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

AWAY = """WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(': Failed to establish a new
connection: [Errno -3] Temporary failure in name resolution')': /simple/flask/
ERROR: Could not find a version that satisfies the requirement Flask==3.1.2 (from versions: none)
ERROR: No matching distribution found for Flask==3.1.2
"""
OTHER = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"


def set_up(folder: Path, says: str) -> subprocess.CompletedProcess[str]:
    """Run `make install` with a pip that fails with this output."""
    pip = folder / "bin" / "pip"
    pip.parent.mkdir()
    (folder / "says").write_text(says)
    pip.write_text(f"#!/bin/sh\ncat {folder}/says >&2\nexit 1\n")
    pip.chmod(0o755)
    environ = {name: value for name, value in os.environ.items() if "MAKE" not in name}  # not make itself
    command = ["make", "--no-print-directory", f"VENV={folder}", f"{folder}/run.done"]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "says", [AWAY, "ERROR: Cannot connect to proxy.\n", "ERROR: HTTPSConnectionPool: Read timed out.\n"]
)
def test_without_a_network_one_sentence_says_what_to_do(tmp_path: Path, says: str) -> None:
    done = set_up(tmp_path, says)
    [sentence, *rest] = done.stderr.splitlines()
    assert done.returncode != 0
    assert sentence.startswith("The packages cannot be downloaded: connect this machine to the network")
    assert "HTTPS_PROXY" in sentence and "PIP_INDEX_URL" in sentence
    assert all(line.startswith("make: ***") for line in rest)
    assert not (tmp_path / "run.done").exists()


def test_what_else_pip_says_is_shown_as_it_is(tmp_path: Path) -> None:
    assert OTHER in set_up(tmp_path, OTHER).stderr


def test_the_help_lists_every_command() -> None:
    [commands, *_] = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    command = ["make", "--no-print-directory", "help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(re.findall(r"^make (\S+)", shown, re.MULTILINE)) == sorted(commands.split())


def settings_file(command: Path) -> str:
    """The settings file of the product that the command runs, from its help."""
    done = subprocess.run([command, "--help"], cwd="/", env={"COLUMNS": "500"}, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return "".join(done.stdout.decode().split()).rpartition("environmentandin")[2]


def test_the_command_runs_the_folder_it_lies_in(tmp_path: Path) -> None:
    """Called through a link from elsewhere, it runs the folder where make was run."""
    copy = tmp_path / "a copy"
    programs = copy / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, text in {"pip": "exit 1", "python": f'exec {sys.executable} "$@"'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    (copy / ".venv" / "run.done").touch()
    for name in ("Makefile", "requirements.txt", "shortener", "templates", "wsgi.py"):
        (copy / name).symlink_to(ROOT / name)
    environ = {name: value for name, value in os.environ.items() if "MAKE" not in name}
    command = ["make", ".venv/bin/shortener"]
    subprocess.run(command, cwd=copy, env=environ, check=True, capture_output=True)
    (tmp_path / "link").symlink_to(programs / "shortener")
    expected = f"{copy}/.env.".replace(" ", "")
    assert settings_file(programs / "shortener") == settings_file(tmp_path / "link") == expected
    other = tmp_path / "other"
    other.mkdir()
    for name in (".venv", "shortener", "templates", "wsgi.py"):
        (other / name).symlink_to(copy / name)
    assert settings_file(other / ".venv" / "bin" / "shortener") == f"{other}/.env."
