"""The queue of callbacks: claim, settle, give back; expired leases; the limit of starts."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from shortener.callbacks.kind import CALLBACKS, judge
from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import resolve
from shortener.delivery.job import Claimed, Ended
from shortener.outbound.client import Answer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.retry import Delivered, Exhausted, Judgement, RetryAfter
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Attempt, Callback
from tests.support.factories import Sender, make_message

CALLBACK = "http://127.0.0.1:9/clicked"
LEASE = dt.timedelta(seconds=45)
SECOND = dt.timedelta(seconds=1)
WAITS = (5.0, 30.0)


def answer(status: int | None, **fields: object) -> Answer:
    values: dict[str, object] = {
        "outcome": AttemptOutcome.ANSWERED if status else AttemptOutcome.TIMEOUT,
        "status": status,
        "detail": f"answered {status}" if status else "no answer in time",
        "body": b"",
        "retry_after": None,
        "lookup_us": None,
        "connect_us": None,
        "first_byte_us": None,
        "total_us": None,
    }
    return Answer(**{**values, **fields})  # type: ignore[arg-type]


@pytest.fixture
def due(sender: Sender, services: Services) -> dt.datetime:
    """Make one callback; return the time when it is due."""
    return make_due(sender, services)


def make_due(sender: Sender, services: Services) -> dt.datetime:
    link = make_message(sender, lt_callbackurl=CALLBACK).link
    assert link is not None
    resolved = resolve(services.readers, link.number)
    assert resolved is not None
    with db.writing() as connection:
        record.record_all(connection, [NewClick.of(resolved, Verdict(Visitor.PERSON, "x"))], services.slugs)
    return resolved.now


def claim(now: dt.datetime, limit: int = 10, each: int = 10) -> list[Claimed]:
    with db.write() as session:
        return CALLBACKS.claim(session, now=now, limit=limit, lease=LEASE, per_destination=each)


def settle(claimed: Claimed, given: Answer, now: dt.datetime) -> object:
    [judgement] = settle_all([(claimed, judge(given))], now)
    return judgement


def settle_all(ended: list[Ended], now: dt.datetime) -> list[Judgement | None]:
    with db.write() as session:
        return CALLBACKS.settle(session, ended, now=now, waits=WAITS, chance=lambda: 0.5)


def finds(now: dt.datetime, each: int = 10) -> bool:
    with db.read() as session:
        return bool(CALLBACKS.due.claimable(session, now=now, per_destination=each, limit=1))


def only_callback() -> Callback:
    with db.read() as session:
        return session.scalars(select(Callback)).one()


def attempts() -> list[Attempt]:
    with db.read() as session:
        return list(session.scalars(select(Attempt).order_by(Attempt.number)))


def test_a_new_callback_is_due_at_once(due: dt.datetime) -> None:
    assert finds(due)
    assert len(claim(due)) == 1
    assert claim(due + SECOND) == []
    assert not finds(due + SECOND)


def test_a_claim_starts_an_attempt_before_anything_is_sent(due: dt.datetime) -> None:
    claim(due)
    [attempt] = attempts()
    assert (attempt.number, attempt.outcome, attempt.started_on) == (1, None, due)


def test_exactly_200_delivers(due: dt.datetime) -> None:
    [claimed] = claim(due)
    assert settle(claimed, answer(200), due + SECOND) == Delivered()
    callback = only_callback()
    assert (callback.state, callback.settled_on, callback.lease_token) == ("delivered", due + SECOND, None)
    assert attempts()[0].outcome == "delivered"
    assert claim(due + dt.timedelta(days=9)) == []


@pytest.mark.parametrize("status", [201, 202, 204, 301, 302, 400, 404, 410, 429, 500, 503])
def test_every_other_answer_uses_up_an_attempt(due: dt.datetime, status: int) -> None:
    [claimed] = claim(due)
    sentence = f"answered {status}; only 200 counts as delivered"
    assert settle(claimed, answer(status), due) == RetryAfter(5.0)
    assert (attempts()[0].detail, attempts()[0].status) == (sentence, status)
    callback = only_callback()
    assert (callback.state, callback.due_on) == ("pending", due + 5 * SECOND)


def test_a_missing_answer_is_stored_with_its_reason(due: dt.datetime) -> None:
    [claimed] = claim(due)
    settle(claimed, answer(None), due)
    assert (attempts()[0].outcome, attempts()[0].detail) == ("timeout", "no answer in time")


def test_a_callback_is_exhausted_after_its_last_retry(due: dt.datetime) -> None:
    now, judged = due, []
    for _ in range(3):
        [claimed] = claim(now)
        judged.append(settle(claimed, answer(500), now))
        now += dt.timedelta(hours=1)
    assert judged == [RetryAfter(5.0), RetryAfter(30.0), Exhausted()]
    assert only_callback().state == "exhausted"
    assert only_callback().exhausted_because == "all 3 attempts failed"
    assert [attempt.number for attempt in attempts()] == [1, 2, 3]
    assert claim(now + dt.timedelta(days=400)) == []


def test_an_expired_lease_interrupts_its_attempt(due: dt.datetime) -> None:
    claim(due)
    assert claim(due + LEASE - SECOND) == []
    [second] = claim(due + LEASE)
    assert [attempt.outcome for attempt in attempts()] == ["interrupted", None]
    assert second.label == only_callback().event_id


def test_an_interrupted_attempt_does_not_use_up_a_retry(due: dt.datetime) -> None:
    claim(due)
    [second] = claim(due + LEASE)
    assert settle(second, answer(500), due + LEASE) == RetryAfter(5.0)


def test_a_lost_lease_stores_only_the_attempt(due: dt.datetime) -> None:
    [first] = claim(due)
    [second] = claim(due + LEASE)
    assert settle(first, answer(500), due + LEASE) is None
    assert attempts()[0].status == 500
    assert only_callback().state == "attempting"
    assert settle(second, answer(200), due + LEASE) == Delivered()


def test_a_late_200_does_not_settle_for_another_holder(due: dt.datetime) -> None:
    [first] = claim(due)
    [second] = claim(due + LEASE)
    assert settle(first, answer(200), due + LEASE) is None
    assert only_callback().state == "attempting"
    assert settle(second, answer(500), due + LEASE + SECOND) is not None


def test_a_callback_given_back_is_due_at_once(due: dt.datetime) -> None:
    [claimed] = claim(due)
    with db.write() as session:
        CALLBACKS.give_back(session, claimed, now=due + SECOND)
    assert len(claim(due + SECOND)) == 1
    assert attempts()[0].outcome == "interrupted"


def test_giving_back_a_lost_lease_changes_nothing(due: dt.datetime) -> None:
    [first] = claim(due)
    claim(due + LEASE)
    with db.write() as session:
        CALLBACKS.give_back(session, first, now=due + LEASE)
    assert only_callback().state == "attempting"
    assert attempts()[1].outcome is None


def test_a_twice_interrupted_callback_is_started_alone(sender: Sender, services: Services) -> None:
    make_due(sender, services)
    now = make_due(sender, services)
    for _ in range(2):
        assert [one.alone for one in claim(now, limit=1)] == [False]  # and our process ends
        now += LEASE
        with db.write() as session:  # it was overdue for longest before, and is again
            session.execute(update(Callback).where(Callback.state == "attempting").values(due_on=now - 9 * LEASE))
    [suspect] = claim(now)
    assert suspect.alone
    [other] = claim(now)
    assert (other.alone, other.job_id != suspect.job_id) == (False, True)


def test_a_suspect_does_not_delay_callbacks_due_longer(sender: Sender, services: Services) -> None:
    now = make_due(sender, services)
    for _ in range(2):
        claim(now)
        now += LEASE
    with db.write() as session:
        session.execute(update(Callback).values(due_on=now))
    make_due(sender, services)
    with db.write() as session:
        session.execute(update(Callback).where(Callback.state == "pending").values(due_on=now - SECOND))
    assert [one.alone for one in claim(now)] == [False]
    assert [one.alone for one in claim(now)] == [True]


def test_a_callback_is_exhausted_after_25_starts(due: dt.datetime) -> None:
    now = due
    for _ in range(25):
        assert len(claim(now)) == 1
        now += LEASE
    assert claim(now) == []
    assert only_callback().state == "exhausted"
    assert only_callback().exhausted_because == (
        "started 25 times; our own processes ended too often before an attempt did"
    )
    assert {attempt.outcome for attempt in attempts()} == {"interrupted"}


def test_the_longest_due_come_first_within_the_limit(sender: Sender, services: Services) -> None:
    moments = [make_due(sender, services) for _ in range(3)]
    first = claim(moments[-1], limit=2)
    rest = claim(moments[-1], limit=2)
    assert [len(first), len(rest)] == [2, 1]
    assert [one.job_id for one in first] < [one.job_id for one in rest]


def test_retry_after_may_double_a_step(due: dt.datetime) -> None:
    [claimed] = claim(due)
    assert settle(claimed, answer(503, retry_after="99999999"), due) == RetryAfter(10.0)


def test_the_answer_of_the_receiver_is_stored(due: dt.datetime) -> None:
    [claimed] = claim(due)
    settle(claimed, answer(500, body=b"\xffoops\0", total_us=1234), due)
    [attempt] = attempts()
    assert (attempt.answer, attempt.total_us) == (b"\xffoops\0", 1234)
