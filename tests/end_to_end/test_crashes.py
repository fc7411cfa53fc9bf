"""No click and no callback is lost by `kill -9`: real processes are killed at each critical point.

bench/kill.py does this hundreds of times; docs/operate/reliability.md has its figures.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from shortener.config.settings import Settings
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link
from tests.support.crash_points import Point
from tests.support.delivering import attempts, outcomes, states
from tests.support.factories import Sender, make_message, slug_of
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, Node, harness
from tests.support.servers import OK, Call, Receiver, parsed, receiving
from tests.support.waiting import until

SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "callback_allow_nets": "127.0.0.0/8",
    "callback_timeout": "1",
    "callback_waits": "0.1",  # one retry: if an interrupted attempt counted, none would be left
}
PATIENT = {"callback_timeout": "30"}  # for a worker that must make its attempt only once, even on a busy machine
LEASE = 1.5  # seconds: the timeout and the lease margin
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data=tmp_path, **SETTINGS)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Harness]:
    """Processes on the database of `app`; the application itself runs no loops."""
    with harness({**SETTINGS, "database_url": database_url, "data": str(tmp_path)}, tmp_path / "harness") as made:
        yield made


def sent(sender: Sender, receiver: Receiver) -> str:
    """The path of a new shortlink."""
    return f"/{slug_of(make_message(sender, lt_callbackurl=receiver.url()).link)}"


def clicked(sender: Sender, receiver: Receiver, web: Node) -> None:
    """Click a link and get its redirect; the callback is then due."""
    assert web.status(sent(sender, receiver)) == 302


def stored() -> tuple[int, int, int]:
    """The numbers of clicked links, clicks and callbacks."""
    with db.read() as session:
        accessed = session.scalar(select(func.count()).select_from(Link).where(Link.accessed_on.is_not(None)))
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Click, Callback)]
    return (accessed or 0, counts[0] or 0, counts[1] or 0)


def callback() -> Callback:
    with db.read() as session:
        return session.scalars(select(Callback)).one()


def assert_one_event(receiver: Receiver, times: int) -> None:
    """Assert that `times` requests came, all with one id and exactly the stored bytes."""
    requests = [parsed(request) for request in receiver.requests]
    assert len(requests) == times
    assert {headers["webhook-id"] for headers, _ in requests} == {callback().event_id}
    assert {body for _, body in requests} == {callback().body}


@pytest.mark.parametrize(
    ("point", "kept"),
    [(Point.LINK_UPDATED, (0, 0, 0)), (Point.CLICK_COMMITS, (0, 0, 0)), (Point.ANSWER, (1, 1, 1))],
    ids=lambda value: value.name if isinstance(value, Point) else "",
)
@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_an_unanswered_click_is_whole_or_absent(
    processes: Harness, sender: Sender, point: Point, kept: tuple[int, int, int], server: str
) -> None:
    web = processes.web(server=server, worker="off")
    with receiving(OK) as receiver:
        path = sent(sender, receiver)
        processes.arm(point)
        assert web.status(path) is None
        assert [death.point for death in processes.deaths()] == [point.name]
        assert stored() == kept
        # The visitor retries until the server has started a new process.
        until(lambda: web.status(path) == 302)
        assert stored() == (1, kept[1] + 1, 1)
        processes.worker(**PATIENT)
        until(lambda: states() == ["delivered"])
        assert_one_event(receiver, 1)


@pytest.mark.parametrize(
    ("point", "posts"),
    [(Point.CLAIM_COMMITS, 0), (Point.POST, 0), (Point.RECEIVED, 1), (Point.SETTLE_COMMITS, 1)],
    ids=lambda value: value.name if isinstance(value, Point) else "",
)
def test_the_next_worker_delivers_under_the_same_id(
    processes: Harness, sender: Sender, point: Point, posts: int
) -> None:
    with receiving(OK) as receiver:
        processes.arm(point)
        doomed = processes.worker()
        clicked(sender, receiver, processes.web(worker="off"))
        assert doomed.exit_code() == -signal.SIGKILL
        cut_off = [] if point is Point.CLAIM_COMMITS else [None]
        assert (outcomes(), len(receiver.requests)) == (cut_off, posts)
        processes.worker(**PATIENT)
        until(lambda: states() == ["delivered"])
        assert outcomes() == ["interrupted" for _ in cut_off] + ["delivered"]
        assert_one_event(receiver, posts + 1)
    if cut_off:
        first, second = attempts()
        assert (second.started_on - first.started_on).total_seconds() >= LEASE


def test_an_attempt_cut_off_costs_no_retry(processes: Harness, sender: Sender) -> None:
    def second_time_lucky(call: Call) -> None:
        call.say(OK if len(receiver.requests) > 1 else BUSY)

    with receiving(second_time_lucky) as receiver:
        processes.arm(Point.POST)
        doomed = processes.worker()
        clicked(sender, receiver, processes.web(worker="off"))
        doomed.exit_code()
        processes.worker(**PATIENT)
        until(lambda: states()[0] in ("delivered", "exhausted"))
        assert outcomes() == ["interrupted", "answered", "delivered"]
        assert_one_event(receiver, 2)


@pytest.mark.parametrize("point", [Point.POST, Point.RECEIVED], ids=lambda point: point.name)
def test_a_frozen_worker_loses_its_callback(processes: Harness, sender: Sender, point: Point) -> None:
    with receiving(OK) as receiver:
        processes.arm(point, signal.SIGSTOP)
        frozen = processes.worker()
        clicked(sender, receiver, processes.web(worker="off"))
        until(lambda: len(processes.deaths()) == 1)
        processes.worker(**PATIENT)
        until(lambda: states() == ["delivered"])
        before, settled_on = outcomes(), callback().settled_on
        assert before == ["interrupted", "delivered"]
        frozen.send(signal.SIGCONT)
        until(lambda: outcomes() != before)
        assert outcomes() == ["delivered", "delivered"]  # only the outcome of its own attempt is recorded
        assert (states(), callback().settled_on, callback().lease_token) == (["delivered"], settled_on, None)
        assert_one_event(receiver, 2)
        frozen.send(signal.SIGTERM)
        assert frozen.exit_code() == 0


def test_a_callback_that_kills_processes_is_exhausted(processes: Harness, sender: Sender) -> None:
    starts = 6  # for 25
    with receiving(OK) as receiver, receiving(OK) as healthy:
        web = processes.web(worker="off")
        for url in (receiver.url(path="/poison"), healthy.url()):
            assert web.status(f"/{slug_of(make_message(sender, lt_callbackurl=url).link)}") == 302
        crashing = Overrides(poison="/poison", lease_margin=0.0, max_starts=starts)
        processes.web(crashing, callback_timeout="0.5", callback_waits="0.1,0.1,0.1,0.1")
        until(lambda: states() == ["exhausted", "delivered"])
        assert receiver.requests == []
    assert outcomes()[:starts] == ["interrupted"] * starts
    with db.read() as session:
        reason = session.scalars(select(Callback.exhausted_because).order_by(Callback.id)).first()
    assert reason == "started 6 times; our own processes ended too often before an attempt did"
