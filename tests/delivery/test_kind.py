"""The engine with a second kind of job, which has its own tables and attempts."""

import datetime as dt
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Row, select, update
from sqlalchemy.orm import Session

from shortener.delivery import stranded
from shortener.delivery.job import Claimed, Job, Result, Settled
from shortener.delivery.judgements import NO_HOOKS, Hooks
from shortener.delivery.loop import Deliverer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.fair_share import Slots
from shortener.rules.delivery.retry import Delivered, Exhausted, Held, Judgement, RetryAfter
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


def settle(claimed: Claimed, result: Result, now: dt.datetime = NOW, hooks: Hooks = NO_HOOKS) -> Judgement | None:
    with db.write() as session:
        [judgement] = ERRANDS.settle(
            session, [(claimed, result)], now=now, waits=WAITS, chance=lambda: 0.5, hooks=hooks
        )
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


# What a kind decides itself


def test_a_kind_may_judge_its_results_itself() -> None:
    ask("book")
    [claimed] = claim()
    seen = []

    def judge(job: Claimed, result: Result, tries: int, now: dt.datetime, chance: float) -> Judgement:
        seen.append((job, result, tries, now, chance))
        return Held("nobody knows")

    assert settle(claimed, CLOSED, hooks=Hooks(judge)) == Held("nobody knows")
    assert seen == [(claimed, CLOSED, 1, NOW, 0.5)]
    [errand] = errands()
    assert (errand.state, errand.settled_on, errand.exhausted_because) == ("held", NOW, "nobody knows")
    assert claim(NOW + DAY) == []


def test_a_reason_is_stored_with_an_exhausted_job() -> None:
    ask("book")
    [claimed] = claim()
    settle(claimed, CLOSED, hooks=Hooks(lambda *_: Exhausted("the shop is gone")))
    assert (errands()[0].state, errands()[0].exhausted_because) == ("exhausted", "the shop is gone")


def test_what_is_settled_is_told_in_the_same_transaction() -> None:
    ask("book", "pen", "lost")
    book, pen = claim()
    told: list[Settled] = []

    def on_settled(session: Session, settled: Sequence[Settled], now: dt.datetime) -> None:
        told.extend(settled)
        assert now == NOW
        assert session.scalar(select(ERRAND.c.state).where(ERRAND.c.id == book.job_id)) == "delivered"
        raise ZeroDivisionError

    ended = [(book, DELIVERED), (pen, CLOSED), (replace(pen, lease_token="another"), DELIVERED)]
    hooks = Hooks(on_settled=on_settled)
    with pytest.raises(ZeroDivisionError), db.write() as session:
        ERRANDS.settle(session, ended, now=NOW, waits=WAITS, chance=lambda: 0.5, hooks=hooks)
    assert [(one.job.loaded.parcel, one.result, one.judgement) for one in told] == [
        ("book", DELIVERED, Delivered()),
        ("pen", CLOSED, RetryAfter(60)),
        ("pen", DELIVERED, None),  # its lease was lost
    ]
    assert errands()[0].state == "attempting"  # the transaction was not committed


def test_an_attempt_knows_its_number_and_what_came_before() -> None:
    ask("book")
    [first] = claim()
    assert (first.number, first.was_interrupted) == (1, False)
    settle(first, CLOSED)
    [second] = claim(NOW + 60 * SECOND)
    assert (second.number, second.was_interrupted) == (2, False)
    [third] = claim(NOW + 60 * SECOND + LEASE)
    assert (third.number, third.was_interrupted, third.was_attempting) == (3, True, True)
    with db.write() as session:
        ERRANDS.give_back(session, third, now=NOW + DAY)
    [fourth] = claim(NOW + DAY)
    assert (fourth.number, fourth.was_interrupted, fourth.was_attempting) == (4, True, False)


def test_an_attempt_that_never_began_leaves_no_trace() -> None:
    ask("book")
    [claimed] = claim()
    with db.write() as session:
        ERRANDS.give_back(session, claimed, now=NOW, begun=False)
    [again] = claim()
    assert (again.number, again.was_interrupted) == (1, False)
    assert trips() == [(1, None, None, None)]


def test_a_due_job_can_be_judged_without_an_attempt() -> None:
    ask("book", "old", door="here")
    ask("crashed", "doubtful", door="there")
    for one in claim():
        if one.loaded.parcel in {"book", "old"}:
            settle(one, CLOSED)
    told: list[Settled] = []

    def judge_due(_session: Session, jobs: Sequence[Job], _now: dt.datetime) -> dict[int, Judgement]:
        verdicts = {"old": Exhausted("too old"), "crashed": Held("who knows"), "doubtful": RetryAfter(120)}
        assert {job.loaded.parcel for job in jobs if job.was_interrupted} == {"crashed", "doubtful"}
        return {job.job_id: verdicts[job.loaded.parcel] for job in jobs if job.loaded.parcel in verdicts}

    now = NOW + 60 * SECOND
    with db.write() as session:
        hooks = Hooks(judge_due=judge_due, on_settled=lambda _, settled, __: told.extend(settled))
        claimed = ERRANDS.claim(session, now=now, limit=50, lease=LEASE, per_destination=2, hooks=hooks)
    assert parcels(claimed) == ["book"]
    assert {(one.job.loaded.parcel, one.result, one.judgement) for one in told} == {
        ("old", None, Exhausted("too old")),
        ("crashed", None, Held("who knows")),
        ("doubtful", None, RetryAfter(120)),
    }
    assert [(one.state, one.due_on - now) for one in errands()[1:]] == [
        ("exhausted", 0 * SECOND),
        ("held", 0 * SECOND),
        ("pending", 120 * SECOND),
    ]
    outcomes = Counter(outcome for _, outcome, *_ in trips())
    assert outcomes == {"refused": 2, "interrupted": 2, None: 1}


def test_a_job_that_a_claim_exhausts_is_told() -> None:
    ask("book")
    told: list[Settled] = []
    hooks = Hooks(on_settled=lambda _, settled, __: told.extend(settled))
    given: dict[str, Any] = {"limit": 9, "lease": LEASE, "per_destination": 2, "hooks": hooks, "max_starts": 2}
    for number in range(3):
        with db.write() as session:
            claimed = ERRANDS.claim(session, now=NOW + number * LEASE, **given)
        assert len(claimed) == (number < 2)
    assert [(one.job.loaded.parcel, one.result) for one in told] == [("book", None)]
    assert told[0].judgement == Exhausted("started 2 times; our own processes ended too often before an attempt did")


def test_a_job_may_be_due_months_ahead(courier: Courier) -> None:
    ask("later", now=NOW + 170 * DAY)
    ask("wrong", now=NOW + 190 * DAY)
    longest = courier.kind(longest_schedule=180 * DAY).longest_wait
    with db.read() as session:
        found = ERRANDS.stranded.find(session, now=NOW, longest=longest, lease=LEASE, thorough=True)
    assert [one.parcel for one in errands() if one.id in found] == ["wrong"]


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


def test_the_loop_goes_on_after_jobs_without_attempts(app: Flask, courier: Courier) -> None:
    """No attempt ends that would wake it, and nothing else does."""
    hooks = Hooks(judge_due=lambda _, jobs, __: {job.job_id: Exhausted("too old") for job in jobs})
    deliverer = Deliverer(courier.kind(hooks=hooks), app.app_context)
    with db.write() as session:
        put(session, *"abcdefghijklmnopqrst", now=db.now(session))
    deliverer.start()
    until(lambda: {errand.state for errand in errands()} == {"exhausted"})
    deliverer.stop(grace=WITHIN)
    assert (courier.carried, trips()) == ([], [])
