"""Generate load from one processor: wrk for the maximum, our own sender for a fixed rate and for batches.

At a fixed rate, each request is due at its own time, whatever happens to earlier requests, and its latency is measured
from that time: if a server stops for a second, all requests of that second have waited. wrk cannot do that, because it
sends a request only after the previous response.
"""

import contextlib
import http.client
import os
import re
import resource
import select
import socket
import statistics
import subprocess
import time
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

PATIENCE = 10.0  # seconds that a response may take
BETWEEN = b"\x1e"  # no request has it
# User-Agents of common browsers in 2024 and 2025.
BROWSERS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.1.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 "
    "Edg/131.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    "Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1",
)
AS_BROWSERS = [
    f"Host: s.example.com\r\nUser-Agent: {agent}\r\nAccept: text/html,application/xhtml+xml,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-US;q=0.7,en;q=0.3\r\nAccept-Encoding: gzip, deflate, br\r\n\r\n"
    for agent in BROWSERS
]
LUA = """
local requests, at = {}, 0
function init()
  local file = io.open(os.getenv("REQUESTS"), "rb")
  for one in file:read("*a"):gmatch("[^\\30]+") do requests[#requests + 1] = one end
end
function request() at = at % #requests + 1; return requests[at] end
function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  local p50, p99 = latency:percentile(50), latency:percentile(99)
  print(string.format("done %d %d %d %d %d %d", summary.requests, summary.duration, p50, p99, broken, errors.status))
end
"""


