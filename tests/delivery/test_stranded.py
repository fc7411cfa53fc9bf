"""Callbacks that a wrong clock has delayed: found by indexes, due again, and replayable."""

import datetime as dt

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from shortener.callbacks.kind import CALLBACKS, judge
from shortener.delivery import stranded
from shortener.delivery.job import Claimed
from shortener.outbound.client import Answer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Attempt, Callback
from tests.support import due_callbacks
from tests.support.databases import listening
from tests.support.factories import DAY, NOW, Sender
from tests.support.servers import OK, receiving
from tests.support.waiting import WITHIN, until

URL = "http://127.0.0.1:9/cb"
FAILED = judge(Answer(AttemptOutcome.ANSWERED, 500, "answered 500"))
HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)
LEASE = dt.timedelta(seconds=45)
WAITS = (5.0, 86_400.0)
LONGEST = stranded.longest_wait(WAITS)


def put(sender: Sender, count: int = 1, since: dt.datetime = NOW, url: str = URL) -> None:
    with db.write() as session:
        due_callbacks.add(session, sender.name, {url: count}, since=since)


def claim(now: dt.datetime) -> list[Claimed]:
    with db.write() as session:
        return CALLBACKS.claim(session, now=now, limit=10, lease=LEASE, per_destination=10)


def fail(claimed: Claimed, now: dt.datetime) -> None:
    with db.write() as session:
        CALLBACKS.settle(session, [(claimed, FAILED)], now=now, waits=WAITS, chance=lambda: 0.5)


def find(now: dt.datetime = NOW, *, thorough: bool = False) -> list[int]:
    with db.read() as session:
        return CALLBACKS.stranded.find(session, now=now, longest=LONGEST, lease=LEASE, thorough=thorough)


def free(ids: list[int], now: dt.datetime = NOW) -> int:
    with db.write() as session:
        return CALLBACKS.stranded.free(session, ids, now=now, lease=LEASE)


def due_on() -> dt.datetime:
    with db.read() as session:
        return session.scalars(select(Callback.due_on)).one()


def failed(sender: Sender, at: dt.datetime) -> None:
    """A callback whose first attempt failed at that time."""
    put(sender, since=at)
    [claimed] = claim(at)
    fail(claimed, at)


@pytest.mark.parametrize("years", [1, 2, 50])
def test_a_retry_delayed_by_years_becomes_due(sender: Sender, years: int) -> None:
    failed(sender, NOW + years * 365 * DAY)
    assert claim(NOW) == []
    assert free(find()) == 1
    assert due_on() == NOW
    assert len(claim(NOW)) == 1


def test_a_retry_delayed_by_hours_becomes_due(sender: Sender) -> None:
    failed(sender, NOW + 10 * HOUR)
    assert find() == []
    assert free(find(thorough=True)) == 1
    assert due_on() == NOW


@pytest.mark.parametrize("thorough", [False, True])
def test_a_retry_of_the_longest_wait_stays(sender: Sender, thorough: bool) -> None:
    failed(sender, NOW - MINUTE)
    with db.write() as session:
        session.execute(update(Callback).values(due_on=NOW + 2 * DAY))
    assert find(thorough=thorough) == []


def test_a_right_attempt_after_a_wrong_one_is_believed(sender: Sender) -> None:
    failed(sender, NOW + 10 * HOUR)
    free(find(thorough=True))
    [claimed] = claim(NOW)
    fail(claimed, NOW)
    assert due_on() > NOW
    assert find(thorough=True) == []


def test_a_lease_from_the_future_ends_after_one_lease(sender: Sender) -> None:
    """Not at once: its holder may still be working, and may settle it."""
    put(sender)
    claim(NOW + 2 * 365 * DAY)
    assert free(find()) == 1
    assert due_on() == NOW + LEASE
    assert claim(NOW) == []
    [again] = claim(NOW + LEASE)
    assert again.label


def test_a_future_lease_can_still_be_settled(sender: Sender) -> None:
    put(sender)
    [claimed] = claim(NOW + 2 * 365 * DAY)
    free(find())
    with db.write() as session:
        answer = Answer(AttemptOutcome.ANSWERED, 200, "answered 200")
        CALLBACKS.settle(session, [(claimed, judge(answer))], now=NOW, waits=WAITS, chance=lambda: 0.5)
        assert session.scalars(select(Callback.state)).one() == "delivered"


def test_a_lease_that_holds_stays(sender: Sender) -> None:
    put(sender)
    claim(NOW)
    assert find(thorough=True) == []


def test_settled_callbacks_are_never_freed(sender: Sender) -> None:
    put(sender)
    with db.write() as session:
        later = NOW + 3 * 365 * DAY
        session.execute(update(Callback).values(state="exhausted", settled_on=later, due_on=later))
        ids = list(session.scalars(select(Callback.id)))
    assert find(thorough=True) == []
    assert free(ids) == 0


def test_a_look_reads_an_index_from_the_far_end(sender: Sender, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL reads small tables whole, as it should")
    put(sender, 50)
    with listening() as asked:
        find()
    with db.db.engine.connect() as connection:
        plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values).all() for text, values in asked]
    assert [[row[3] for row in plan if "SCAN callback" in row[3] and "leased" not in row[3]] for plan in plans] == [
        [] for _ in asked
    ]


# The loop and replays


def test_the_loop_frees_what_a_clock_put_off(sender: Sender, services: Services) -> None:
    with receiving(OK) as receiver:
        with db.read() as session:
            ahead = db.now(session) + 2 * 365 * DAY
        put(sender, since=ahead, url=receiver.url())
        [claimed] = claim(ahead)
        fail(claimed, ahead)
        services.deliverer.start()
        until(lambda: receiver.calls == 1)
        services.deliverer.stop(grace=WITHIN)
    with db.read() as session:
        assert session.scalars(select(Callback.state)).one() == "delivered"
        assert len(session.scalars(select(Attempt.id)).all()) == 2


@pytest.mark.parametrize("ahead", [2 * 365 * DAY, 10 * HOUR], ids=["years", "hours"])
def test_a_delayed_callback_can_be_replayed(client: FlaskClient, sender: Sender, ahead: dt.timedelta) -> None:
    with db.read() as session:
        now = db.now(session)
    failed(sender, now + ahead)
    with db.read() as session:
        event_id = session.scalars(select(Callback.event_id)).one()
    answer = client.post(f"/v1/callbacks/{event_id}/replay", headers=sender.bearer)
    assert (answer.status_code, len(answer.get_json()["replays"])) == (202, 1)
    assert due_on() < now + HOUR
    again = client.post(f"/v1/callbacks/{event_id}/replay", headers=sender.bearer)
    assert (again.status_code, again.get_json()["code"]) == (409, "callback_open")


def test_a_retry_within_its_wait_is_open(client: FlaskClient, sender: Sender) -> None:
    with db.read() as session:
        now = db.now(session)
    failed(sender, now)
    with db.read() as session:
        event_id = session.scalars(select(Callback.event_id)).one()
    assert client.post(f"/v1/callbacks/{event_id}/replay", headers=sender.bearer).status_code == 409
