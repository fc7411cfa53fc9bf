"""Two nodes on one PostgreSQL, each web and worker: nothing is done twice, a node takes over from another that has
failed, and only the database's clock counts.
"""

import datetime as dt
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select, update

from shortener.config.settings import Settings
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link
from tests.support.crash_points import Point
from tests.support.delivering import attempts, states
from tests.support.factories import BROWSER, Sender, make_message, slug_of
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, Node, harness
from tests.support.servers import OK, Call, parsed, receiving
from tests.support.waiting import WITHIN, until

SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "callback_allow_nets": "127.0.0.0/8",
    "callback_timeout": "1",
    "callback_per_destination": "16",
}
LEASE = 1.5  # seconds: the timeout and the lease margin
LINKS = 200
TEN_MINUTES = 600.0


@pytest.fixture
def settings(database_url: str, database_kind: str, tmp_path: Path) -> Settings:
    if database_kind == "sqlite":
        pytest.skip("several nodes need PostgreSQL")
    return Settings(database_url=database_url, data=tmp_path, **SETTINGS)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Harness]:
    """Processes on the database of `app`; the application itself runs no loops."""
    with harness({**SETTINGS, "database_url": database_url, "data": str(tmp_path)}, tmp_path / "harness") as made:
        yield made


def sent(sender: Sender, url: str) -> str:
    """The path of a new shortlink."""
    return f"/{slug_of(make_message(sender, lt_callbackurl=url).link)}"


def count(table: type) -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def seconds(since: dt.datetime | None, until: dt.datetime | None) -> float:
    assert since is not None and until is not None
    return (until - since).total_seconds()


def test_two_nodes_make_one_event_per_link(processes: Harness, sender: Sender) -> None:
    # Enough time for every attempt on a busy machine: an attempt that times out is made again, as it should be.
    nodes = [processes.web(callback_timeout="30"), processes.web(callback_timeout="30")]
    with receiving(OK) as receiver:
        paths = [sent(sender, receiver.url()) for _ in range(LINKS)]
        together = threading.Barrier(2 * 4)

        def click(node: Node, part: int) -> set[int | None]:
            together.wait()
            return {node.status(path) for path in paths[part::4]}

        with ThreadPoolExecutor(2 * 4) as pool:
            answers = [pool.submit(click, node, part) for part in range(4) for node in nodes]
        assert set().union(*(answer.result() for answer in answers)) == {302}
        until(lambda: states().count("delivered") == LINKS)
        ids = [parsed(request)[0]["webhook-id"] for request in receiver.requests]
    assert (count(Callback), count(Click), len(ids), len(set(ids))) == (LINKS, 2 * LINKS, LINKS, LINKS)


def test_a_dead_nodes_callback_waits_for_its_lease(processes: Harness, sender: Sender) -> None:
    with receiving(Call.hang) as receiver:
        nodes = [processes.web(), processes.web()]
        assert nodes[0].status(sent(sender, receiver.url())) == 302
        until(lambda: len(receiver.requests) == 1)
        holder = os.getpgid(int(parsed(receiver.requests[0])[0]["x-process"]))
        [dead] = [node for node in nodes if node.pid == holder]
        [alive] = [node for node in nodes if node.pid != holder]
        dead.kill()
        until(lambda: len(receiver.requests) == 2)
        assert os.getpgid(int(parsed(receiver.requests[1])[0]["x-process"])) == alive.pid
    first, second = attempts()[:2]
    assert first.outcome == "interrupted"
    assert seconds(first.started_on, second.started_on) >= LEASE


@pytest.mark.parametrize(
    ("point", "posts"),
    [(Point.CLAIM_COMMITS, 1), (Point.SETTLE_COMMITS, 2)],
    ids=lambda value: value.name if isinstance(value, Point) else "",
)
def test_a_node_frozen_in_a_claim_blocks_no_other(processes: Harness, sender: Sender, point: Point, posts: int) -> None:
    with receiving(OK) as receiver, receiving(OK) as other:
        processes.arm(point, signal.SIGSTOP)
        frozen = processes.worker()
        web = processes.web(worker="off")
        assert web.status(sent(sender, receiver.url())) == 302
        until(lambda: len(processes.deaths()) == 1)
        processes.worker(callback_timeout="30")  # it makes each attempt only once, even on a busy machine
        assert web.status(sent(sender, other.url())) == 302
        until(lambda: states() == ["delivered"] * 2)
        frozen.send(signal.SIGCONT)
        frozen.send(signal.SIGTERM)
        assert frozen.exit_code() == 0  # it finds its session ended, and stops cleanly
        assert (len(receiver.requests), len(other.requests), states()) == (posts, 1, ["delivered"] * 2)


