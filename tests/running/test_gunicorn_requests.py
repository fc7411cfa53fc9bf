"""What gunicorn need not work out again for every request: its configuration, and whether the peer is a proxy."""

import socket
from typing import Any

import pytest
from gunicorn.config import Config

from shortener.running.gunicorn_connections import Connection, Socket
from shortener.running.gunicorn_requests import FixedConfig

REQUEST = b"GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-Proto: https\r\n\r\n"


def scheme(peer: Any) -> str:
    """Return the scheme of a request over HTTP that a proxy forwards."""
    ours, client = socket.socketpair()
    with ours, client:
        client.sendall(REQUEST)
        connection = Connection(Config(), Socket(ours), peer, ("127.0.0.1", 2))
        connection.init()
        found: str = next(connection.parser).scheme
        connection.sock.close()
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
