"""Every click answered with 302 is stored in the end, despite a locked database, kill -9 and SIGTERM."""

import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from shortener.config.settings import Settings
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link
from tests.support import database_faults
from tests.support.factories import BROWSER, Sender, make_message, slug_of
from tests.support.processes import Harness, Node, harness
from tests.support.waiting import WITHIN, until

SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "callback_allow_nets": "127.0.0.0/8",
    "worker": "off",
    "processes": "2",
    "spool_bytes": "65536",
}
CALLBACK = "http://127.0.0.1:9/clicked"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data=tmp_path, **SETTINGS)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Harness]:
    with harness({**SETTINGS, "database_url": database_url, "data": str(tmp_path)}, tmp_path / "harness") as made:
        yield made


class Load:
    """Browsers that click links one after the other, each link once, until none is left or they are stopped."""

    def __init__(self, node: Node, slugs: list[str]) -> None:
        self.node, self.slugs = node, iter(slugs)
        self.lock, self.ended = threading.Lock(), threading.Event()
        self.answered: set[str] = set()

    def click(self) -> None:
        """Click links, and note which were redirected."""
        while not self.ended.is_set():
            with self.lock:
                slug = next(self.slugs, None)
            if slug is None:
                return
            if self.node.status(f"/{slug}") == 302:
                self.answered.add(slug)


@contextmanager
def clicking(node: Node, slugs: list[str], browsers: int = 8) -> Iterator[Load]:
    """Click links while the block runs."""
    load = Load(node, slugs)
    with ThreadPoolExecutor(browsers) as pool:
        clicked = [pool.submit(load.click) for _ in range(browsers)]
        try:
            yield load
        finally:
            load.ended.set()
    for one in clicked:
        one.result()


def links(sender: Sender, count: int) -> list[str]:
    return [slug_of(make_message(sender, lt_callbackurl=CALLBACK).link) for _ in range(count)]


def stored_whole() -> set[str]:
    """The slugs of links with a click, `accessed_on` and a callback."""
    whole = select(Link.number).where(Link.accessed_on.is_not(None))
    whole = whole.join(Click, Click.link_id == Link.id).join(Callback, Callback.link_id == Link.id)
    with db.read() as session:
        return {services().slugs.encode(number) for number in session.scalars(whole)}


def spooled(node: Node) -> int:
    return int(requests.get(f"{node.url}/healthz", timeout=30).json()["clicks_spooled"])


def assert_stored(processes: Harness, answered: set[str]) -> None:
    """Eventually: clicks that a slow commit left in the spool are imported by the next process."""
    again = processes.web()
    until(lambda: spooled(again) == 0)
    assert answered <= stored_whole()


def test_kill_9_during_an_outage_loses_no_click(processes: Harness, sender: Sender, database_url: str) -> None:
    slugs = links(sender, 150)
    node = processes.web()
    with database_faults.locked(database_url):
        with clicking(node, slugs) as load:
            until(lambda: len(load.answered) >= 60)
            node.kill()
        assert stored_whole() == set()
    answered = load.answered
    assert len(answered) >= 60
    assert_stored(processes, answered)
    assert len(stored_whole()) < 150  # it was killed during the clicks


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_kill_9_loses_no_answered_click(processes: Harness, sender: Sender, server: str) -> None:
    slugs = links(sender, 400)
    node = processes.web(server=server)
    with clicking(node, slugs) as load:
        until(lambda: len(load.answered) >= 100)
        node.kill()
    assert_stored(processes, load.answered)


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
def test_sigterm_under_load_loses_no_click_that_was_answered(processes: Harness, sender: Sender, server: str) -> None:
    slugs = links(sender, 400)
    node = processes.web(server=server)
    with clicking(node, slugs) as load:
        until(lambda: len(load.answered) >= 100)
        node.send(signal.SIGTERM)
        assert node.exit_code() == 0
    assert_stored(processes, load.answered)


def test_a_lone_click_needs_no_company(processes: Harness, sender: Sender) -> None:
    [slug] = links(sender, 1)
    assert processes.web().status(f"/{slug}") == 302
    assert stored_whole() == {slug}


SERVERS = pytest.mark.parametrize("server", ["gunicorn", "granian"])


@SERVERS
def test_waiting_for_a_commit_occupies_no_thread(
    processes: Harness, sender: Sender, database_url: str, server: str
) -> None:
    slugs = links(sender, 6)
    node = processes.web(server=server, threads="1")
    with ThreadPoolExecutor(5) as pool:
        with database_faults.locked(database_url):
            clicked = [pool.submit(node.status, f"/{slug}") for slug in slugs[:5]]
            asked = requests.head(f"{node.url}/{slugs[5]}", allow_redirects=False, timeout=30)
            assert asked.status_code == 302
            assert stored_whole() == set()
        assert [one.result() for one in clicked] == [302] * 5
    until(lambda: stored_whole() == set(slugs[:5]))


@SERVERS
def test_late_answers_keep_the_order_of_requests(processes: Harness, sender: Sender, server: str) -> None:
    slugs = links(sender, 3)
    node = processes.web(server=server)
    requested = [f"GET /{slug} HTTP/1.1\r\nHost: a\r\nUser-Agent: {BROWSER}\r\n" for slug in slugs]
    with socket.create_connection(("127.0.0.1", urlsplit(node.url).port or 0), WITHIN) as client:
        client.sendall("\r\n".join(requested).encode() + b"Connection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65_536), b""))
    assert answer.count(b"HTTP/1.1 302") == 3
    assert stored_whole() == set(slugs)


@SERVERS
def test_a_visitor_who_leaves_disturbs_nobody(
    processes: Harness, sender: Sender, database_url: str, server: str
) -> None:
    slugs = links(sender, 3)
    node = processes.web(server=server, threads="1")
    with database_faults.locked(database_url):
        for slug in slugs[:2]:
            with socket.create_connection(("127.0.0.1", urlsplit(node.url).port or 0), WITHIN) as client:
                client.sendall(f"GET /{slug} HTTP/1.1\r\nHost: a\r\nUser-Agent: {BROWSER}\r\n\r\n".encode())
    assert node.status(f"/{slugs[2]}") == 302
    until(lambda: slugs[2] in stored_whole())
    assert not node.died()
