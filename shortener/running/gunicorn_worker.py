"""gunicorn's threaded worker, in which no client holds a thread by being slow.

gunicorn gives a connection to a thread as soon as it is open. Here the main loop reads the request first, and a thread
gets it when its head is here, and its body as far as that is short. What of an answer a client does not take at once is
sent by the main loop as well, and so is the end of a connection. Each of these waits has a deadline.
"""

import contextlib
import errno
import selectors
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from shortener.running.gunicorn_connections import (
    LEAVE_WITHIN,
    LONGEST_HEAD,
    READ_WITHIN,
    SEND_WITHIN,
    TAKE_WITHIN,
    Connection,
    Line,
    Socket,
)

PIECE: Final = 65_536
DRAIN_WITHIN: Final = 0.05  # seconds for what nobody read of a body: it is here, or the connection ends
_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Threads that work on requests, and a main loop that waits for clients."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.reading, self.sending, self.leaving = Line(READ_WITHIN), Line(SEND_WITHIN), Line(LEAVE_WITHIN)

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, and wait for its request."""
        if self.cfg.is_ssl:  # its bytes are not the request's
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
        """The next request begins to come on a connection that was kept open."""
        if not isinstance(conn, Connection):
            super().on_client_socket_readable(conn, client)
            return
        if conn.closed:  # to make room, in the same round of events
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_request(conn)

    def murder_pending(self) -> None:
        """End the connections whose time is over."""
        super().murder_pending()
        now = time.monotonic()
        for conn in self.reading.late(now):
            self._stop_waiting(conn)
            self._refuse(conn, _TOO_SLOW)
        for conn in [*self.sending.late(now), *self.leaving.late(now)]:
            self._close(conn)

    def finish_request(self, conn: Any, fs: "Future[Any]") -> None:
        """Go on with a connection when its thread has done."""
        if not isinstance(conn, Connection):
            super().finish_request(conn, fs)
            return
        conn.leaves = fs.cancelled() or fs.exception() is not None or not fs.result()
        if conn.sock.unsent:
            self._wait(self.sending, conn, selectors.EVENT_WRITE, self._send_more)
        else:
            self._go_on(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request. A client that does not take its answer is no fault of ours."""
        if isinstance(conn, Connection):
            conn.note_body()
        try:
            return super().handle_request(req, conn)
        except TimeoutError:
            self.log.info("A client did not take its answer within %g seconds.", TAKE_WITHIN)
            raise StopIteration from None  # ends the connection

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """Whether another request may come. Nobody waits for the rest of a body that no view wanted."""
        return bool(keepalive and conn.parser.finish_body(deadline=time.monotonic() + DRAIN_WITHIN))

    def _cap_keepalive(self, deadline: float) -> None:
        """On the way to the end: take no request that has not come by then."""
        super()._cap_keepalive(deadline)
        self.reading.cap(deadline)

    def _await_request(self, conn: Connection) -> None:
        """Wait until the request can be read; mostly it is here already."""
        if step := self._next_step(conn):
            step(conn)
        else:
            self._wait(self.reading, conn, selectors.EVENT_READ, self._receive)

    def _receive(self, conn: Connection, _client: Any) -> None:
        if step := self._next_step(conn):
            self._stop_waiting(conn)
            step(conn)

    def _next_step(self, conn: Connection) -> Callable[[Connection], None] | None:
        """What is to be done with a connection that sends a request; None: wait for more."""
        if not conn.received or not conn.is_readable():
            try:
                data = conn.sock.recv(PIECE, socket.MSG_DONTWAIT)
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
            self._go_on(conn)

    def _go_on(self, conn: Connection) -> None:
        """The answer is sent: wait for the next request, or leave, also to make room for somebody else."""
        if conn.leaves or (self.alive and self.nr_conns >= self.worker_connections):
            self._leave(conn)
            return
        conn.received = conn.parser.unreader.take_buffered()  # what came of the next request together with this one
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
        """Answer a request that cannot be read, if any of it has come, and leave."""
        if conn.received:
            with contextlib.suppress(OSError):
                conn.sock.send(answer, socket.MSG_DONTWAIT)
        self._leave(conn)

    def _leave(self, conn: Connection) -> None:
        """End a connection after its last answer: what still comes would otherwise reset it, and cut the answer."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self._wait(self.leaving, conn, selectors.EVENT_READ, self._drain)
        except (OSError, ValueError):  # closed by the client, or by a thread
            self._close(conn)
        else:
            self._drain(conn, conn.sock)

    def _drain(self, conn: Connection, _client: Any) -> None:
        try:
            data = conn.sock.recv(PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        conn.drained += len(data)
        if not data or conn.drained > LONGEST_HEAD:
            self._close(conn)

    def _wait(self, line: Line, conn: Connection, for_what: int, then: Callable[[Connection, Any], None]) -> None:
        self.poller.register(conn.sock, for_what, partial(then, conn))
        line.add(conn)
        self._make_room()

    def _make_room(self) -> None:
        """Of too many connections, close the one that has waited longest, whatever it waits for.

        So accepting stops only while all connections are with the threads, which takes no client's help to end.
        """
        while self.alive and self.nr_conns >= self.worker_connections:
            lines = (self.reading.oldest(), self.sending.oldest(), self.leaving.oldest())
            idle = self.keepalived_conns[0] if self.keepalived_conns else None
            waiting = [conn for conn in (idle, *lines) if conn is not None]
            if not waiting:
                return
            slowest = min(waiting, key=lambda conn: conn.since)
            if slowest is idle:
                self.keepalived_conns.popleft()
            self._close(slowest)

    def _stop_waiting(self, conn: Connection) -> None:
        for line in (self.reading, self.sending, self.leaving):
            line.discard(conn)
        with contextlib.suppress(KeyError, ValueError):  # it did not wait
            self.poller.unregister(conn.sock)

    def _close(self, conn: Connection) -> None:
        if conn.closed:  # two events of one moment
            return
        conn.closed = True
        self._stop_waiting(conn)
        self.nr_conns -= 1
        conn.close()
