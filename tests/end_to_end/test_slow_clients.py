"""A hundred clients that hardly send or read: other clicks are still answered, and the slow clients are cut off."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from shortener.config.settings import Settings
from tests.support.factories import Sender, make_message, slug_of
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, Node, harness
from tests.support.slow_clients import connect, head, openings, slow_clients
from tests.support.waiting import WITHIN, until

SERVERS = pytest.mark.parametrize("server", ["gunicorn", "granian"])
SETTINGS = {"secret_key": "k" * 40, "public_url": "https://s.example.com", "threads": "8"}
SLOW = 100
CLICKS = 5
TRICKLE = (head("GET /docs", "Content-Length: 8000"), b"a" * 8000)  # a body that no view reads
CROWDED = Overrides(arguments="--worker-connections 20 --keep-alive 300")
CROWDS = {
    "silent": b"",
    "idle": head("HEAD /robots.txt"),
    "deaf": head("GET /openapi.json") * 60,
    "leaving": head("HEAD /robots.txt", "Connection: close"),
}


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data=tmp_path, **SETTINGS)  # type: ignore[arg-type]


@pytest.fixture
def processes(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Harness]:
    with harness({**SETTINGS, "database_url": database_url, "data": str(tmp_path)}, tmp_path / "harness") as made:
        yield made


@pytest.mark.timeout(300)
@SERVERS
def test_clicks_are_answered_beside_slow_clients(processes: Harness, sender: Sender, server: str) -> None:
    path = f"/{slug_of(make_message(sender).link)}"
    for number in range(20):
        make_message(sender, message=f"{number} {'a' * 9_000}")
    web = processes.web(server=server, worker="off")
    for kind, opening in openings(sender.token).items():
        with slow_clients(web.url, opening, SLOW):
            assert [web.status(path) for _ in range(CLICKS)] == [302] * CLICKS, kind


@SERVERS
def test_clicks_are_answered_beside_trickling_bodies(processes: Harness, sender: Sender, server: str) -> None:
    path = f"/{slug_of(make_message(sender).link)}"
    web = processes.web(server=server, worker="off")
    with slow_clients(web.url, TRICKLE, SLOW, interval=0.02):
        for _ in range(CLICKS):
            assert web.status(path) == 302


@SERVERS
def test_slow_requests_end_at_their_deadline(processes: Harness, sender: Sender, server: str) -> None:
    web = processes.web(Overrides(read_within=1), server=server, worker="off")
    kinds = {kind: opening for kind, opening in openings(sender.token).items() if not kind.startswith("readers")}
    clients = {kind: connect(web.url, opening) for kind, opening in kinds.items()}

    def all_ended() -> bool:
        for client in clients.values():
            client.send_a_byte()
        # A client that was refused at once sees only the end of the response.
        return all(client.ended or closed(client.connection) for client in clients.values())

    try:
        until(all_ended)
    finally:
        for client in clients.values():
            client.connection.close()


@pytest.mark.parametrize("crowd", CROWDS)
def test_a_crowd_never_stops_accepting(processes: Harness, sender: Sender, crowd: str) -> None:
    path = f"/{slug_of(make_message(sender).link)}"
    web = processes.web(CROWDED, server="gunicorn", worker="off")
    clients = [connect(web.url, (CROWDS[crowd], b"")) for _ in range(30)]
    try:
        assert [web.status(path) for _ in range(CLICKS)] == [302] * CLICKS
        assert not web.died()
    finally:
        for client in clients:
            client.connection.close()


def closed(connection: socket.socket) -> bool:
    """Whether the other side has closed the connection and everything was read."""
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


@SERVERS
def test_a_slow_reader_gets_its_answers_whole(processes: Harness, sender: Sender, server: str) -> None:
    for number in range(30):
        make_message(sender, message=f"{number} {'a' * 9_000}")
    web = processes.web(server=server, worker="off")
    expected = answer(web, sender)
    assert len(expected) > 250_000
    with closing(socket.socket()) as reader:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        reader.settimeout(WITHIN)
        reader.connect((urlsplit(web.url).hostname or "", urlsplit(web.url).port or 0))
        reader.sendall(head("GET /v1/messages", f"Authorization: Bearer {sender.token}") * 3)
        with reader.makefile("rb") as answers:
            for _ in range(3):  # one after the other on one connection, although they were requested at once
                assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
                size = int(http.client.parse_headers(answers)["Content-Length"])
                assert answers.read(size) == expected


def answer(web: Node, sender: Sender) -> bytes:
    connection = http.client.HTTPConnection(web.url.removeprefix("http://"), timeout=WITHIN)
    with closing(connection):
        connection.request("GET", "/v1/messages", headers=sender.bearer)
        return connection.getresponse().read()
