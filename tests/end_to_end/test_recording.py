"""Every click answered with 302 is stored in the end, despite a locked database, kill -9 and SIGTERM."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from shortener.config.settings import Settings
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link
from tests.support import database_faults
from tests.support.factories import Sender, make_message, slug_of
from tests.support.processes import Harness, Node, harness
from tests.support.waiting import until

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
