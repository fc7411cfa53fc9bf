"""`prune`: what it removes, what it prints."""

import datetime as dt
import json
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from shortener.storage import db
from shortener.storage.models import Message
from tests.support.factories import DAY, Sender, make_message

Run = Callable[..., Result]


@pytest.fixture
def run(app: Flask, sender: Sender) -> Run:
    """Runs `prune` with five messages, three of them older than 400 days."""
    for days in (1, 399, 401, 402, 4000):
        make_message(sender, now=dt.datetime.now(dt.UTC) - days * DAY)
    return lambda *words: app.test_cli_runner().invoke(args=["prune", *words])


def left() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


def test_old_messages_are_removed_and_counted(run: Run) -> None:
    result = run()
    assert (result.exit_code, left()) == (0, 2)
    assert result.stderr.startswith("Database: ") and result.stderr.count("\n") == 1
    assert result.stdout.splitlines()[0].split() == ["removed", "3"]


def test_programs_get_json(run: Run) -> None:
    document = json.loads(run("--json").stdout)
    until = dt.datetime.fromisoformat(document["received_until"])
    assert document["removed"] == 3
    assert abs(dt.datetime.now(dt.UTC) - 400 * DAY - until) < DAY


def test_a_dry_run_counts_and_removes_nothing(run: Run) -> None:
    assert json.loads(run("--dry-run", "--json").stdout)["would_remove"] == 3
    assert left() == 5


def test_a_second_run_finds_nothing(run: Run) -> None:
    assert run().exit_code == 0
    assert json.loads(run("--json").stdout)["removed"] == 0
    assert left() == 2
