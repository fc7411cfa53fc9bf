"""Which connections are closed from outside: only those to which nothing was sent for long."""

import socket
import time
from contextlib import ExitStack

from shortener.running import client_connections
from shortener.running.client_connections import CONTINUED

SILENCE = 1.5  # seconds


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(1) != b""
    except BlockingIOError:
        return True


def test_silent_connections_are_ended_and_others_continue() -> None:
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        other = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = listener.getsockname()[1]
        silent, spoken_to = (stack.enter_context(socket.create_connection(listener.getsockname())) for _ in range(2))
        elsewhere = stack.enter_context(socket.create_connection(other.getsockname()))
        accepted = [stack.enter_context(server.accept()[0]) for server in (listener, listener, other)]
        time.sleep(SILENCE)
        accepted[1].sendall(b"x")
        client_connections.end_silent("192.0.2.1", port, CONTINUED + SILENCE)
        assert is_open(silent)
        client_connections.end_silent("127.0.0.1", port, CONTINUED + SILENCE)
        assert [is_open(client) for client in (silent, spoken_to, elsewhere)] == [False, True, True]


def test_a_peer_without_an_address_ends_nothing() -> None:
    first, second = socket.socketpair()
    with first, second:
        client_connections.end_silent("", 80, 0)
        assert is_open(first) and is_open(second)
