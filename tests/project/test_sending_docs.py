"""docs/integrate/sending.md: its session works with the simulator, and its lists are complete."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from shortener.errors import MessageRateError, MonthlyLimitError, NotCancelableError, NotHeldError, QuietHoursError
from shortener.rules.delivery.message_state import MessageState
from shortener.web.problems import STATUS
from tests.conftest import SECRET_KEY
from tests.support import ROOT
from tests.support.factories import Sender
from tests.support.processes import Harness, harness

TEXT = (ROOT / "docs" / "integrate" / "sending.md").read_text(encoding="utf-8")


def section(name: str) -> str:
    return TEXT.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


@pytest.fixture
def processes(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Harness]:
    settings = {"database_url": database_url, "data": str(tmp_path), "secret_key": SECRET_KEY, "gateway": "simulator"}
    with harness({**settings, "simulator_delay": "0.1"}, tmp_path / "harness") as made:
        yield made


def test_the_session_shows_what_the_page_says(processes: Harness, sender: Sender, tmp_path: Path) -> None:
    node = processes.web()
    [session] = re.findall(r"```bash\n(.*?)```", TEXT, re.DOTALL)
    environ = {"PATH": os.environ["PATH"], "BASE": node.url, "SID": sender.sid, "TOKEN": sender.token}
    command = ["bash", "-euo", "pipefail", "-c", session]
    result = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    [said] = re.findall(r"^It prints (.*)\.$", TEXT, re.MULTILINE)
    assert result.stdout.split() == re.findall(r"`(\w+)`", said)


def test_every_state_is_listed_in_the_order_of_ranks() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| (yes)? ?\|$", section("States"), re.MULTILINE)
    assert [(name, final == "yes") for name, final in rows] == [(state, state.is_final) for state in MessageState]


def test_refused_decisions_have_the_named_codes() -> None:
    named = re.findall(r"409\s+`(\w+)`", TEXT)
    assert named == [error.code for error in (NotCancelableError, NotHeldError)]
    assert all(STATUS[error] == 409 for error in (NotCancelableError, NotHeldError))


def test_refusals_have_the_status_of_the_table() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", section("Limits and quiet hours"), re.MULTILINE)
    refusals = (MessageRateError, MonthlyLimitError, QuietHoursError)
    assert [(int(status), code) for status, code in rows] == [(STATUS[one], one.code) for one in refusals]
