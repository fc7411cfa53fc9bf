"""The delivery loop: when it attempts, outages of the database, and how it ends."""

import datetime as dt
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm import Session

from shortener.callbacks.kind import CALLBACKS, SLOTS
from shortener.config.settings import Settings
from shortener.delivery import judgements, loop
from shortener.delivery import outage as outage_module
from shortener.delivery.job import Ended, Result, Started
from shortener.delivery.loop import Deliverer
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.retry import Delivered, Exhausted, Judgement, RetryAfter
from shortener.running.services import Services, services
from shortener.storage import db
from shortener.storage.models import Callback
from tests.conftest import running
from tests.support import due_callbacks
from tests.support.delivering import clicked, outcomes, states
from tests.support.factories import Sender, make_account
from tests.support.servers import OK, Call, receiving
from tests.support.waiting import WITHIN, until


@pytest.fixture
def running_loop(app: Flask, services: Services) -> Iterator[Deliverer]:
    """The loop, running in its own thread as it does in a web process."""
    services.deliverer.start()
    yield services.deliverer
    services.deliverer.stop(grace=WITHIN)


def test_a_job_that_is_not_due_is_not_attempted(client: FlaskClient, sender: Sender, services: Services) -> None:
    clicked(client, sender, "http://127.0.0.1:9/")
    with db.write() as session:
        later = db.now(session) + dt.timedelta(minutes=5)
        session.execute(update(Callback).values(due_on=later))
    assert services.deliverer.deliver_due() == 0
    assert states() == ["pending"]


def test_no_transaction_is_open_during_an_attempt(client: FlaskClient, sender: Sender, services: Services) -> None:
    def slow(call: Call) -> None:
        with services.app.app_context(), db.write() as session:  # a second writer would wait for the first
            session.execute(update(Callback).values(created_on=Callback.created_on))
        call.say(OK)

    with receiving(slow) as receiver:
        clicked(client, sender, receiver.url())
        services.deliverer.deliver_due()
    assert states() == ["delivered"]


def test_the_loop_is_woken_by_a_click(client: FlaskClient, sender: Sender, running_loop: Deliverer) -> None:
    with receiving(OK) as receiver:
        clicked(client, sender, receiver.url())
        until(lambda: states() == ["delivered"])
        assert receiver.calls == 1


def test_the_loop_polls_without_a_wake_up(
    client: FlaskClient, sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.deliverer, "wake", lambda: None)
    services.deliverer.start()
    with receiving(OK) as receiver:
        clicked(client, sender, receiver.url())
        until(lambda: states() == ["delivered"])
    monkeypatch.undo()
    services.deliverer.stop(grace=WITHIN)


