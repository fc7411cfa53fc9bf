"""The program `shortener`: it lists its commands, tells its version, and works in any folder."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from bench.instance import environ_of
from shortener import cli
from shortener.config.settings import VERSION
from shortener.config.settings_file import path_of
from shortener.serve import serve
from tests.support import ROOT


def run(*words: str, **settings: str) -> Result:
    """The program within this process, without an application."""
    return CliRunner().invoke(cli.program(serve), words, prog_name="shortener", env=environ_of(**settings))


def test_alone_it_lists_all_commands_in_sections() -> None:
    listed = run()
    assert listed.exit_code == 0
    assert listed.stdout == run("--help").stdout
    named = [line.split()[0] for line in listed.stdout.splitlines() if line.startswith("  ")]
    assert [name for name in named if name in cli.program(serve).commands] == [
        command.name for section in cli.program(serve).sections.values() for command in section
    ]
    assert "..." not in listed.stdout.partition("Run the product:")[2]


def test_it_has_all_commands_that_flask_has(app: Flask) -> None:
    flasks_own = {"run", "routes", "shell"}
    assert set(cli.program(serve).commands) == set(app.cli.commands) - flasks_own | {"serve"}


@pytest.mark.parametrize(
    ("settings", "database"),
    [
        ({}, "SQLite"),
        ({"database_url": "postgresql://x@y/z", "secret_key": "k" * 40}, "PostgreSQL"),
        ({"link_days": "many"}, "unusable settings"),
    ],
)
def test_its_version_is_the_products(settings: dict[str, str], database: str) -> None:
    shown = run("--version", **settings)
    assert (shown.exit_code, shown.stdout) == (
        0,
        f"Shortener {VERSION}, Python {platform.python_version()}, {database}\n",
    )


def test_help_needs_no_usable_settings() -> None:
    for words in (("account", "create", "--help"), ("serve", "--help"), ("--help",)):
        assert run(*words, link_days="many").exit_code == 0
    assert str(path_of()) in run("serve", "--help").stdout.replace("\n", "").replace(" ", "")


def test_a_command_works_in_any_folder(tmp_path: Path) -> None:
    (tmp_path / "shortener").mkdir()  # another one of this name does not matter
    (tmp_path / "settings").write_text(f"SHORTENER_DATA={tmp_path}/data\n")
    environ = environ_of() | {"PYTHONPATH": str(ROOT), "SHORTENER_ENV_FILE": str(tmp_path / "settings")}
    command = [sys.executable, "-P", "-m", "shortener", "db", "upgrade"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, f"Database: {tmp_path}/data/shortener.sqlite3\n")
    assert done.stdout.startswith("applied 0001")


def test_unusable_settings_end_it_in_one_sentence() -> None:
    environ = environ_of(link_days="many")
    command = [sys.executable, "-m", "shortener", "account", "list"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("Error: The settings cannot be used:\n  - SHORTENER_LINK_DAYS")
