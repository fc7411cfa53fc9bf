"""Late answers under gunicorn: afterwards, the connection waits for the next request, as after any other answer."""

import contextlib
import os
import selectors
import socket
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger

from shortener.running.gunicorn_connections import Connection, Socket
from shortener.running.gunicorn_worker import Worker
from shortener.running.late_answers import LATE_ANSWER, Answer, LateAnswer

HEADERS = [("Content-Length", "0")]


class Server:
    """A worker with one client. Its only thread and its main loop run when a test says so."""

    def __init__(self) -> None:
        cfg = Config()
        self.worker = Worker(1, os.getpid(), [], SimpleNamespace(wsgi=lambda: self.app), 30, cfg, Logger(cfg))
        self.worker.poller, queue = selectors.DefaultSelector(), self.worker.method_queue
        queue.init()
        self.worker.poller.register(queue.fileno(), selectors.EVENT_READ, queue.run_callbacks)
        self.worker.tpool = SimpleNamespace(submit=lambda function, *arguments: function(*arguments))
        self.worker.load_wsgi()
        self.client, ours = socket.socketpair()
        self.client.setblocking(False)
        self.connection = Connection(cfg, Socket(ours), ("127.0.0.1", 1), ("127.0.0.1", 2))
        self.worker._await_request(self.connection)
        self.may_be_late, self.environ = True, dict[str, Any]()
        self.before_return: Callable[[], object] = lambda: None

    def app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer late if that is possible, unless the test forbids it."""
        self.environ = environ
        late: LateAnswer | None = environ.pop(LATE_ANSWER, None) if self.may_be_late else None
        if late is None:
            start_response("200 OK", HEADERS)
            return []
        late.send(Answer("302 FOUND", HEADERS))
        self.before_return()
        return late

    def status(self, request: bytes) -> bytes:
        """Return the status of the answer to a request."""
        self.client.sendall(request)
        for _ in range(3):  # it receives the request, sends the answer, and has nothing more to do
            self.worker.wait_for_and_dispatch_events(0)
        return self.client.recv(65_536)[9:12]

    def is_idle(self) -> bool:
        """Whether the connection waits for the next request, of which nothing has arrived."""
        return [*self.worker.keepalived_conns] == [self.connection] and not self.connection.received

    def close(self) -> None:
        """Close what is open."""
        for each in (self.worker.method_queue, self.worker.poller, self.worker.tmp, self.client, self.connection):
            each.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with contextlib.closing(Server()) as made:
        yield made


def get(*headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join(["GET / HTTP/1.1", "Host: a", *headers, "", ""]).encode() + body


def test_an_answer_may_overtake_its_thread(server: Server) -> None:
    server.before_return = server.worker._do_work
    for _ in range(2):
        assert server.status(get()) == b"302"
        assert server.is_idle()


@pytest.mark.parametrize(
    ("header", "body"), [("Content-Length: 4", b"\r\n\r\n"), ("Transfer-Encoding: chunked", b"1\r\na\r\n0\r\n\r\n")]
)
def test_a_body_is_no_further_request(server: Server, header: str, body: bytes) -> None:
    assert server.status(get(header, body=body)) == b"200"
    assert server.is_idle()
    assert server.status(get("Content-Length: 0")) == b"302"


def test_an_unused_late_answer_is_removed(server: Server) -> None:
    server.may_be_late = False
    assert server.status(get()) == b"200"
    assert LATE_ANSWER not in server.environ


def test_overdue_clicks_are_handled_by_the_pool(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting: list[Connection] = []
    stuck = SimpleNamespace(add=waiting.append, is_waited_for=True, overdue=lambda: [waiting.pop()] if waiting else [])
    monkeypatch.setattr(server.worker, "_lane", stuck)
    assert server.status(get().replace(b"/", b"/AbCdEfGhIj", 1)) == b"302"
    assert server.is_idle()