def test_a_node_frozen_in_a_click_blocks_no_other(processes: Harness, sender: Sender) -> None:
    with receiving(OK) as receiver, ThreadPoolExecutor(1) as pool:
        frozen, other = processes.web(), processes.web()
        path = sent(sender, receiver.url())
        processes.arm(Point.CLICK_COMMITS, signal.SIGSTOP)
        answer = pool.submit(frozen.status, path)
        until(lambda: len(processes.deaths()) == 1)
        assert other.status(path) == 302
        until(lambda: states() == ["delivered"])
        assert count(Click) == 1
        os.kill(processes.deaths()[0].pid, signal.SIGCONT)
        assert answer.result() == 302
        until(lambda: count(Click) == 2)  # it finds its session ended, and stores its click again
        assert (count(Click), count(Callback), len(receiver.requests)) == (2, 1, 1)


@pytest.mark.parametrize("ahead", [TEN_MINUTES, -TEN_MINUTES])
def test_a_node_with_a_wrong_clock_uses_database_time(processes: Harness, sender: Sender, ahead: float) -> None:
    def second_time_lucky(call: Call) -> None:
        call.say(OK if len(receiver.requests) > 1 else b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")

    with receiving(second_time_lucky) as receiver:
        wrong = processes.web(Overrides(clock=ahead), callback_waits="2")
        path = sent(sender, receiver.url())
        with db.write() as session:  # with the wrong clock, the link would be dead or still live
            before = db.now(session)
            session.execute(update(Link).values(expires_on=before + dt.timedelta(seconds=TEN_MINUTES / 2)))
        answer = requests.get(f"{wrong.url}{path}", headers={"User-Agent": BROWSER}, allow_redirects=False, timeout=9)
        assert answer.status_code == 302
        shown = parsedate_to_datetime(answer.headers["Date"])
        assert abs(seconds(before, shown) - ahead) < WITHIN  # its clock is really wrong
        until(lambda: states() == ["delivered"])
        with db.read() as session:
            accessed_on = session.scalars(select(Link.accessed_on)).one()
            callback = session.scalars(select(Callback)).one()
            after = db.now(session)
    first, second = attempts()
    told = [accessed_on, callback.created_on, first.started_on, first.ended_on, second.started_on, second.ended_on]
    moments = [before, *(moment for moment in [*told, callback.settled_on] if moment), after]
    assert (len(moments), moments) == (9, sorted(moments))
    assert seconds(first.ended_on, second.started_on) >= 2 * 0.8  # the wait, by the database's clock
    for request, attempt in zip(receiver.requests, (first, second), strict=True):
        assert parsed(request)[0]["webhook-timestamp"] == str(int(attempt.started_on.timestamp()))


def test_a_node_with_a_fast_clock_respects_leases(processes: Harness, sender: Sender) -> None:
    looked = threading.Event()

    def slow(call: Call) -> None:
        looked.wait(WITHIN)
        call.say(OK)

    with receiving(slow) as receiver, receiving(OK) as quick:
        holder = processes.web(Overrides(lease_margin=TEN_MINUTES / 2), callback_timeout="20")
        assert holder.status(sent(sender, receiver.url())) == 302
        until(lambda: len(receiver.requests) == 1)
        os.killpg(holder.pid, signal.SIGSTOP)
        ahead = processes.web(Overrides(clock=TEN_MINUTES))
        assert ahead.status(sent(sender, quick.url())) == 302
        until(lambda: states() == ["attempting", "delivered"])  # it looks for jobs, and claims its own
        os.killpg(holder.pid, signal.SIGCONT)
        looked.set()
        until(lambda: states() == ["delivered", "delivered"])
        assert len(receiver.requests) == 1
