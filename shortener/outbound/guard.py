"""Sockets to strangers: opened to allowed addresses only, and read until a deadline or a flood mark.

The check is in `_new_conn`, where urllib3 opens a socket: so the name stays the name for TLS, SNI and `Host`, and the
address that is dialled is one that was checked.
"""

import _thread
import http.client
import io
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address
from itertools import chain, islice, zip_longest
from queue import Empty, SimpleQueue
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from shortener.rules.delivery import receiver
from shortener.rules.delivery.attempt_outcome import AttemptOutcome

AddressInfo = tuple[Any, ...]  # family, kind, protocol, canonical name, address
Resolve = Callable[..., list[AddressInfo]]  # as socket.getaddrinfo

_FLOOD = 128 * 1024  # bytes of an answer in all, headers included
_INTERIM = 50  # answers of the kind "100 Continue" before the real one
_PIECE = 16 * 1024  # bytes that are sent under one look at the clock
_DIALS = 3  # addresses of one name that are tried
_LOOK_UP = 5.0  # seconds: getaddrinfo has no limit of its own
_LOOK_UPS = 128  # at once, those given up included; each is a thread that waits

log = logging.getLogger(__name__)
# urllib3 writes a stack trace for every malformed header: a stranger could fill the disk with them.
logging.getLogger("urllib3").setLevel(logging.ERROR)