@dataclass(frozen=True, slots=True)
class Run:
    """The results of a run: responses per second, latencies in ms, numbers of answered, refused and lost requests.

    `load` is the load generator's share of its processor: near 1, the load itself was the limit. `cpu` is the server's
    CPU time in ms per response.
    """

    rate: float
    p50: float
    p99: float
    answered: int
    refused: int = 0
    broken: int = 0
    load: float = 0.0
    cpu: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The status of a response, and the ms since its request was due."""

    status: int
    taken: float


def clicks(slugs: Iterable[str], method: str = "GET") -> list[bytes]:
    """Return requests with the User-Agents of browsers, in rotation."""
    return [f"{method} /{slug} HTTP/1.1\r\n{rest}".encode() for slug, rest in zip(slugs, cycle(AS_BROWSERS))]


def posts(path: str, token: str, bodies: Iterable[str]) -> list[bytes]:
    """Return POST requests of a sender."""
    head = f"POST {path} HTTP/1.1\r\nHost: s.example.com\r\nAuthorization: Bearer {token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: "
    return [f"{head}{len(body)}\r\n\r\n{body}".encode() for body in bodies]


def wrk(address: str, requests: Path, seconds: int, connections: int) -> Run:
    """Send as many requests as possible, one by one on each connection; `requests` is a file made by `write`."""
    script = requests.with_name("wrk.lua")
    script.write_text(LUA)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={PATIENCE:.0f}s", "-s", str(script)]
    before, began = _used(), time.perf_counter()
    environ = {**os.environ, "REQUESTS": str(requests)}
    done = subprocess.run([*command, f"http://{address}"], env=environ, check=True, capture_output=True, text=True)
    share = (_used() - before) / (time.perf_counter() - began)
    [found] = re.findall(r"^done (.*)$", done.stdout, re.M)
    answered, micros, p50, p99, broken, refused = map(int, found.split())
    return Run(answered / micros * 1e6, p50 / 1e3, p99 / 1e3, answered, refused, broken, share)


def write(path: Path, requests: Sequence[bytes]) -> Path:
    """Write requests to a file for wrk."""
    path.write_bytes(BETWEEN.join(requests))
    return path


def batches(address: str, token: str, bodies: Sequence[bytes], seconds: float, at_once: int) -> Run:
    """Send batches for `seconds`, from several senders at once. Rates count messages; latencies are of batches."""
    rest, taken, done = iter(bodies), [], []
    began = time.perf_counter()

    def send() -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        while time.perf_counter() < began + seconds and (body := next(rest, None)):
            sent = time.perf_counter()
            connection.request("POST", "/v1/messages/batch", body, headers)
            done.append(connection.getresponse().read().count(b'"status":201'))
            taken.append((time.perf_counter() - sent) * 1000)
        connection.close()

    with ThreadPoolExecutor(at_once) as pool:
        for sender in [pool.submit(send) for _ in range(at_once)]:
            sender.result()
    answered = sum(done)
    return Run(answered / (time.perf_counter() - began), *quantiles(taken), answered)


def quantiles(taken: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    return statistics.median(taken), statistics.quantiles([*taken, max(taken)], n=100, method="inclusive")[98]


def at_rate(
    address: str, requests: Sequence[bytes], rate: float, connections: int = 64, pause: float = 0
) -> list[Answer | None]:
    """Send each request when it is due, at `rate` per second; return None for each unanswered request.

    Without a `pause` in seconds between two looks, the sender needs a processor of its own.
    """
    with contextlib.closing(_Sender(address, connections, pause)) as sender:
        return sender.send(requests, rate)


def one_by_one(address: str, requests: Sequence[bytes]) -> list[Answer | None]:
    """Send each request after the previous response."""
    with contextlib.closing(_Sender(address, 1)) as sender:
        return [sender.send([request], 1)[0] for request in requests]


@dataclass(eq=False, slots=True)
class _Line:
    """A connection, and the request whose response it waits for."""

    socket: socket.socket
    place: int | None = None
    data: bytearray = field(default_factory=bytearray)


class _Sender:
    """Polls for due requests and for responses."""

    def __init__(self, address: str, connections: int, pause: float = 0) -> None:
        host, _, port = address.rpartition(":")
        self._pause = pause
        self._address = host, int(port)
        self._epoll = select.epoll()
        self._lines: dict[int, _Line] = {}
        self._idle: deque[_Line] = deque()
        for _ in range(connections):
            self._connect()

    def send(self, requests: Sequence[bytes], rate: float) -> list[Answer | None]:
        answers: list[Answer | None] = [None] * len(requests)
        began = time.perf_counter()
        end, due, waiting = began + len(requests) / rate + PATIENCE, 0, deque[int]()
        while (due < len(requests) or waiting or len(self._idle) < len(self._lines)) and self._lines:
            now = time.perf_counter()
            if now > end:
                break
            while due < len(requests) and began + due / rate <= now:
                waiting.append(due)
                due += 1
            while waiting and self._idle:
                place = waiting.popleft()
                self._ask(self._idle.popleft(), place, requests[place])
            for number, _ in self._epoll.poll(0):
                self._hear(self._lines[number], began, rate, answers)
            if self._pause:
                time.sleep(self._pause)
        return answers

    def close(self) -> None:
        for line in self._lines.values():
            line.socket.close()
        self._epoll.close()

    def _ask(self, line: _Line, place: int, request: bytes) -> None:
        line.place = place
        with contextlib.suppress(OSError):  # reading shows that it is closed
            line.socket.send(request)

    def _hear(self, line: _Line, began: float, rate: float, answers: list[Answer | None]) -> None:
        try:
            data = line.socket.recv(65536)
        except OSError:
            data = b""
        line.data += data
        if not data:
            return self._reconnect(line)
        if line.place is not None and _is_whole(line.data):
            taken = time.perf_counter() - began - line.place / rate
            answers[line.place] = Answer(int(line.data[9:12]), taken * 1000)
            line.place = None
            line.data.clear()
            self._idle.append(line)

    def _connect(self) -> None:
        connection = socket.create_connection(self._address, PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(connection)
        self._lines[connection.fileno()] = line
        self._epoll.register(connection, select.EPOLLIN)
        self._idle.append(line)

    def _reconnect(self, line: _Line) -> None:
        del self._lines[line.socket.fileno()]
        if line in self._idle:
            self._idle.remove(line)
        line.socket.close()  # this also removes it from the epoll
        with contextlib.suppress(OSError):  # the server no longer listens
            self._connect()


def _is_whole(data: bytearray) -> bool:
    head, blank, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return bool(blank) and len(body) >= int(length[1] if length else 0)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
