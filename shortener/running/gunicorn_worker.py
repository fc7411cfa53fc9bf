"""gunicorn's threaded worker, changed so that no slow client occupies a thread, and no click.

gunicorn gives a connection to a thread as soon as it is open. Here the main loop reads the request first: a thread gets
it when its head has arrived, and its body too if that is short. The main loop also sends the rest of an answer that a
client does not read at once, and ends connections. Each of these waits has a deadline.

While a click is committed, no thread waits for it; the main loop sends its answer then.
"""

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from shortener.running.gunicorn_answers import LATER, AnsweringWorker
from shortener.running.gunicorn_connections import LONGEST_HEAD, TAKE_WITHIN, Connection, Socket

CHUNK: Final = 65_536
DRAIN_WITHIN: Final = 0.05  # seconds to read the rest of a body that no view read; otherwise the connection ends
_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Worker(AnsweringWorker):
    """Threads answer requests; the main loop waits for clients."""

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection, and wait for its request."""
        if self.cfg.is_ssl:  # its bytes are encrypted
            super().accept(listener)
            return
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.ECONNABORTED, errno.EWOULDBLOCK):
                return
            raise
        self.nr_conns += 1
        self._await_request(Connection(self.cfg, Socket(client), address, listener.getsockname()))
        self._make_room()

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Receive the next request on a kept-alive connection."""
        if not isinstance(conn, Connection):
            super().on_client_socket_readable(conn, client)
            return
        if conn.closed:  # to make room, by an earlier event of the same round
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn)

    def murder_pending(self) -> None:
        """End the connections whose deadline has passed."""
        super().murder_pending()
        now = time.monotonic()
        for conn in self.reading.expired(now):
            self._stop_waiting(conn)
            self._refuse(conn, _TOO_SLOW)
        for conn in [*self.sending.expired(now), *self.leaving.expired(now)]:
            self._close(conn)

    def go_on(self, conn: Connection, *, keepalive: bool) -> None:
        """Continue with a connection whose answer was sent."""
        conn.leaves = not keepalive
        if conn.sock.unsent:
            self._wait(self.sending, conn, selectors.EVENT_WRITE, self._send_more)
        else:
            self._continue(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request. A client that does not read its answer is no error of ours."""
        if isinstance(conn, Connection):
            conn.note_body()
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            self.log.info("A client did not read its answer within %g seconds.", TAKE_WITHIN)
            raise StopIteration from None  # ends the connection

    def _keepalive_after(self, conn: Any, keepalive: Any) -> Any:
        """Whether another request may follow; does not wait long for the rest of a body that no view read."""
        is_ours = isinstance(conn, Connection)
        if not keepalive or keepalive is LATER or (is_ours and conn.parser.has_read_body):
            return keepalive
        deadline = time.monotonic() + DRAIN_WITHIN
        # gunicorn checks the deadline every 1,024 bytes; a client can send them one by one
        with conn.sock.reading_until(deadline) if is_ours else contextlib.nullcontext():
            return bool(conn.parser.finish_body(deadline=deadline))

    def _cap_keepalive(self, deadline: float) -> None:
        """While stopping, accept no request that arrives after the deadline."""
        super()._cap_keepalive(deadline)
        self.reading.cap(deadline)

    def _await_request(self, conn: Connection) -> None:
        """Wait until the request has arrived; usually it has already."""
        if step := self._next_step(conn):
            step(conn)
        else:
            self._wait(self.reading, conn, selectors.EVENT_READ, self._receive)

    def _receive(self, conn: Connection, _client: Any) -> None:
        if step := self._next_step(conn):
            self._stop_waiting(conn)
            step(conn)

    def _next_step(self, conn: Connection) -> Callable[[Connection], None] | None:
        """Return what to do next with a connection that is sending a request; None to wait for more."""
        if not conn.received or not conn.is_readable():
            try:
                data = conn.sock.recv(CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return None
            except OSError:
                return self._close
            if not data:
                return self._close
            conn.received += data
        if conn.is_readable():
            enqueue: Callable[[Connection], None] = self.enqueue_req
            return enqueue
        too_long = len(conn.received) > LONGEST_HEAD and b"\r\n\r\n" not in conn.received
        return partial(self._refuse, answer=_TOO_LONG) if too_long else None

    def _send_more(self, conn: Connection, _client: Any) -> None:
        try:
            is_all = conn.sock.send_more()
        except OSError:
            self._close(conn)
            return
        if is_all:
            self._stop_waiting(conn)
            self._continue(conn)

    def _continue(self, conn: Connection) -> None:
        """After an answer, wait for the next request, or end the connection, also to make room for others."""
        if conn.leaves or (self.alive and self.nr_conns >= self.worker_connections):
            self._leave(conn)
            return
        conn.received = conn.parser.unreader.take_buffered()  # part of the next request that arrived with this one
        if conn.received:
            self._await_request(conn)
            return
        conn.set_timeout()
        conn.since = time.monotonic()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_client_socket_readable, conn))
        self._make_room()

    def _refuse(self, conn: Connection, answer: bytes) -> None:
        """Answer a request that cannot be read, if any of it has arrived, and end the connection."""
        if conn.received:
            with contextlib.suppress(OSError):
                conn.sock.send(answer, socket.MSG_DONTWAIT)
        self._leave(conn)

    def _leave(self, conn: Connection) -> None:
        """End a connection after its last answer. Reads what still arrives, or a reset could cut the answer off."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self._wait(self.leaving, conn, selectors.EVENT_READ, self._drain)
        except (OSError, ValueError):  # closed by the client, or by a thread
            self._close(conn)
        else:
            self._drain(conn, conn.sock)

    def _drain(self, conn: Connection, _client: Any) -> None:
        try:
            data = conn.sock.recv(CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > LONGEST_HEAD:
            self._close(conn)
