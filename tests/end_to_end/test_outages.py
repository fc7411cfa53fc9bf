"""The database is unavailable while web processes start: every click answered with 302 is stored once afterwards."""

import os
import secrets
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select

from shortener.config.settings import Settings
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link
from tests.conftest import running
from tests.support import databases
from tests.support.factories import make_account, make_message, slug_of
from tests.support.processes import Harness, Node, harness
from tests.support.waiting import WITHIN, until

SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "callback_allow_nets": "127.0.0.0/8",
    "worker": "off",
    "processes": "2",
}
CALLBACK = "http://127.0.0.1:9/clicked"
LINKS = 60
SERVERS = ["gunicorn", "granian"]


@pytest.fixture
def postgresql() -> Iterator[Any]:
    """A server that only this test uses, so that it can stop it."""
    with databases.stoppable_postgresql(f"shortener-{secrets.token_hex(6)}") as server:
        yield server


def links(number: int) -> list[str]:
    sender = make_account()
    return [f"/{slug_of(make_message(sender, lt_callbackurl=CALLBACK).link)}" for _ in range(number)]


def answer(node: Node, path: str) -> list[int | None]:
    """Act as a visitor who retries until redirected; return the status of each response."""
    deadline, answers = time.monotonic() + 2 * WITHIN, list[int | None]()
    while time.monotonic() < deadline and 302 not in answers:
        answers.append(node.status(path))
    return answers


def stored() -> tuple[list[str], list[str]]:
    """The path of each click's link, and the paths of the links with `accessed_on` and a callback."""
    clicked = select(Link.number).join(Click, Click.link_id == Link.id)
    whole = select(Link.number).join(Callback, Callback.link_id == Link.id).where(Link.accessed_on.is_not(None))
    with db.read() as session:
        numbers = [session.scalars(one).all() for one in (clicked, whole)]
    clicks, told = (sorted(f"/{services().slugs.encode(number)}" for number in found) for found in numbers)
    return clicks, told


def assert_kept_once(node: Node, answers: dict[str, list[int | None]]) -> None:
    """Each link was answered 302 once, and has one click and one callback."""
    print(Counter(status for every in answers.values() for status in every), f"{len(stored()[0])} clicks found at once")
    assert [every.count(302) for every in answers.values()] == [1] * len(answers)
    assert {status for every in answers.values() for status in every} <= {302, 503, None}
    until(lambda: len(stored()[0]) >= len(answers))
    assert stored() == (sorted(answers), sorted(answers))
    until(lambda: node.status("/healthz") == 200)


def clicked_while_it_comes_back(node: Node, paths: list[str], postgresql: Any) -> dict[str, list[int | None]]:
    """Visitors try again and again while the database comes back."""
    with ThreadPoolExecutor(20) as pool:
        answers = {path: pool.submit(answer, node, path) for path in paths}
        postgresql.start()
        return {path: one.result() for path, one in answers.items()}


@pytest.fixture
def away(postgresql: Any, tmp_path: Path) -> Iterator[tuple[Harness, list[str]]]:
    """A harness on a database with links; the database runs until the test stops it."""
    url = databases.create_postgresql(postgresql.get_uri(), "outage")
    with (
        running(Settings(database_url=url, data=tmp_path, **SETTINGS)),  # type: ignore[arg-type]
        harness({**SETTINGS, "database_url": url, "data": str(tmp_path)}, tmp_path / "harness") as made,
    ):
        yield made, links(LINKS)


@pytest.mark.parametrize("server", SERVERS)
def test_processes_begun_during_an_outage_lose_no_click(
    away: tuple[Harness, list[str]], postgresql: Any, server: str
) -> None:
    processes, paths = away
    postgresql.stop()
    node = processes.web(server=server, ready="/robots.txt")
    assert node.status(paths[0]) == node.status("/healthz") == 503
    assert_kept_once(node, clicked_while_it_comes_back(node, paths, postgresql))


@pytest.mark.parametrize("server", SERVERS)
def test_workers_replaced_during_an_outage_lose_no_click(
    away: tuple[Harness, list[str]], postgresql: Any, server: str
) -> None:
    processes, paths = away
    node = processes.web(server=server)
    first = node.children()
    postgresql.stop()
    for pid in first:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(node.children()) == len(first) and not set(first) & set(node.children()))
    until(lambda: node.status("/robots.txt") == 200)
    assert_kept_once(node, clicked_while_it_comes_back(node, paths, postgresql))


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return databases.copy_sqlite(sqlite_template, tmp_path)


@pytest.fixture
def embedded(sqlite_url: str, tmp_path: Path) -> Iterator[Flask]:
    with running(Settings(database_url=sqlite_url, data=tmp_path, **SETTINGS)) as app:  # type: ignore[arg-type]
        yield app


@pytest.fixture
def processes(embedded: Flask, sqlite_url: str, tmp_path: Path) -> Iterator[Harness]:
    with harness({**SETTINGS, "database_url": sqlite_url, "data": str(tmp_path)}, tmp_path / "harness") as made:
        yield made


@pytest.mark.parametrize("server", SERVERS)
def test_a_foreign_lock_on_sqlite_loses_no_click(processes: Harness, sqlite_url: str, server: str) -> None:
    paths, node = links(30), processes.web(server=server)
    foreign = sqlite3.connect(urlsplit(sqlite_url).path.removeprefix("/"), isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(node.status, paths)) == [302] * 30
    assert stored() == ([], [])
    foreign.close()
    until(lambda: len(stored()[0]) == 30)
    assert stored() == (sorted(paths), sorted(paths))


@pytest.mark.parametrize("server", SERVERS)
def test_a_full_spool_answers_503_and_promises_nothing(processes: Harness, sqlite_url: str, server: str) -> None:
    paths, node = links(40), processes.web(server=server, processes="1", spool_bytes="4096")
    foreign = sqlite3.connect(urlsplit(sqlite_url).path.removeprefix("/"), isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(paths, pool.map(node.status, paths), strict=True))
    assert set(answers.values()) == {302, 503}
    assert node.status("/healthz") == 503
    foreign.close()
    promised = {path for path, status in answers.items() if status == 302}
    until(lambda: promised <= set(stored()[0]))
    until(lambda: node.status("/healthz") == 200)
    assert max(Counter(stored()[0]).values()) == 1
