"""Leases of attempts that last longer than a lease."""

import datetime as dt
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shortener.delivery.heartbeat import Heartbeat
from shortener.delivery.job import Claimed
from shortener.delivery.loop import Deliverer
from shortener.storage import db
from tests.support.errands import DELIVERED, ERRAND, ERRANDS, METADATA, Courier, put
from tests.support.waiting import WITHIN, until

LEASE = dt.timedelta(seconds=45)
SHORT = dt.timedelta(seconds=0.2)


@pytest.fixture(autouse=True)
def tables(app: Flask) -> Iterator[None]:
    METADATA.create_all(db.db.engine)
    yield
    METADATA.drop_all(db.db.engine)


@pytest.fixture
def claimed(app: Flask) -> Claimed:
    with db.write() as session:
        now = db.now(session)
        put(session, "parcel", now=now)
        [claimed] = ERRANDS.claim(session, now=now, limit=1, lease=LEASE, per_destination=1)
    return claimed


def row() -> Any:
    with db.read() as session:
        return session.execute(select(ERRAND)).one()


def change(**values: Any) -> None:
    with db.write() as session:
        session.execute(update(ERRAND).values(values))


def heartbeat(app: Flask, claimed: Claimed, **given: Any) -> Heartbeat:
    return Heartbeat(ERRANDS, claimed, app.app_context, **{"lease": LEASE, **given})


def test_a_beat_extends_the_lease(app: Flask, claimed: Claimed) -> None:
    before = row().due_on
    assert heartbeat(app, claimed, lease=2 * LEASE).beat()
    assert row().due_on > before + LEASE / 2


def test_a_lost_lease_is_not_extended(app: Flask, claimed: Claimed) -> None:
    change(lease_token="another")
    before, beating = row().due_on, heartbeat(app, claimed, lease=2 * LEASE)
    assert not beating.beat()
    assert beating.is_lost
    assert row().due_on == before


def test_a_lease_ends_with_its_job(app: Flask, claimed: Claimed) -> None:
    with db.write() as session:
        ERRANDS.settle(session, [(claimed, DELIVERED)], now=db.now(session), waits=(), chance=lambda: 0.5)
    assert not heartbeat(app, claimed).beat()


def test_an_expired_lease_is_still_ours(app: Flask, claimed: Claimed) -> None:
    """As long as nobody else has taken the job."""
    change(due_on=row().due_on - 2 * LEASE)
    assert heartbeat(app, claimed).beat()


def test_what_is_noted_needs_the_lease(app: Flask, claimed: Claimed) -> None:
    noted: list[Session] = []
    beating = heartbeat(app, claimed, note=noted.append)
    assert beating.beat()
    change(lease_token="another")
    assert not beating.beat()
    assert len(noted) == 1


def test_the_thread_renews_and_finds_a_loss(app: Flask, claimed: Claimed) -> None:
    beats = threading.Event()
    with heartbeat(app, claimed, lease=SHORT, note=lambda _: beats.set()) as beating:
        assert beats.wait(WITHIN)
        change(lease_token="another")
        until(lambda: beating.is_lost)


def test_the_thread_survives_a_lost_database(app: Flask, claimed: Claimed) -> None:
    failed: list[float] = []
    beats = threading.Event()

    def note(_: Session) -> None:
        if len(failed) < 2:
            failed.append(time.monotonic())
            raise OperationalError("", {}, Exception("away"))
        beats.set()

    with heartbeat(app, claimed, lease=SHORT, note=note) as beating:
        assert beats.wait(WITHIN)
        assert not beating.is_lost


def test_a_stop_tells_long_attempts_to_end(app: Flask) -> None:
    stopped = threading.Event()
    context: Any = app.app_context
    loop = Deliverer(Courier().kind(on_stop=stopped.set), context)
    assert isinstance(context(), AbstractContextManager)
    loop.request_stop()
    assert stopped.is_set()
