"""The commands that `make` lists, and its error messages."""

import os
import re
import subprocess
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
