"""The engine with a second kind of job, which has its own tables and attempts."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Row, select, update

from shortener.delivery import stranded
from shortener.delivery.job import Claimed, Result
from shortener.delivery.loop import Deliverer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.fair_share import Slots
from shortener.rules.delivery.retry import Delivered, Exhausted, Judgement, RetryAfter
from shortener.running.services import Services
from shortener.storage import db
from tests.support.delivering import clicked, states
from tests.support.errands import CLOSED, DELIVERED, ERRAND, ERRANDS, METADATA, TRIP, Courier, put
from tests.support.factories import DAY, NOW, Sender
from tests.support.servers import OK, receiving
from tests.support.waiting import WITHIN, until

LEASE = dt.timedelta(seconds=45)
SECOND = dt.timedelta(seconds=1)
WAITS = (60.0, 3600.0)


@pytest.fixture(autouse=True)
def tables(app: Flask) -> Iterator[None]:
    METADATA.create_all(db.db.engine)
    yield
    METADATA.drop_all(db.db.engine)


@pytest.fixture
def courier() -> Courier:
    return Courier()


def ask(*parcels: str, now: dt.datetime = NOW, **given: Any) -> None:
    with db.write() as session:
        put(session, *parcels, now=now, **given)


def claim(now: dt.datetime = NOW, slots: Slots | None = None, limit: int = 50) -> list[Claimed]:
    with db.write() as session:
        return ERRANDS.claim(session, now=now, limit=limit, lease=LEASE, per_destination=2, slots=slots)


def settle(claimed: Claimed, result: Result, now: dt.datetime = NOW) -> Judgement | None:
    with db.write() as session:
        [judgement] = ERRANDS.settle(session, [(claimed, result)], now=now, waits=WAITS, chance=lambda: 0.5)
    return judgement


def errands() -> list[Row[Any]]:
    with db.read() as session:
        return list(session.execute(select(ERRAND).order_by(ERRAND.c.id)))


def trips() -> list[tuple[Any, ...]]:
    with db.read() as session:
        rows = session.execute(select(TRIP.c["number", "outcome", "detail", "miles"]).order_by(TRIP.c.id))
        return [tuple(row) for row in rows]


def parcels(claimed: list[Claimed]) -> list[str]:
    return [one.loaded.parcel for one in claimed]


# The queue


def test_a_job_of_any_kind_is_claimed_once() -> None:
    ask("book")
    [claimed] = claim()
    assert (claimed.label, claimed.loaded.parcel) == ("1", "book")
    assert claim(NOW + SECOND) == []
    assert trips() == [(1, None, None, None)]


def test_a_success_settles_and_stores_the_kinds_own_columns() -> None:
    ask("book")
    [claimed] = claim()
    assert settle(claimed, DELIVERED, NOW + SECOND) == Delivered()
    [errand] = errands()
    assert (errand.state, errand.settled_on, errand.lease_token) == ("delivered", NOW + SECOND, None)
    assert trips() == [(1, "delivered", None, 3)]


def test_a_failure_is_retried_and_at_last_exhausted() -> None:
    ask("book")
    now, judgements = NOW, []
    for _ in range(3):
        [claimed] = claim(now)
        judgements.append(settle(claimed, CLOSED, now))
        now += 2 * dt.timedelta(hours=1)
    assert judgements == [RetryAfter(60), RetryAfter(3600), Exhausted()]
    [errand] = errands()
    assert (errand.state, errand.exhausted_because) == ("exhausted", "all 3 attempts failed")
    assert trips() == [(number, "refused", "closed", None) for number in (1, 2, 3)]
    assert claim(now + 400 * DAY) == []


def test_a_wait_that_was_asked_for_is_granted() -> None:
    ask("book")
    [claimed] = claim()
    until_then = Result(AttemptOutcome.REFUSED, retry_after=NOW + 90 * SECOND)
    assert settle(claimed, until_then) == RetryAfter(90)


def test_a_lost_lease_leaves_the_job_alone() -> None:
    ask("book")
    [first] = claim()
    [second] = claim(NOW + LEASE)
    assert settle(first, CLOSED, NOW + LEASE) is None
    assert errands()[0].lease_token == second.lease_token
    assert settle(second, DELIVERED, NOW + LEASE) == Delivered()
    assert [outcome for _, outcome, *_ in trips()] == ["refused", "delivered"]


def test_a_returned_job_is_due_at_once() -> None:
    ask("book")
    [claimed] = claim()
    with db.write() as session:
        ERRANDS.give_back(session, claimed, now=NOW)
    assert parcels(claim()) == ["book"]
    assert [outcome for _, outcome, *_ in trips()] == ["interrupted", None]


def test_a_settled_job_can_be_reopened_for_one_attempt() -> None:
    ask("book")
    [claimed] = claim()
    settle(claimed, DELIVERED)
    with db.write() as session:
        assert list(ERRANDS.reopen(session, [1, 2], now=NOW)) == [1]
        assert list(ERRANDS.reopen(session, [1], now=NOW)) == []
    [claimed] = claim()
    assert settle(claimed, CLOSED) == Exhausted()
    assert errands()[0].state == "delivered"


def test_a_job_that_is_started_25_times_is_exhausted() -> None:
    ask("book")
    now = NOW
    for _ in range(25):
        assert len(claim(now)) == 1
        now += LEASE
    assert claim(now) == []
    assert errands()[0].state == "exhausted"


def test_destinations_and_accounts_share_fairly() -> None:
    ask(*"abcdefgh", door="slow")
    ask("other", door="quick", now=NOW + SECOND)
    ask("stranger", account_id=2, now=NOW + 2 * SECOND)
    assert parcels(claim(NOW + DAY, limit=3)) == ["a", "stranger", "other"]
    assert parcels(claim(NOW + DAY)) == ["b"]
    assert claim(NOW + DAY, slots=Slots(9)) == []


def test_an_account_leaves_a_third_of_the_slots_free() -> None:
    for number in range(9):
        ask("book", door=f"house{number}")
    assert len(claim(slots=Slots(9))) == 6


def test_a_job_that_a_wrong_clock_postponed_is_freed() -> None:
    ask("book", now=NOW + 3 * 365 * DAY)
    longest = stranded.longest_wait(WAITS)
    with db.write() as session:
        found = ERRANDS.stranded.find(session, now=NOW, longest=longest, lease=LEASE)
        assert ERRANDS.stranded.free(session, found, now=NOW, lease=LEASE) == 1
    assert parcels(claim()) == ["book"]


# The loop


@pytest.fixture
def loop(app: Flask, courier: Courier) -> Iterator[Deliverer]:
    """A delivery loop for errands in its own thread."""
    deliverer = Deliverer(courier.kind(waits=(0.01,)), app.app_context)
    deliverer.start()
    yield deliverer
    deliverer.stop(grace=WITHIN)


def test_the_loop_attempts_retries_and_exhausts(loop: Deliverer, courier: Courier) -> None:
    courier.results["never"] = lambda: CLOSED
    with db.write() as session:
        put(session, "book", "never", now=db.now(session))
    loop.wake()
    until(lambda: all(errand.settled_on for errand in errands()))
    assert [errand.state for errand in errands()] == ["delivered", "exhausted"]
    assert Counter(courier.carried) == {"book": 1, "never": 2}


def test_a_slow_job_does_not_delay_another(loop: Deliverer, courier: Courier) -> None:
    released = threading.Event()

    def slow() -> Result:
        released.wait(WITHIN)
        return DELIVERED

    courier.results["slow"] = slow
    with db.write() as session:
        put(session, "slow", now=db.now(session))
        put(session, "quick", now=db.now(session))
    until(lambda: [errand.state for errand in errands()] == ["attempting", "delivered"])
    assert loop.waits_for() == "1 errand in flight"
    released.set()
    until(lambda: errands()[0].state == "delivered")


def test_an_attempt_that_raises_leaves_its_lease(loop: Deliverer, courier: Courier) -> None:
    broken = threading.Event()

    def breaks() -> Result:
        broken.set()
        raise ZeroDivisionError

    courier.results["broken"] = breaks
    with db.write() as session:
        put(session, "broken", now=db.now(session))
    assert broken.wait(WITHIN)
    until(lambda: loop.waits_for() == "0 errands in flight")
    assert errands()[0].state == "attempting"
    del courier.results["broken"]
    with db.write() as session:
        session.execute(update(ERRAND).values(due_on=db.now(session)))
    until(lambda: errands()[0].state == "delivered")


def test_stopping_gives_back_what_still_runs(app: Flask, courier: Courier) -> None:
    released, started = threading.Event(), threading.Event()

    def slow() -> Result:
        started.set()
        released.wait(WITHIN)
        return DELIVERED

    courier.results["slow"] = slow
    deliverer = Deliverer(courier.kind(), app.app_context)
    deliverer.start()
    with db.write() as session:
        put(session, "slow", now=db.now(session))
    assert started.wait(WITHIN)
    until(lambda: deliverer.waits_for() == "1 errand in flight")  # the loop may register the attempt late
    deliverer.stop(grace=0)
    assert (errands()[0].state, trips()[0][1]) == ("pending", "interrupted")
    released.set()
    deliverer.stop(grace=WITHIN)


def test_two_kinds_run_beside_each_other(
    client: FlaskClient, sender: Sender, services: Services, loop: Deliverer, courier: Courier
) -> None:
    with receiving(OK) as receiver:
        services.deliverer.start()
        clicked(client, sender, receiver.url())
        with db.write() as session:
            put(session, "book", now=db.now(session))
        until(lambda: states() == ["delivered"] and errands()[0].state == "delivered")
        services.deliverer.stop(grace=WITHIN)
        assert (receiver.calls, courier.carried) == (1, ["book"])
