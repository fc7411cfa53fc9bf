"""What gunicorn need not work out again for every request: its configuration, and whether the peer is a proxy."""

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from gunicorn.config import Config

from shortener.running.gunicorn_connections import Connection, Socket
from shortener.running.gunicorn_requests import FixedConfig

REQUEST = b"GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-Proto: https\r\n\r\n"


@contextlib.contextmanager
def received(data: bytes, peer: Any = ("127.0.0.1", 1)) -> Iterator[Any]:
    """Give the parser of a connection that has received these bytes."""
    ours, client = socket.socketpair()
    connection = Connection(Config(), Socket(ours), peer, ("127.0.0.1", 2))
    with client, contextlib.closing(connection):
        client.sendall(data)
        connection.init()
        yield connection.parser


def scheme(peer: Any) -> str:
    """Return the scheme of a request over HTTP that a proxy forwards."""
    with received(REQUEST, peer) as parser:
        found: str = next(parser).scheme
        return found


def test_no_peer_over_tcp_is_trusted() -> None:
    assert scheme(("127.0.0.1", 1)) == "http"


def test_a_peer_over_unix_is_trusted() -> None:
    assert scheme("") == "https"


def test_a_value_is_looked_up_once() -> None:
    settings = Config()
    fixed = FixedConfig(settings)
    assert fixed.keepalive == settings.keepalive
    settings.set("keepalive", 77)
    assert fixed.keepalive == 2


def test_a_missing_value_raises_attribute_error() -> None:
    with pytest.raises(AttributeError):
        _ = FixedConfig(Config()).no_such_setting


@pytest.mark.parametrize(
    "body", [b"Content-Length: 3\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"]
)
def test_an_unread_body_is_discarded(body: bytes) -> None:
    with received(b"POST / HTTP/1.1\r\nHost: a\r\n" + body + REQUEST) as parser:
        assert [next(parser).method, next(parser).method] == ["POST", "GET"]


def test_nothing_is_discarded_without_a_body() -> None:
    with received(REQUEST + REQUEST) as parser:
        next(parser)
        assert parser.finish_body(deadline=0.0) is True
        assert next(parser).method == "GET"
