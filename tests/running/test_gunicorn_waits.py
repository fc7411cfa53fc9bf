"""Deadlines of connections: order, expiry, and the cap while stopping."""

import math
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from shortener.running.gunicorn_connections import Connection, Socket
from shortener.running.gunicorn_waits import Deadlines


@pytest.fixture
def connections() -> Iterator[list[Connection]]:
    pairs = [socket.socketpair() for _ in range(2)]
    made = [Connection(SimpleNamespace(keepalive=5, is_ssl=False), Socket(ours), "", "") for ours, _ in pairs]
    yield made
    for connection, (_, theirs) in zip(made, pairs, strict=True):
        connection.sock.close()
        theirs.close()


def test_the_oldest_connection_comes_first(connections: list[Connection]) -> None:
    deadlines = Deadlines(10)
    assert deadlines.oldest() is None
    for connection in connections:
        deadlines.add(connection)
    assert deadlines.oldest() is connections[0]
    deadlines.discard(connections[0])
    deadlines.discard(connections[0])
    assert deadlines.oldest() is connections[1]


def test_a_connection_expires_after_its_time(connections: list[Connection]) -> None:
    deadlines = Deadlines(10)
    deadlines.add(connections[0])
    assert deadlines.expired(connections[0].since + 9) == []
    assert deadlines.expired(connections[0].since + 10) == [connections[0]]


def test_a_cap_only_moves_deadlines_forward(connections: list[Connection]) -> None:
    deadlines = Deadlines(10)
    deadlines.add(connections[0])
    deadlines.cap(math.inf)
    assert deadlines.expired(connections[0].since + 9) == []
    deadlines.cap(time.monotonic())
    assert deadlines.expired(time.monotonic()) == [connections[0]]
