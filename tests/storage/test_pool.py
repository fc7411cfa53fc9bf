"""A bound on connections: callers wait for a free one, and unused ones are closed."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import TimeoutError as NoConnectionError

from shortener.storage.pool import Connections
from tests.support.waiting import until


class Server:
    """A server that counts its connections, and refuses more than `most`."""

    def __init__(self, most: int = 100) -> None:
        self.most, self.open, self.asked = most, set[object](), 0

    def connect(self) -> object:
        self.asked += 1
        if len(self.open) >= self.most:
            raise ConnectionRefusedError("too many connections")
        connection = object()
        self.open.add(connection)
        return connection


def connections(server: Server, most: int, *, patience: float = 30.0, idle: float | None = None) -> Connections:
    return Connections(server.connect, server.open.discard, most, patience=patience, idle=idle)


def waits(pool: ThreadPoolExecutor, of: Connections) -> Callable[[], object]:
    """Take a connection in another thread, which must wait for it."""
    taken = pool.submit(of.take)
    until(lambda: of._waiting == 1)
    return taken.result


def test_the_one_that_came_back_last_is_taken_first() -> None:
    of = connections(Server(), 3)
    first, second = of.take(), of.take()
    of.give_back(first)
    of.give_back(second)
    assert [of.take(), of.take()] == [second, first]


@pytest.mark.parametrize("refused_by", ["our bound", "the server"])
def test_a_caller_waits_for_one_of_our_connections(refused_by: str) -> None:
    server = Server(2 if refused_by == "the server" else 100)
    of = connections(server, 2 if refused_by == "our bound" else 100)
    held = [of.take(), of.take()]
    with ThreadPoolExecutor(1) as pool:
        taken = waits(pool, of)
        of.give_back(held[0])
        assert taken() is held[0]
    assert len(server.open) == 2


def test_a_closed_one_makes_room_for_a_new_one() -> None:
    server = Server(1)
    of = connections(server, 1)
    held = of.take()
    with ThreadPoolExecutor(1) as pool:
        taken = waits(pool, of)
        of.drop(held)
        assert taken() is not held
    assert len(server.open) == 1


def test_waiting_for_a_connection_ends() -> None:
    of = connections(Server(), 1, patience=0.05)
    of.take()
    with pytest.raises(NoConnectionError, match="all 1 connections were busy"):
        of.take()


def test_a_server_that_keeps_refusing_raises() -> None:
    of = connections(Server(1), 5, patience=0.05)
    of.take()
    with pytest.raises(ConnectionRefusedError):
        of.take()


def test_a_refusal_without_own_connections_raises_at_once() -> None:
    server = Server(0)
    with pytest.raises(ConnectionRefusedError):
        connections(server, 5).take()
    assert server.asked == 1


def test_an_unused_connection_is_closed() -> None:
    server = Server()
    of = connections(server, 5, idle=0.02)
    held = [of.take() for _ in range(5)]
    for connection in held[:4]:
        of.give_back(connection)
    until(lambda: len(server.open) == 1)
    of.give_back(held[4])
    until(lambda: not server.open)
    of.give_back(of.take())  # and it goes on
    until(lambda: not server.open)


def test_doubtful_connections_are_closed_when_idle() -> None:
    server = Server()
    of = connections(server, 3)
    idle, busy = of.take(), of.take()
    of.give_back(idle)
    of.doubt()
    assert server.open == {busy}
    of.give_back(busy)
    assert server.open == set()
    later = of.take()
    of.give_back(later)
    assert of.take() is later


def test_the_bound_holds_for_all_threads() -> None:
    server = Server()
    of = connections(server, 4)
    most, together = 0, threading.Barrier(16)

    def use() -> None:
        nonlocal most
        together.wait()
        for _ in range(200):
            connection = of.take()
            most = max(most, len(server.open))
            of.give_back(connection)

    with ThreadPoolExecutor(16) as pool:
        for each in [pool.submit(use) for _ in range(16)]:
            each.result()
    assert most <= 4
    for connection in [of.take() for _ in range(4)]:  # none was lost: all four can be in use
        of.give_back(connection)
