"""No message is lost by `kill -9`, and none is handed over twice where the account does not want that.

Real processes hand messages to an HTTP server that answers as Kannel does. bench/kill.py does this hundreds of times.
"""

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from shortener.config.settings import Settings
from shortener.storage import db
from shortener.storage.models import Message
from tests.support.crash_points import Point
from tests.support.factories import TEXT, Sender
from tests.support.hand_overs import SECOND, attempts, message, outcomes, sending, set_on_unsure
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, harness
from tests.support.servers import Call, Receiver, parsed, receiving
from tests.support.waiting import until

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 26\r\n\r\n0: Accepted for delivery\r\n"
QUICK = Overrides(doubt=1.0, kannel_timeout=2.0)  # the lease lasts 2.5 s
PATIENT = Overrides(doubt=1.0, kannel_timeout=30.0)


@pytest.fixture
def kannel() -> Iterator[Receiver]:
    """A server that takes every message as Kannel does."""
    with receiving(TAKEN) as receiver:
        yield receiver


@pytest.fixture
def values(kannel: Receiver, database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "database_url": database_url,
        "data": str(tmp_path),
        "secret_key": "k" * 40,
        "public_url": "https://s.example.com",
        "gateway": "kannel",
        "kannel_url": kannel.url(path="/cgi-bin/sendsms").replace("http://", "http://tester:secret@"),
    }


@pytest.fixture
def settings(values: dict[str, str]) -> Settings:
    return Settings(**values)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, values: dict[str, str], tmp_path: Path) -> Iterator[Harness]:
    """Processes on the database of `app`; the application itself runs no loops."""
    with harness(values, tmp_path / "harness") as made:
        yield made


def post(app: Flask, sender: Sender, recipient: str = "+818012345678", **fields: Any) -> int:
    """Send a message as a company does; its id."""
    body = {"message": TEXT, "sender": "Acme", "recipient": recipient, **fields}
    answer = app.test_client().post("/v1/messages", json=body, headers=sender.bearer)
    assert answer.status_code == 201, answer.get_json()
    with db.read() as session:
        return session.scalars(select(Message.id).where(Message.msgid == answer.get_json()["msgid"])).one()


def given(kannel: Receiver) -> Counter[str]:
    """How often each recipient was handed over."""
    return Counter(parsed(request)[0]["x-kannel-to"] for request in kannel.requests)


def killed(processes: Harness, point: Point) -> None:
    """Let a worker die at that point."""
    processes.arm(point)
    assert processes.worker(QUICK).exit_code() == -signal.SIGKILL


AFTER = [(Point.POST, 0), (Point.RECEIVED, 1), (Point.SETTLE_COMMITS, 1)]
after_the_claim = pytest.mark.parametrize(
    ("point", "posts"), AFTER, ids=lambda value: value.name if isinstance(value, Point) else ""
)


def test_a_kill_inside_the_claim_changes_nothing(
    app: Flask, processes: Harness, sender: Sender, kannel: Receiver
) -> None:
    message_id = post(app, sender)
    killed(processes, Point.CLAIM_COMMITS)
    assert (outcomes(message_id), kannel.calls) == ([], 0)
    processes.worker(PATIENT)
    until(lambda: message(message_id).state == "sent")
    assert (outcomes(message_id), kannel.calls) == (["taken"], 1)


@after_the_claim
def test_a_message_in_doubt_is_held(
    app: Flask, processes: Harness, sender: Sender, kannel: Receiver, point: Point, posts: int
) -> None:
    message_id = post(app, sender)
    killed(processes, point)
    processes.worker(PATIENT)
    until(lambda: sending(message_id).state == "held")
    assert message(message_id).state == "unknown"
    assert (outcomes(message_id), kannel.calls) == (["interrupted"], posts)


@after_the_claim
def test_one_click_repeats_a_held_message(
    app: Flask, processes: Harness, sender: Sender, kannel: Receiver, point: Point, posts: int
) -> None:
    message_id = post(app, sender)
    killed(processes, point)
    processes.worker(PATIENT)
    until(lambda: sending(message_id).state == "held")
    msgid = message(message_id).msgid
    assert app.test_client().post(f"/v1/messages/{msgid}/repeat", headers=sender.bearer).status_code == 202
    until(lambda: sending(message_id).state == "delivered")
    assert kannel.calls == posts + 1


@after_the_claim
def test_an_account_may_want_doubtful_ones_repeated(
    app: Flask, processes: Harness, sender: Sender, kannel: Receiver, point: Point, posts: int
) -> None:
    set_on_unsure(sender, "repeat")
    message_id = post(app, sender)
    killed(processes, point)
    processes.worker(PATIENT)
    until(lambda: message(message_id).state == "sent")
    assert (outcomes(message_id), kannel.calls) == (["interrupted", "taken"], posts + 1)


