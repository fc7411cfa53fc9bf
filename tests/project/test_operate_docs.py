"""docs/operate: the page of commands lists every command, and the systemd unit runs the product."""

import configparser
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
import requests

from bench.instance import free_port
from shortener import cli
from shortener.serve import serve
from tests.support import ROOT
from tests.support.waiting import until

OPERATE = ROOT / "docs" / "operate"


def test_every_command_is_on_the_page() -> None:
    page = (OPERATE / "commands.md").read_text(encoding="utf-8")
    for name, command in cli.program(serve).commands.items():
        rows = "\n".join(line for line in page.splitlines() if line.startswith((f"| `{name}`", f"| `{name} ")))
        assert rows
        if isinstance(command, click.Group):
            assert [each for each in command.commands if f"{each}`" not in rows and f"{each} " not in rows] == []


def pages() -> dict[str, str]:
    """The pages' texts by path."""
    found = [ROOT / "README.md", *(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "adr")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}


def test_pages_name_only_commands_that_exist() -> None:
    named = {path: re.findall(r"\.venv/bin/shortener ([a-z-]+)", text) for path, text in pages().items()}
    assert sum(map(len, named.values())) > 30
    assert {name for names in named.values() for name in names} <= set(cli.program(serve).commands)
    assert {"db", "serve", "worker"} <= set(named["docs/operate/install.md"])


def test_no_session_types_flasks_form() -> None:
    sessions = {path: "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)) for path, text in pages().items()}
    assert [path for path, session in sessions.items() if "flask --app" in session] == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the product's."""
    for name in ("wsgi.py", "gunicorn.conf.py", "shortener", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def test_the_systemd_unit_runs_the_product(folder: Path) -> None:
    unit = configparser.ConfigParser()
    unit.optionxform = str  # type: ignore[assignment]
    unit.read_string((OPERATE / "install.md").read_text(encoding="utf-8").split("```ini\n")[1].split("```")[0])
    prepare, run = (
        shlex.split(unit["Service"][name].replace("/opt/shortener", str(folder)))
        for name in ("ExecStartPre", "ExecStart")
    )
    address = f"127.0.0.1:{free_port()}"
    environ = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "SHORTENER_BIND": address, "SHORTENER_PROCESSES": "1"}
    subprocess.run(prepare, cwd=folder, env=environ, check=True, capture_output=True)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(run, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        until(lambda: healthy(address))
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0, (folder / "log").read_text()
    finally:
        server.kill()
        server.wait()


def healthy(address: str) -> bool:
    try:
        return requests.get(f"http://{address}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False
