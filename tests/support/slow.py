"""Clients that are slow on purpose: they hold connections open and give, or take, next to nothing."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"
DRIP = 0.3  # seconds between two bytes


def head(line: str, *headers: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: s.example.com", *headers, "", ""]).encode()


def openings(token: str) -> dict[str, tuple[bytes, bytes]]:
    """What a client of each kind sends at once, and what it then sends byte by byte. None of them reads."""
    auth = f"Authorization: Bearer {token}"
    sign_in, body = "POST /dashboard/sign-in", b"a" * 900
    return {
        "silent": (b"", b""),
        "heads": (head("GET /AAAAAAAAAA")[:-2] + b"X-Slow: ", body),
        "sign-ins": (head(sign_in, FORM, "Content-Length: 1000"), body),
        "sign-ins with zeros": (head(sign_in, FORM, "Content-Length: 0000000000001000"), body),
        "sign-ins with odd space": (head(sign_in, FORM, "content-LENGTH:\t \t1000 \t"), body),
        "sign-ins without end": (head(sign_in, FORM, f"Content-Length: {9**20}"), body),
        "gets with bodies": (head("GET /dashboard/sign-in", FORM, "Content-Length: 1000"), body),
        "long sign-ins": (head(sign_in, FORM, "Content-Length: 400000"), body),
        "chunked sign-ins": (head(sign_in, FORM, "Transfer-Encoding: chunked") + b"3e7\r\n", body),
        "expecting sign-ins": (head(sign_in, FORM, "Content-Length: 1000", "Expect: 100-continue"), body),
        "bodies for nobody": (head("POST /nowhere", FORM, "Content-Length: 999999"), body),
        "messages": (head("POST /v1/messages", JSON, auth, "Content-Length: 400000") + b'{"message":"', body),
        "batches": (head("POST /v1/messages/batch", JSON, auth, "Content-Length: 4000000") + b"[", body),
        "readers of a page": (head("GET /docs") * 4, b""),
        "readers of a list": (head("GET /v1/messages", auth) * 2, b""),
        "readers of an export": (head("GET /v1/messages/export?format=csv", auth), b""),
        "leavers": (head("GET /AAAAAAAAAA", "Connection: close"), b""),
    }


@dataclass
class Slow:
    """One slow client."""

    connection: socket.socket
    drops: bytes
    dropped: int = 0
    ended: bool = field(default=False)

    def drip(self) -> None:
        """Send the next byte; notice where the server has ended the connection."""
        with contextlib.suppress(BlockingIOError):
            try:
                if self.dropped < len(self.drops):
                    self.dropped += self.connection.send(self.drops[self.dropped : self.dropped + 1])
                elif not self.drops:
                    self.ended = self.connection.recv(1, socket.MSG_PEEK) == b""
            except OSError:
                self.ended = True


def connected(url: str, opening: tuple[bytes, bytes]) -> Slow:
    at_once, drops = opening
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(5)
    with contextlib.suppress(OSError):
        connection.connect((urlsplit(url).hostname or "", urlsplit(url).port or 0))
        connection.sendall(at_once)
    connection.setblocking(False)
    return Slow(connection, drops)


@contextlib.contextmanager
def slow_clients(url: str, opening: tuple[bytes, bytes], count: int) -> Iterator[None]:
    """So many clients at once until the block ends; who is cut off comes again."""
    clients = [connected(url, opening) for _ in range(count)]
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(DRIP):
            for place, client in enumerate(clients):
                client.drip()
                if client.ended:
                    client.connection.close()
                    clients[place] = connected(url, opening)

    dripping = threading.Thread(target=drip)
    dripping.start()
    try:
        yield
    finally:
        stop.set()
        dripping.join()
        for client in clients:
            client.connection.close()
