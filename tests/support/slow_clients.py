"""Clients that are slow on purpose: they hold connections open and hardly send or read anything."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

FORM = "Content-Type: application/x-www-form-urlencoded"
JSON = "Content-Type: application/json"
BYTE_INTERVAL = 0.3  # seconds between two bytes


def head(line: str, *headers: str) -> bytes:
    """The head of a request, from its first line without the version (`GET /docs`) and its headers."""
    return "\r\n".join([f"{line} HTTP/1.1", "Host: s.example.com", *headers, "", ""]).encode()


def openings(token: str) -> dict[str, tuple[bytes, bytes]]:
    """For each kind of client, the bytes that it sends at once and the bytes that it then sends one by one.

    No client reads the response.
    """
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
class SlowClient:
    """A connection, and the bytes that are still to be sent one by one."""

    connection: socket.socket
    slow_bytes: bytes
    sent: int = 0
    ended: bool = field(default=False)

    def send_a_byte(self) -> None:
        """Send the next byte, or notice that the server has closed the connection."""
        try:
            if self.sent < len(self.slow_bytes):
                self.sent += self.connection.send(self.slow_bytes[self.sent : self.sent + 1])
            elif not self.slow_bytes:
                self.ended = self.connection.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:  # an OSError too, but the connection is open: the client waits, and does not reconnect
            pass
        except OSError:
            self.ended = True


def connect(url: str, opening: tuple[bytes, bytes]) -> SlowClient:
    """Connect with a small receive buffer, and send the first part of the opening."""
    at_once, slow_bytes = opening
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    connection.settimeout(5)
    with contextlib.suppress(OSError):
        connection.connect((urlsplit(url).hostname or "", urlsplit(url).port or 0))
        connection.sendall(at_once)
    connection.setblocking(False)
    return SlowClient(connection, slow_bytes)


@contextlib.contextmanager
def slow_clients(url: str, opening: tuple[bytes, bytes], count: int, interval: float = BYTE_INTERVAL) -> Iterator[None]:
    """Keep `count` clients connected until the block ends; a client that is cut off reconnects."""
    clients = [connect(url, opening) for _ in range(count)]
    stop = threading.Event()

    def send_slowly() -> None:
        while not stop.wait(interval):
            for index, client in enumerate(clients):
                client.send_a_byte()
                if client.ended:
                    client.connection.close()
                    clients[index] = connect(url, opening)

    thread = threading.Thread(target=send_slowly)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        for client in clients:
            client.connection.close()
