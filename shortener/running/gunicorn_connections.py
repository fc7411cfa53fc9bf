"""Clients' connections as gunicorn's worker holds them: what has come of a request, what is still to be sent."""

import contextlib
import itertools
import re
import socket
import struct
import time
from typing import Any, Final

from gunicorn.workers.gthread import TConn

READ_WITHIN: Final = 10.0  # seconds for a head, and for a short body with it
SEND_WITHIN: Final = 120.0  # seconds for what is kept for a client
TAKE_WITHIN: Final = 30.0  # seconds that a thread waits until a client takes what is more than that
LEAVE_WITHIN: Final = 2.0  # seconds until a client has read the last answer and closed
LONGEST_HEAD: Final = 65_536  # bytes
SHORT_BODY: Final = 65_536  # bytes; a longer one is read by the view that wants it, which holds a thread
SEND_IN_KERNEL: Final = 65_536  # bytes that the kernel takes before a client takes them; it would take megabytes
SEND_AHEAD: Final = 4_194_304  # bytes of an answer that are kept for a slow client
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*0*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE)
_LATER: Final = re.compile(rb"\r\n(?:expect|transfer-encoding):", re.IGNORECASE)
_RECEIVE_WITHIN: Final = struct.pack("ll", int(READ_WITHIN), 0)


class Socket(socket.socket):
    """A client's socket that keeps what the client does not take at once. It stays blocking, as threads want it."""

    def __init__(self, client: socket.socket) -> None:
        super().__init__(client.family, client.type, client.proto, client.detach())
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _RECEIVE_WITHIN)
        if self.family != socket.AF_UNIX:  # so that a client that does not read has `unsent` after few answers
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, SEND_IN_KERNEL)
        self.unsent = bytearray()
        self.body_here = 0  # bytes behind the head that gunicorn has read; they may be more than the body

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send what goes at once and keep the rest; of too much, wait until it is sent, or raise TimeoutError."""
        sent = 0
        if not self.unsent:
            with contextlib.suppress(BlockingIOError):
                sent = self.send(data, socket.MSG_DONTWAIT)
            if sent == len(data):
                return
        self.unsent += memoryview(data)[sent:]
        self._send_all_but(SEND_AHEAD)

    def shutdown(self, how: int) -> None:
        """Say that no more comes, behind all that was kept."""
        self._send_all_but(0)
        super().shutdown(how)

    def send_more(self) -> bool:
        """Send what goes now of what was kept; True where that is all."""
        with contextlib.suppress(BlockingIOError):
            del self.unsent[: self.send(self.unsent, socket.MSG_DONTWAIT)]
        return not self.unsent

    def _send_all_but(self, most: int) -> None:
        excess = self.unsent[: max(0, len(self.unsent) - most)]
        if excess:
            del self.unsent[: len(excess)]
            self.settimeout(TAKE_WITHIN)  # for all of it, as `sendall` counts
            super().sendall(excess)
            self.setblocking(True)


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A client's connection with the bytes that have come of its next request."""

    def __init__(self, cfg: Any, client: Socket, address: Any, server: Any) -> None:
        super().__init__(cfg, client, address, server)
        self.received = b""
        self.data_ready = True  # its thread need not wait for the first byte
        self.leaves = False  # whether it ends with the answer
        self.since = 0.0  # when its present wait began, on the monotonic clock
        self.drained = 0
        self.closed = False

    def init(self) -> None:
        """In a thread: give the parser what has come."""
        super().init()
        self.parser.unreader.unread(self.received)
        self.received = b""

    def note_body(self) -> None:
        """In a thread, behind gunicorn's reading of the head: note how much of what follows is here."""
        self.sock.body_here = self.parser.unreader.buf.getbuffer().nbytes

    def is_readable(self) -> bool:
        """Whether a thread can take the request: its head is here, and its body as far as that is short.

        A body whose length is not found here does not count; `web.bodies` compares with gunicorn's own reading.
        """
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        if self.received.startswith((b"GET ", b"HEAD ")):
            return True
        head = self.received[: end + 2]
        length = _LENGTH.search(head)
        size = int(length[1]) if length else 0
        return size > SHORT_BODY or bool(_LATER.search(head)) or len(self.received) >= end + 4 + size


class Line:
    """Connections that wait for the same thing, each for so many seconds, the oldest first."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[Connection, float] = {}

    def add(self, conn: Connection) -> None:
        """Begin to wait."""
        conn.since = time.monotonic()
        self._until[conn] = conn.since + self._seconds

    def discard(self, conn: Connection) -> None:
        """Wait no more."""
        self._until.pop(conn, None)

    def oldest(self) -> Connection | None:
        """The one that has waited longest."""
        return next(iter(self._until), None)

    def late(self, now: float) -> list[Connection]:
        """Those whose time is over."""
        return list(itertools.takewhile(lambda conn: self._until[conn] <= now, self._until))

    def cap(self, deadline: float) -> None:
        """Let nobody wait for longer than until then."""
        self._until = {conn: min(until, deadline) for conn, until in self._until.items()}
