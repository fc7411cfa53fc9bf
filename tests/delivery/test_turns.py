"""Limits of groups in the loop: a cap and a rate that all accounts and nodes share, and turns between accounts."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shortener.delivery.job import Result
from shortener.delivery.loop import Deliverer
from shortener.delivery.rates import Rates
from shortener.storage import db
from tests.support.errands import DELIVERED, ERRAND, METADATA, RATE, TRIP, Courier, put
from tests.support.waiting import WITHIN, until

SECOND = dt.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def tables(app: Flask) -> Iterator[None]:
    METADATA.create_all(db.db.engine)
    yield
    METADATA.drop_all(db.db.engine)


@pytest.fixture
def courier() -> Courier:
    return Courier()


def ask(*parcels: str, account_id: int = 1, **given: Any) -> None:
    with db.write() as session:
        put(session, *parcels, now=db.now(session), account_id=account_id, **given)


def count(state: str) -> int:
    with db.read() as session:
        return len(session.execute(select(ERRAND.c.id).where(ERRAND.c.state == state)).all())


def started() -> list[tuple[int, dt.datetime]]:
    """The account and the time of each attempt, in order."""
    with db.read() as session:
        joined = select(ERRAND.c.account_id, TRIP.c.started_on).join_from(TRIP, ERRAND).order_by(TRIP.c.id)
        return [(row.account_id, row.started_on) for row in session.execute(joined)]


def loops(app: Flask, courier: Courier, number: int, stack: ExitStack, **given: Any) -> None:
    """Run so many loops until the block of `stack` ends."""
    for _ in range(number):
        deliverer = Deliverer(courier.kind(per_destination=9, **given), app.app_context)
        deliverer.start()
        stack.callback(deliverer.stop, WITHIN)


def test_two_loops_keep_one_cap(app: Flask, courier: Courier) -> None:
    together, most, lock = [0], [0], threading.Lock()
    arrived = threading.Semaphore(0)

    def count_those_inside() -> Result:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        arrived.release()
        arrived.acquire()
        with lock:
            together[0] -= 1
        return DELIVERED

    for account_id in (1, 2, 3):
        parcels = [f"{account_id}/{number}" for number in range(20)]
        courier.results |= dict.fromkeys(parcels, count_those_inside)
        ask(*parcels, account_id=account_id)
    with ExitStack() as stack:
        loops(app, courier, 2, stack, per_group=3)
        until(lambda: count("delivered") == 60)
    assert most[0] <= 3


def test_two_loops_keep_one_rate(app: Flask, courier: Courier) -> None:
    ask(*(f"parcel {number}" for number in range(45)))
    with ExitStack() as stack:
        loops(app, courier, 2, stack, rates=Rates(RATE, {"paper": 30.0}))
        until(lambda: count("delivered") == 45)
    moments = [moment for _, moment in started()]
    for first in moments:
        assert sum(first <= moment < first + SECOND for moment in moments) <= 33


def test_a_rate_leaves_other_groups_alone(app: Flask, courier: Courier) -> None:
    ask("first", "second", door="slow")
    ask(*"abcdef", door="quick")
    with ExitStack() as stack:
        loops(app, courier, 1, stack, rates=Rates(RATE, {"slow": 0.001}))
        until(lambda: count("delivered") == 7)
    assert Counter(courier.carried) == Counter(["first", *"abcdef"])


@pytest.mark.parametrize("limit", [{"rates": Rates(RATE, {"paper": 40.0})}, {"per_group": 1}], ids=["rate", "cap"])
def test_accounts_take_turns(app: Flask, courier: Courier, limit: dict[str, Any]) -> None:
    """Although one of them has many jobs that were due before."""
    ask(*(f"parcel {number}" for number in range(150)), account_id=1)
    ask(*"abcdefgh", account_id=2)
    with ExitStack() as stack:
        loops(app, courier, 1, stack, **limit)
        until(lambda: len(started()) >= 20)
    accounts = [account_id for account_id, _ in started()]
    assert accounts[:16].count(2) >= 7


def test_the_loop_wakes_for_the_next_start(app: Flask, courier: Courier) -> None:
    kind = courier.kind(rates=Rates(RATE, {"paper": 4.0}))
    deliverer = Deliverer(kind, app.app_context)
    ask("first", "second")
    assert deliverer.deliver_due() == 1
    assert deliverer.deliver_due() == 0
    assert 0 < deliverer._turns.pause(0.5) <= 0.25


def test_a_rate_wakes_nobody_while_slots_are_full(app: Flask, courier: Courier) -> None:
    """Without a free slot the loop does not look, so the wait of an earlier look says nothing."""
    deliverer = Deliverer(courier.kind(rates=Rates(RATE, {"paper": 0.01})), app.app_context)
    ask("first", "second")
    deliverer.deliver_due()
    deliverer.deliver_due()
    assert deliverer._turns.pause(999) < 999
    deliverer._step(0)
    assert deliverer._turns.pause(999) == 999