class StopError(ValueError):
    """Ends an attempt with an outcome and a sentence.

    No OSError and no RequestException: urllib3 would take it for a broken connection.
    """

    def __init__(self, outcome: AttemptOutcome, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome


class Trip:
    """One attempt: its deadline, and what was seen on the way (`marks` in microseconds since its start).

    `target` is what the request line names, byte for byte: a receiver may have signed its path and query.
    """

    def __init__(self, guard: "Guard", timeout: float, target: str = "/") -> None:
        self.guard = guard
        self.target = target
        self.timeout = timeout
        self.status: int | None = None
        self.received = 0
        self.marks: dict[str, int] = {}
        self._start = time.monotonic()

    def left(self) -> float:
        """Seconds until the deadline, more than none; TimeoutError after it."""
        seconds = self._start + self.timeout - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def is_late(self) -> bool:
        """Whether the deadline is over."""
        return time.monotonic() >= self._start + self.timeout

    def mark(self, name: str) -> None:
        """Note the time when something was reached first."""
        self.marks.setdefault(name, int((time.monotonic() - self._start) * 1_000_000))


class Guard:
    """Looks names up, checks every address, and dials."""

    def __init__(self, policy: receiver.Policy, resolve: Resolve) -> None:
        self.policy = policy
        self._resolve = resolve
        self._free = threading.BoundedSemaphore(_LOOK_UPS)

    def open(self, host: str, port: int, trip: Trip) -> socket.socket:
        """A connected socket; StopError where there is none to be had."""
        infos = self._look_up(host, port, trip)
        trip.mark("lookup_us")
        self._check(host, infos)
        sock = _dial_in_turn(list(islice(_by_turns(infos), _DIALS)), trip)
        sock.settimeout(trip.left())  # binds a TLS handshake as a whole
        return sock

    def _check(self, host: str, infos: list[AddressInfo]) -> None:
        found = [str(info[4][0]) for info in infos]
        if not found:
            raise StopError(AttemptOutcome.UNRESOLVED, "the name has no address")
        if not all(receiver.allows(ip_address(text), host, self.policy) for text in found):
            log.warning("blocked a callback: %s stands for %s", host, ", ".join(found[:8]))
            raise StopError(AttemptOutcome.BLOCKED, receiver.NOT_ALLOWED)

    def _look_up(self, host: str, port: int, trip: Trip) -> list[AddressInfo]:
        """Ask in a thread that may be left behind, so that a silent name server holds up nobody else."""
        if not self._free.acquire(timeout=min(_LOOK_UP, trip.left())):
            raise StopError(AttemptOutcome.UNRESOLVED, "too many name look-ups are under way")
        found: SimpleQueue[list[AddressInfo] | Exception] = SimpleQueue()
        self._start(host, port, found)
        try:
            answer = found.get(timeout=min(_LOOK_UP, trip.left()))
        except (Empty, TimeoutError):
            raise StopError(AttemptOutcome.UNRESOLVED, "the name look-up took too long") from None
        if isinstance(answer, Exception):
            raise StopError(AttemptOutcome.UNRESOLVED, "the name could not be looked up") from answer
        return answer

    def _start(self, host: str, port: int, found: SimpleQueue[list[AddressInfo] | Exception]) -> None:
        """Not by `threading`: nobody waits for this thread, at exit neither, and it starts in a third of the time."""
        try:
            _thread.start_new_thread(self._ask, (host, port, found))
        except RuntimeError as error:  # the system has no more threads
            self._free.release()
            raise StopError(AttemptOutcome.UNRESOLVED, "the name could not be looked up") from error

    def _ask(self, host: str, port: int, found: SimpleQueue[list[AddressInfo] | Exception]) -> None:
        try:
            found.put(self._resolve(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # whatever it is, the asker must hear of it
            found.put(error)
        finally:
            self._free.release()


class Plain(HTTPConnection):
    """A connection that the guard opens, and that looks at the clock whenever it sends or reads."""

    def __init__(self, trip: Trip, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._trip = trip
        self.response_class = partial(_Reply, trip)  # type: ignore[assignment] # only ever called

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Begin a request for the trip's target; `url` has been encoded once more on its way here."""
        super().putrequest(method, self._trip.target, *args, **kwargs)

    def _new_conn(self) -> socket.socket:
        # `_dns_host` keeps the root's dot, which `host` drops: without it a search domain could come in.
        return self._trip.guard.open(self._dns_host, self.port or self.default_port, self._trip)

    def connect(self) -> None:
        """Open, and note when that was done."""
        super().connect()
        self._trip.mark("connect_us")

    def send(self, data: Any) -> None:
        """Send in pieces: a receiver that reads slowly is cut off like one that writes slowly."""
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), _PIECE):
            self.sock.settimeout(self._trip.left())
            super().send(data[start : start + _PIECE])


class Tls(Plain, HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        """Open and shake hands; StopError where the other side is not who the name says."""
        try:
            super().connect()
        except TimeoutError:
            raise StopError(AttemptOutcome.TIMEOUT, "no TLS handshake in time") from None
        except (OSError, HTTPError) as error:
            reason = getattr(error, "verify_message", None) or getattr(error, "reason", None)
            fault = str(reason or "closed by the receiver").replace("_", " ").lower()
            raise StopError(AttemptOutcome.TLS, f"no trusted TLS connection ({fault})") from None


class _Reply(http.client.HTTPResponse):
    """An answer that notes its status line at once, and passes over interim answers (RFC 9110, 15.2)."""

    def __init__(self, trip: Trip, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._trip = trip
        self.fp = io.BufferedReader(_Paced(self.fp.detach(), sock, trip))

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc] # typeshed lacks private names
            if status >= 200 or status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                self._trip.status = status if version.startswith("HTTP/1.") else None
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise StopError(AttemptOutcome.BROKEN, "too many interim answers")


class _Paced(io.RawIOBase):
    """What a socket receives, until the deadline or the flood mark."""

    def __init__(self, raw: Any, sock: socket.socket, trip: Trip) -> None:
        self._raw, self._sock, self._trip = raw, sock, trip

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._trip.received > _FLOOD:
            raise StopError(AttemptOutcome.BROKEN, "too much was sent")
        self._sock.settimeout(self._trip.left())
        count: int = self._raw.readinto(buffer)
        if count:
            self._trip.mark("first_byte_us")
        self._trip.received += count
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def _dial_in_turn(infos: list[AddressInfo], trip: Trip) -> socket.socket:
    """The first address that answers; each gets an equal share of the time that is left."""
    fault = OSError()
    for place, info in enumerate(infos):
        try:
            return _dial(info, trip.left() / (len(infos) - place))
        except OSError as error:
            fault = error
    if isinstance(fault, TimeoutError):
        raise StopError(AttemptOutcome.TIMEOUT, "no connection in time")
    raise StopError(AttemptOutcome.REFUSED, f"no connection could be made ({fault.strerror})")


def _dial(info: AddressInfo, patience: float) -> socket.socket:
    family, kind, protocol, _, address = info
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(patience)
        sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


def _by_turns(infos: list[AddressInfo]) -> Iterator[AddressInfo]:
    """IPv6 and IPv4 by turns, the resolver's favourite first: one of them may lead nowhere (RFC 8305, 4)."""
    favourites = [info for info in infos if info[0] == infos[0][0]]
    others = [info for info in infos if info[0] != infos[0][0]]
    return (info for info in chain.from_iterable(zip_longest(favourites, others)) if info is not None)
