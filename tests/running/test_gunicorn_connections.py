"""When a thread gets a request, and whether the limits on bodies then know how much is still to come."""

import contextlib
import socket
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import ParseException
from gunicorn.http.wsgi import create

from shortener.running.gunicorn_connections import Connection, Socket
from shortener.web.bodies import BodyLimits
from tests.support.waiting import WITHIN

BODY = b"a" * 1000
LATER = [
    "Content-Length: 1001",
    "Content-Length: 65537",
    f"Content-Length: {'9' * 15}",
    f"Content-Length: {'9' * 16}",
    f"Content-Length: {'9' * 400}",
    "Content-Length: 1001\r\nExpect: 100-continue",
    "Transfer-Encoding: chunked",
    "transfer-encoding:\tCHUNKED",
    "Transfer-Encoding: gzip, chunked",
]
HERE = [
    "Content-Length: 1000",
    "Content-Length: 999",
    "Content-Length:1000",
    "content-length:\t 1000\t ",
    "CONTENT-LENGTH: 0000000000001000",
    f"Content-Length: {'0' * 400}1000",
    "Content-Length: 1000\r\nExpect: 100-continue",
    "Content-Length: 0",
    "X-Content-Length: 5000",
    "Content_Length: 5000",
]
REFUSED = [
    "Content-Length: +1000",
    "Content-Length: -1000",
    "Content-Length: 1000, 1000",
    "Content-Length: 1000\r\nContent-Length: 1000",
    "Content-Length: 1_000",
    "Content-Length: 0x10",
    "Content-Length: \u00b2",
    f"Content-Length: {'9' * 5000}",
    "Content-Length:",
    "Content-Length:\r\n 5000",
    "Content-Length : 5000",
    " Content-Length: 5000",
    "X: a\nContent-Length: 5000",
    "X: a\rContent-Length: 5000",
    "Content-Length: 5000\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: identity",
]


@pytest.fixture
def connection() -> Iterator[Connection]:
    client, server = socket.socketpair()
    client.shutdown(socket.SHUT_WR)  # a reader that waits for more of the request sees its end instead
    made = Connection(Config(), Socket(server), ("127.0.0.1", 1), ("127.0.0.1", 2))
    with contextlib.closing(client), contextlib.closing(made):
        yield made


def bounded(connection: Connection, received: bytes) -> bool:
    """Whether the view gets the request with a body that has a slot and a deadline."""
    connection.received = received
    assert connection.is_readable()
    connection.init()
    request = next(connection.parser)
    connection.note_body()
    seen: list[Any] = []

    def view(environ: Any, _start_response: Any) -> list[bytes]:
        seen.append(environ["wsgi.input"])
        return []

    environ = create(request, connection.sock, connection.client, connection.server, Config())[1]
    own = environ["wsgi.input"]
    BodyLimits(view, threads=8)(environ, lambda *_: BytesIO().write)
    return seen != [own]


def post(lines: str, method: str = "POST") -> bytes:
    return f"{method} /dashboard/sign-in HTTP/1.1\r\nHost: a\r\n{lines}\r\n\r\n".encode("latin-1") + BODY


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("lines", LATER)
def test_a_body_to_come_is_bounded(connection: Connection, lines: str, method: str) -> None:
    if method == "POST" and lines == "Content-Length: 1001":
        connection.received = post(lines)
        assert not connection.is_readable()  # the main loop waits for it
    else:
        assert bounded(connection, post(lines, method))


@pytest.mark.parametrize("lines", HERE)
def test_a_body_that_came_is_read_freely(connection: Connection, lines: str) -> None:
    assert not bounded(connection, post(lines))


@pytest.mark.parametrize("lines", REFUSED)
def test_an_unclear_length_is_refused_by_gunicorn(connection: Connection, lines: str) -> None:
    with pytest.raises(ParseException):
        bounded(connection, post(lines) + BODY * 5)


def test_the_kernel_takes_little_ahead() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.connect(server.getsockname())
        with Socket(server.accept()[0]) as sending:
            sending.sendall(bytes(1_000_000))
            assert len(sending.unsent) > 800_000


def test_reads_end_together_at_their_deadline() -> None:
    client, server = socket.socketpair()
    with client, Socket(server) as reading:
        client.send(b"ab")
        with reading.reading_until(time.monotonic() + WITHIN):
            assert reading.recv(1) == b"a"
        with reading.reading_until(time.monotonic()), pytest.raises(TimeoutError):
            reading.recv(1)  # although a byte has arrived
        assert reading.gettimeout() is None
        assert reading.recv(1) == b"b"


def test_an_empty_line_before_a_request_changes_nothing(connection: Connection) -> None:
    assert bounded(connection, b"\r\n" + post("Content-Length: 9999999999999999"))