def test_a_receipt_proves_that_it_was_taken(app: Flask, processes: Harness, sender: Sender, kannel: Receiver) -> None:
    message_id = post(app, sender)
    killed(processes, Point.RECEIVED)
    receipt = {"messageId": "F1", "status": "delivered", "err-code": "0", "client-ref": message(message_id).msgid}
    answer = app.test_client().post("/v1/receipts/vonage", json=receipt, headers=sender.bearer)
    assert answer.status_code == 200
    processes.worker(PATIENT)
    until(lambda: sending(message_id).state == "delivered")
    assert (message(message_id).state, kannel.calls) == ("delivered", 1)


@pytest.mark.parametrize("point", [Point.POST, Point.RECEIVED], ids=lambda point: point.name)
def test_a_frozen_worker_ends_the_doubt_itself(
    app: Flask, processes: Harness, sender: Sender, kannel: Receiver, point: Point
) -> None:
    message_id = post(app, sender)
    processes.arm(point, signal.SIGSTOP)
    frozen = processes.worker(QUICK)
    until(lambda: len(processes.deaths()) == 1)
    processes.worker(PATIENT)
    until(lambda: sending(message_id).state == "held")
    frozen.send(signal.SIGCONT)
    until(lambda: sending(message_id).state == "delivered")
    assert (outcomes(message_id), kannel.calls) == (["taken"], 1)
    frozen.send(signal.SIGTERM)
    assert frozen.exit_code() == 0


def test_stopping_lets_a_hand_over_end(app: Flask, processes: Harness, sender: Sender, kannel: Receiver) -> None:
    message_id = post(app, sender)
    worker = processes.worker(PATIENT)
    until(lambda: kannel.calls == 1)
    worker.send(signal.SIGTERM)
    assert worker.exit_code() == 0
    assert (sending(message_id).state, outcomes(message_id)) == ("delivered", ["taken"])


# Several nodes


class Counting:
    """Answers as Kannel does, and counts how many messages it has in hand at once."""

    def __init__(self) -> None:
        self._now, self._lock = 0, threading.Lock()
        self.most = 0

    def __call__(self, call: Call) -> None:
        self._count(1)
        call.stop.wait(0.05)
        self._count(-1)
        call.say(TAKEN)

    def _count(self, change: int) -> None:
        with self._lock:
            self._now += change
            self.most = max(self.most, self._now)


@contextmanager
def counted(values: dict[str, str]) -> Iterator[tuple[Counting, Receiver]]:
    counting = Counting()
    with receiving(counting) as receiver:
        values["kannel_url"] = receiver.url(path="/cgi-bin/sendsms")
        yield counting, receiver


def test_two_nodes_keep_cap_and_share(
    app: Flask, values: dict[str, str], tmp_path: Path, sender: Sender, other_sender: Sender
) -> None:
    """One account's long queue does not delay another's message, and no message goes out twice."""
    for number in range(60):
        post(app, sender, f"+8190{number:08}")
    late = post(app, other_sender, "+818000000000")
    with counted(values) as (counting, receiver):
        with harness({**values, "gateway_in_flight": "3"}, tmp_path / "nodes") as nodes:
            nodes.worker(PATIENT)
            nodes.worker(PATIENT)
            until(lambda: message(late).state == "sent" and len(given(receiver)) == 61)
        assert set(given(receiver).values()) == {1}
        assert list(given(receiver)).index("+818000000000") < 20
        assert counting.most <= 3


def test_two_nodes_keep_one_rate(app: Flask, processes: Harness, sender: Sender, kannel: Receiver) -> None:
    ids = [post(app, sender, f"+8190{number:08}") for number in range(45)]
    for _ in range(2):
        processes.worker(PATIENT, gateway_rate="20")
    until(lambda: len(given(kannel)) == 45)
    starts = [attempt.started_on for message_id in ids for attempt in attempts(message_id)]
    assert len(starts) == 45
    for first in starts:
        assert sum(first <= moment < first + SECOND for moment in starts) <= 22


def test_a_web_process_hands_over_what_it_takes(processes: Harness, sender: Sender, kannel: Receiver) -> None:
    web = processes.web(PATIENT)
    body = {"message": TEXT, "sender": "Acme", "recipient": "+818012345678"}
    assert requests.post(f"{web.url}/v1/messages", json=body, headers=sender.bearer, timeout=60).status_code == 201
    until(lambda: kannel.calls == 1)
