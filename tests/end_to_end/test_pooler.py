"""The product behind a transaction pooler, which gives each transaction another session of PostgreSQL."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from shortener.config.settings import Settings
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link, Message, SendingAttempt
from tests.support import pooler
from tests.support.factories import BROWSER, TEXT, Sender
from tests.support.processes import Harness, Node, harness
from tests.support.waiting import until

SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "callback_allow_nets": "127.0.0.0/8",
}
THREADS, ROUNDS = 16, 15
CALLBACK = "http://127.0.0.1:9/clicked"


@pytest.fixture
def pooled_url(database_url: str, database_kind: str) -> Iterator[str]:
    if database_kind == "sqlite":
        pytest.skip("SQLite has no pooler")
    with pooler.pooled(database_url) as url:
        yield url


@pytest.fixture
def settings(pooled_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=pooled_url, data=tmp_path, **SETTINGS)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, pooled_url: str, tmp_path: Path) -> Iterator[Harness]:
    with harness({**SETTINGS, "database_url": pooled_url, "data": str(tmp_path)}, tmp_path / "harness") as made:
        yield made


def use(node: Node, sender: Sender, statuses: Counter[tuple[str, int]]) -> None:
    """Repeatedly post a message, click its link twice and get its report; count the responses."""
    with requests.Session() as session:
        session.headers.update({"User-Agent": BROWSER, **sender.basic})
        for _ in range(ROUNDS):
            made = session.post(
                f"{node.url}/v1/messages", data={"message": TEXT, "lt_callbackurl": CALLBACK}, timeout=60
            )
            statuses["post", made.status_code] += 1
            if made.status_code != 201:
                continue
            slug = made.json()["link_tracking"]["shortlink"].rpartition("/")[2]
            for _ in range(2):
                click = session.get(f"{node.url}/{slug}", allow_redirects=False, timeout=60)
                statuses["click", click.status_code] += 1
            report = session.get(f"{node.url}/v1/messages/{made.json()['msgid']}", timeout=60)
            statuses["report", report.status_code] += 1


def counted() -> tuple[int, int, int]:
    """The numbers of clicks, clicked links and callbacks."""
    with db.read() as session:
        accessed = session.scalar(select(func.count()).where(Link.accessed_on.is_not(None)))
        clicks, callbacks = (session.scalar(select(func.count()).select_from(each)) for each in (Click, Callback))
    return clicks or 0, accessed or 0, callbacks or 0


def test_many_users_behind_a_pooler_are_all_served(processes: Harness, sender: Sender) -> None:
    statuses: Counter[tuple[str, int]] = Counter()
    node = processes.web(processes="2", threads="8")
    with ThreadPoolExecutor(THREADS) as pool:
        for each in [pool.submit(use, node, sender, statuses) for _ in range(THREADS)]:
            each.result()
    messages = THREADS * ROUNDS
    assert statuses == {("post", 201): messages, ("click", 302): 2 * messages, ("report", 200): messages}
    until(lambda: counted() == (2 * messages, messages, messages))


def sent_states() -> Counter[str | None]:
    with db.read() as session:
        return Counter(session.scalars(select(Message.state)))


def test_messages_behind_a_pooler_go_out_once(app: Flask, pooled_url: str, tmp_path: Path, sender: Sender) -> None:
    """Claims of two nodes exclude each other by a lock that a transaction holds, not a session."""
    given = {**SETTINGS, "database_url": pooled_url, "data": str(tmp_path), "gateway": "simulator"}
    body = {"message": TEXT, "sender": "Acme", "recipient": "+818012345678"}
    with harness(given, tmp_path / "sending") as made:
        nodes = [made.web(), made.web()]
        for number in range(40):
            url = f"{nodes[number % 2].url}/v1/messages"
            assert requests.post(url, json=body, headers=sender.bearer, timeout=60).status_code == 201
        until(lambda: sent_states() == {"delivered": 40})
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(SendingAttempt)) == 40