def test_the_loop_survives_an_outage(
    client: FlaskClient, sender: Sender, running_loop: Deliverer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = threading.Event()

    def away(*_: object, **__: object) -> bool:
        tried.set()
        raise OperationalError("SELECT", {}, Exception("could not connect"))

    monkeypatch.setattr(CALLBACKS.due, "claimable", away)
    assert tried.wait(WITHIN)
    monkeypatch.undo()
    with receiving(OK) as receiver:
        clicked(client, sender, receiver.url())
        until(lambda: states() == ["delivered"])


def test_a_slow_receiver_does_not_delay_another(client: FlaskClient, sender: Sender, running_loop: Deliverer) -> None:
    with receiving(Call.hang) as slow, receiving(OK) as quick:
        clicked(client, sender, slow.url())
        until(lambda: slow.calls == 1)
        clicked(client, sender, quick.url())
        until(lambda: "delivered" in states())
        assert states() == ["attempting", "delivered"]


@contextmanager
def never_answering(count: int) -> Iterator[list[str]]:
    """URLs of `count` hosts that accept a connection and never answer."""
    with ExitStack() as stack:
        listeners = [
            stack.enter_context(socket.create_server((f"127.0.0.{number}", 0))) for number in range(1, count + 1)
        ]
        yield ["http://{}:{}/cb".format(*listener.getsockname()) for listener in listeners]


def test_an_account_with_stalled_receivers_delays_no_other(settings: Settings) -> None:
    """The attempts last longer than this test waits, so a callback that waited for one of them would be late."""
    with running(settings.model_copy(update={"callback_timeout": 60})) as app:
        deliverer = services().deliverer
        with never_answering(50) as hosts:
            slow, other = make_account("slow"), make_account("other")
            with db.write() as session:
                due_callbacks.add(
                    session, slow.name, dict.fromkeys(hosts, 4), since=db.now(session) - dt.timedelta(hours=1)
                )
            deliverer.start()
            until(lambda: states().count("attempting") == 2 * SLOTS // 3)
            with receiving(OK) as quick:
                clicked(app.test_client(), other, quick.url())
                until(lambda: states()[-1] == "delivered")
            assert states().count("attempting") == 2 * SLOTS // 3
            deliverer.request_stop()
        deliverer.stop(grace=WITHIN)


def test_stopping_lets_attempts_end(client: FlaskClient, sender: Sender, services: Services) -> None:
    released = threading.Event()

    def waits(call: Call) -> None:
        released.wait(WITHIN)
        call.say(OK)

    with receiving(waits) as receiver:
        services.deliverer.start()
        clicked(client, sender, receiver.url())
        until(lambda: receiver.calls == 1)
        services.deliverer.request_stop()
        released.set()
        services.deliverer.stop(grace=WITHIN)
    assert states() == ["delivered"]


def test_stopping_gives_back_unfinished_attempts(client: FlaskClient, sender: Sender, services: Services) -> None:
    with receiving(Call.hang) as receiver:
        services.deliverer.start()
        clicked(client, sender, receiver.url())
        until(lambda: receiver.calls == 1)
        services.deliverer.stop(grace=0)
        assert states() == ["pending"]
        assert outcomes() == ["interrupted"]
    until(lambda: outcomes() != ["interrupted"])  # the attempt itself may still store its outcome
    assert states() == ["pending"]


def has_ended(deliverer: Deliverer) -> bool:
    """Whether a result waits to be stored."""
    return bool(deliverer._attempts._ended)


# Outages of the database


def away(*_: object, **__: object) -> Any:
    raise OperationalError("SELECT", {}, Exception("could not connect"))


@contextmanager
def outage(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make the database unavailable, for reading and writing."""
    with monkeypatch.context() as broken:
        broken.setattr(db, "read", away)
        broken.setattr(db, "write", away)
        yield


def test_an_event_answered_during_an_outage_is_sent_once(
    client: FlaskClient, sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers: the lease expires during the outage, and the worker that did not send reconnects first."""
    monkeypatch.setattr(outage_module, "LONG", 0.0)
    monkeypatch.setattr(outage_module, "SETTLE_FIRST", 2.0)
    others = Deliverer(services.deliverer.kind, services.app.app_context)
    answer = threading.Event()

    def waits(call: Call) -> None:
        answer.wait(WITHIN)
        call.say(OK)

    with receiving(waits) as receiver:
        services.deliverer.start()
        clicked(client, sender, receiver.url())
        until(lambda: receiver.calls == 1)
        others.start()
        came_back = threading.Event()
        with outage(monkeypatch):
            answer.set()
            until(lambda: has_ended(services.deliverer) and others._outage.is_seen)
            right, settle_and_claim = db.now, services.deliverer._settle_and_claim
            monkeypatch.setattr(db, "now", lambda on: right(on) + dt.timedelta(minutes=2))

            def later(ended: Sequence[Ended], free: int) -> list[Started]:
                return settle_and_claim(ended, free) if came_back.is_set() else away()

            monkeypatch.setattr(services.deliverer, "_settle_and_claim", later)
        until(lambda: others._outage.is_over or receiver.calls == 2)
        came_back.set()
        until(lambda: states() == ["delivered"])
        for deliverer in (services.deliverer, others):
            until(lambda deliverer=deliverer: not deliverer._outage.is_seen)
            deliverer.stop(grace=WITHIN)
        assert receiver.calls == 1
    assert outcomes() == ["delivered"]


def test_nothing_is_claimed_during_an_outage(
    client: FlaskClient, sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is therefore bounded, however long the outage lasts."""
    with receiving(OK) as receiver:
        for _ in range(2):
            clicked(client, sender, receiver.url())
        started = services.deliverer._settle_and_claim([], SLOTS)
        ended = [(claimed, attempt()) for claimed, attempt in started]
        attempts = services.deliverer._attempts
        attempts.put_back(ended)
        with outage(monkeypatch):
            for _ in range(5):
                assert services.deliverer._step(SLOTS) == []
                assert list(attempts._ended) == ended
        services.deliverer._step(SLOTS)
        assert receiver.calls == len(started)
    assert outcomes() == ["delivered", "delivered"]


def test_an_unstorable_answer_still_settles_its_callback(
    client: FlaskClient, sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong") as receiver:
        clicked(client, sender, receiver.url())
        [(claimed, attempt)] = services.deliverer._settle_and_claim([], SLOTS)
        services.deliverer._attempts.put_back([(claimed, attempt())])
    settle = CALLBACKS.settle

    def refuses(session: Session, ended: Sequence[Ended], **given: Any) -> Any:
        if any(result.columns["answer"] for _, result in ended if "answer" in result.columns):
            raise DataError("UPDATE", {}, Exception("this body is refused"))
        return settle(session, ended, **given)

    monkeypatch.setattr(CALLBACKS, "settle", refuses)
    services.deliverer._step(0)
    assert (states(), outcomes()) == (["delivered"], ["delivered"])


def test_a_refused_outcome_is_retried_and_occupies_a_slot(
    client: FlaskClient, sender: Sender, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "RESCUE", 0.0)
    with receiving(OK) as receiver:
        clicked(client, sender, receiver.url())
        [(claimed, attempt)] = services.deliverer._settle_and_claim([], SLOTS)
        services.deliverer._attempts.put_back([(claimed, attempt())])
    with monkeypatch.context() as broken:

        def refuses(*_: object, **__: object) -> None:
            raise DataError("UPDATE", {}, Exception("refused"))

        broken.setattr(CALLBACKS, "settle", refuses)
        for _ in range(3):
            services.deliverer._step(0)
        assert services.deliverer._attempts.free_slots() == SLOTS - 1
    services.deliverer._step(0)
    assert services.deliverer._attempts.free_slots() == SLOTS
    assert (states(), outcomes()) == (["delivered"], ["delivered"])


@pytest.mark.parametrize(
    ("summary", "judgement", "sentence"),
    [
        ("200", Delivered(), "delivered (200)"),
        ("", RetryAfter(28.813), "refused; next attempt in 29 s"),
        ("503", RetryAfter(5.0), "503; next attempt in 5 s"),
        ("500", Exhausted(), "500; exhausted"),
        ("200", None, "200; lease lost"),
    ],
)
def test_the_log_says_how_an_attempt_ended(summary: str, judgement: Judgement | None, sentence: str) -> None:
    assert judgements.describe(Result(AttemptOutcome.REFUSED, summary=summary), judgement) == sentence
