"""Clients' connections in gunicorn's worker: the part of a request that has arrived, and what is still to be sent."""

import contextlib
import re
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any, Final

from gunicorn.workers.gthread import TConn

from shortener.running.gunicorn_requests import DirectParser

READ_WITHIN: Final = 10.0  # seconds for a head with a short body
SEND_WITHIN: Final = 120.0  # seconds to send the buffered rest of an answer
TAKE_WITHIN: Final = 30.0  # seconds that a thread waits for a client to read what exceeds the buffer
LEAVE_WITHIN: Final = 2.0  # seconds for a client to read the last answer and close
LONGEST_HEAD: Final = 65_536  # bytes
SHORT_BODY: Final = 65_536  # bytes; a longer one is read by its view, in a thread
SEND_IN_KERNEL: Final = 65_536  # bytes in the kernel's buffer, which could be megabytes
SEND_AHEAD: Final = 4_194_304  # bytes of an answer that are buffered for a slow client
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*0*([0-9]{1,15})[ \t]*\r\n", re.IGNORECASE)
_LATER: Final = re.compile(rb"\r\n(?:expect|transfer-encoding):", re.IGNORECASE)
_RECEIVE_WITHIN: Final = struct.pack("ll", int(READ_WITHIN), 0)


class Socket(socket.socket):
    """A client's socket that buffers what the client does not read at once. It stays blocking for threads."""

    def __init__(self, client: socket.socket) -> None:
        super().__init__(client.family, client.type, client.proto, client.detach())
        self.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _RECEIVE_WITHIN)
        if self.family != socket.AF_UNIX:  # so that `unsent` soon shows a client that does not read
            self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, SEND_IN_KERNEL)
        self.connection: Any = None
        self.unsent = bytearray()
        self._read_until: float | None = None
        self.body_here = 0  # bytes after the head that have arrived; may be more than the body

    @contextlib.contextmanager
    def reading_until(self, deadline: float) -> Iterator[None]:
        """Let reads in the block raise TimeoutError after a time on the monotonic clock, however little each gets."""
        before = self.gettimeout()
        self._read_until = deadline
        try:
            yield
        finally:
            self._read_until = None
            self.settimeout(before)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Receive what is there, or wait for it."""
        if self._read_until is not None:
            left = self._read_until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.settimeout(left)
        return super().recv(size, flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send what is possible at once and buffer the rest; if that is too much, wait, and raise TimeoutError."""
        sent = 0
        if not self.unsent:
            with contextlib.suppress(BlockingIOError):
                sent = self.send(data, socket.MSG_DONTWAIT)
            if sent == len(data):
                return
        self.unsent += memoryview(data)[sent:]
        self._send_all_but(SEND_AHEAD)

    def shutdown(self, how: int) -> None:
        """Send the buffered rest, then shut down."""
        self._send_all_but(0)
        super().shutdown(how)

    def send_more(self) -> bool:
        """Send what is possible of the buffered rest; return whether all is sent."""
        with contextlib.suppress(BlockingIOError):
            del self.unsent[: self.send(self.unsent, socket.MSG_DONTWAIT)]
        return not self.unsent

    def _send_all_but(self, most: int) -> None:
        excess = self.unsent[: max(0, len(self.unsent) - most)]
        if excess:
            del self.unsent[: len(excess)]
            self.settimeout(TAKE_WITHIN)  # for all of it, as `sendall` measures
            super().sendall(excess)
            self.setblocking(True)


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A client's connection with the received bytes of its next request."""

    def __init__(self, cfg: Any, client: Socket, address: Any, server: Any) -> None:
        super().__init__(cfg, client, address, server)
        self.parser: Any = DirectParser(cfg, client, address)
        client.connection = self
        self.received = b""
        self.data_ready = True  # so that its thread does not wait for the first byte
        self.leaves = False  # whether it ends after the answer
        self.since = 0.0  # when its current wait began, on the monotonic clock
        self.drained = 0
        self.closed = False

    def init(self) -> None:
        """Give the parser the received bytes; runs in a thread."""
        super().init()
        self.parser.unreader.unread(self.received)
        self.received = b""

    def note_body(self) -> None:
        """Note how much has arrived after the head; runs in a thread, after gunicorn has read the head."""
        self.sock.body_here = self.parser.unreader.buf.getbuffer().nbytes

    def is_readable(self) -> bool:
        """Whether a thread can take the request: its head has arrived, and its body too if that is short.

        A body without a readable length is ignored here; `web.bodies` checks what gunicorn reads.
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
