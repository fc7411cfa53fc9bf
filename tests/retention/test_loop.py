"""The retention loop: its runs and its end."""

import datetime as dt
import logging
import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from shortener.retention import loop, steps
from shortener.retention.loop import Pruner
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Message
from tests.support.factories import DAY, Sender, make_message
from tests.support.waiting import WITHIN, until

MINUTE = dt.timedelta(minutes=1)


def make_old(sender: Sender, count: int = 1, **fields: str) -> None:
    """Messages older than the retention period of 400 days."""
    for _ in range(count):
        make_message(sender, now=dt.datetime.now(dt.UTC) - 400 * DAY - MINUTE, **fields)


def left() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


def test_a_run_removes_messages_past_retention(services: Services, sender: Sender) -> None:
    make_old(sender, 2)
    make_message(sender, now=dt.datetime.now(dt.UTC) - 400 * DAY + MINUTE)
    assert services.pruner.run_if_due() == 2
    assert left() == 1


def test_only_one_process_prunes(services: Services, sender: Sender) -> None:
    others = Pruner(services.app.app_context, services.settings)
    make_old(sender)
    assert services.pruner.run_if_due() == 1
    make_old(sender)
    assert others.run_if_due() == services.pruner.run_if_due() == 0


def test_a_run_ends_when_the_next_is_due(services: Services, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "INTERVAL", 0.0)
    monkeypatch.setattr(steps, "MESSAGES", 1)
    make_old(sender, 3)
    assert [services.pruner.run_if_due() for _ in range(4)] == [1, 1, 1, 0]


def test_a_run_ends_when_the_process_stops(services: Services, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MESSAGES", 1)
    make_old(sender, 3)
    services.pruner.request_stop()
    assert services.pruner.run_if_due() == 1


def test_the_loop_survives_an_unavailable_database(
    services: Services, sender: Sender, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> bool:
        raise OperationalError("SELECT", {}, Exception("could not connect"))

    monkeypatch.setattr(services.pruner, "pause", 0.01)
    with monkeypatch.context() as broken, caplog.at_level(logging.ERROR):
        broken.setattr(steps, "claim_run", away)
        services.pruner.start()
        until(lambda: "could not connect" in caplog.text)
        make_old(sender)  # during the outage: a run that finds nothing would be the last for minutes
    until(lambda: left() == 0)
    services.pruner.stop(WITHIN)
    assert "pruner" not in [thread.name for thread in threading.enumerate()]
