"""Receivers on loopback, correct and faulty ones, and requests to them."""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

from shortener.outbound.client import Answer, Client
from shortener.rules.delivery.receiver import Policy

LOOPBACK = Policy(allow_nets=(ip_network("127.0.0.0/8"),))
HEADERS = {"Content-Type": "application/json", "webhook-id": "msg_1"}
BODY = b'{"type":"link.clicked"}'
SHORT = 0.5  # seconds: the deadline of attempts that are expected to time out
LONG = 10.0  # seconds: the deadline of other attempts, also on a busy machine
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Call:
    """One connection to a receiver, with ways to answer, and the signal to stop."""

    connection: socket.socket
    stop: threading.Event

    def say(self, data: bytes) -> None:
        self.connection.sendall(data)

    def drip(self, data: bytes) -> None:
        """Send one byte at a time, then nothing more."""
        for byte in data:
            self.say(bytes([byte]))
            if self.stop.wait(0.1):
                return
        self.hang()

    def repeat(self, data: bytes, pause: float = 0) -> None:
        """Send the same bytes for ever."""
        while not self.stop.wait(pause) if pause else not self.stop.is_set():
            self.say(data)

    def hang(self) -> None:
        self.stop.wait()

    def reset(self) -> None:
        """Close the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@dataclass
class Receiver:
    """A listening socket; `requests` holds every complete request, `calls` counts connections."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    calls: int = 0

    def url(self, host: str = "127.0.0.1", scheme: str = "http", path: str = "/cb") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


Behaviour = Callable[[Call], None]


@contextlib.contextmanager
def receiving(
    behaviour: Behaviour | bytes = OK, *, tls: ssl.SSLContext | None = None, reads: bool = True
) -> Iterator[Receiver]:
    """Listen; on each connection read a request (unless `reads` is false), then behave, or send bytes and close."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        listener.settimeout(0.02)
        receiver = Receiver(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def serve(raw: socket.socket) -> None:
            with contextlib.suppress(OSError), raw:
                raw.settimeout(20)
                connection = tls.wrap_socket(raw, server_side=True) if tls else raw
                with connection:
                    if reads:
                        receiver.requests.append(read_request(connection))
                    act(Call(connection, stop))

        def act(call: Call) -> None:
            if isinstance(behaviour, bytes):
                call.say(behaviour)
            else:
                behaviour(call)

        def accept() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    connection, _ = listener.accept()
                    receiver.calls += 1
                    threads.append(threading.Thread(target=serve, args=(connection,)))
                    threads[-1].start()

        threads.append(threading.Thread(target=accept))
        threads[0].start()
        try:
            yield receiver
        finally:
            stop.set()
            for thread in threads:
                thread.join()


@contextlib.contextmanager
def swallowing(address: str, port: int) -> Iterator[int]:
    """A listener with a full queue, so that the system drops further connections; yields its port."""
    with socket.create_server((address, port), backlog=0) as full, contextlib.ExitStack() as stack:
        for _ in range(4):
            sock = stack.enter_context(socket.socket())
            sock.setblocking(False)
            sock.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def read_request(connection: socket.socket) -> bytes:
    """Read head and body of a request with a Content-Length; return what came if it ends early."""
    data = b""
    while not is_whole(data):
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    return data


def parsed(request: bytes) -> tuple[dict[str, str], bytes]:
    """A request's headers, by their names in lower case, and its body."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:]]
    return {name.lower(): value for name, value in lines}, body


def is_whole(data: bytes) -> bool:
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    return len(body) >= int(lengths[0] if lengths else 0)


def patience(*behaviours: object) -> float:
    """The deadline of an attempt at a server: what is no fixed answer may be silence."""
    return SHORT if any(behaviour is None or callable(behaviour) for behaviour in behaviours) else LONG


def post(url: str, *, client: Client | None = None, body: bytes = BODY) -> Answer:
    return (client or Client(LOOPBACK)).request("POST", url, HEADERS, body)


def post_in_time(url: str, *, body: bytes = BODY, **kwargs: Any) -> Answer:
    """Make an attempt that must return soon after its short deadline."""
    client = Client(LOOPBACK, timeout=SHORT, **kwargs)
    start = time.monotonic()
    answer = post(url, client=client, body=body)
    assert time.monotonic() - start < SHORT + 2
    return answer
