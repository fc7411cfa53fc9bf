"""Sockets to servers that we do not trust: open them to allowed addresses only, and read up to a deadline and a limit.

The check is in `_new_conn`, where urllib3 opens a socket. TLS, SNI and `Host` keep the name, and the address that we
connect to is one that was checked.
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
from typing import Any, Final

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from shortener.rules.delivery import receiver
from shortener.rules.delivery.attempt_outcome import AttemptOutcome

AddressInfo = tuple[Any, ...]  # family, kind, protocol, canonical name, address
Resolve = Callable[..., list[AddressInfo]]  # as socket.getaddrinfo

NOT_ALLOWED: Final = "callbacks may not go to this address"

_FLOOD = 128 * 1024  # bytes of an answer in all, headers included
_INTERIM = 50  # answers such as "100 Continue" before the final one
_PIECE = 16 * 1024  # bytes that are sent between two checks of the deadline
_DIALS = 3  # addresses of one name that are tried
_LOOK_UP = 5.0  # seconds: getaddrinfo has no limit of its own
_LOOK_UPS = 128  # at once, including those given up; each is a waiting thread

log = logging.getLogger(__name__)
# urllib3 warns of each malformed header, with a stack trace, and of a length that contradicts the chunks: a hostile
# server could fill the disk. Its lowest level tells URLs, in which a vendor may want its token. The levels are set at
# the modules, because other packages set that of "urllib3".
for module in ("urllib3.connection", "urllib3.connectionpool", "urllib3.response"):
    logging.getLogger(module).setLevel(logging.ERROR)


class StopError(ValueError):
    """Ends a request with an outcome and a sentence.

    It is neither an OSError nor a RequestException, which urllib3 would treat as a broken connection.
    """

    def __init__(self, outcome: AttemptOutcome, sentence: str) -> None:
        super().__init__(sentence)
        self.outcome = outcome


class Trip:
    """One request: its deadline, and when it reached each step (`marks`, in microseconds since its start).

    `target` goes into the request line byte for byte, because a receiver may have signed its path and query. `begun` is
    when it began, in the seconds of `time.monotonic`; without it, now.
    """

    def __init__(self, guard: "Guard", timeout: float, target: str = "/", begun: float | None = None) -> None:
        self.guard = guard
        self.target = target
        self.timeout = timeout
        self.status: int | None = None
        self.received = 0
        self.is_sent = False  # whether some of the request was written
        self.marks: dict[str, int] = {}
        self._start = time.monotonic() if begun is None else begun

    def left(self) -> float:
        """The seconds until the deadline, more than 0; TimeoutError after it."""
        seconds = self._start + self.timeout - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def is_late(self) -> bool:
        """Whether the deadline is over."""
        return time.monotonic() >= self._start + self.timeout

    def mark(self, name: str) -> None:
        """Note the time when a step was reached for the first time."""
        self.marks.setdefault(name, int((time.monotonic() - self._start) * 1_000_000))


class Guard:
    """Looks up names, checks every address, and connects."""

    def __init__(self, policy: receiver.Policy, resolve: Resolve) -> None:
        self.policy = policy
        self._resolve = resolve
        self._free = threading.BoundedSemaphore(_LOOK_UPS)

    def open(self, host: str, port: int, trip: Trip) -> socket.socket:
        """A connected socket; StopError if no connection is allowed or possible."""
        infos = self._look_up(host, port, trip)
        trip.mark("lookup_us")
        self._check(host, infos)
        sock = _connect_to_first(list(islice(_alternate(infos), _DIALS)), trip)
        sock.settimeout(trip.left())  # binds a TLS handshake as a whole
        return sock

    def _check(self, host: str, infos: list[AddressInfo]) -> None:
        found = [str(info[4][0]) for info in infos]
        if not found:
            raise StopError(AttemptOutcome.UNRESOLVED, "the name has no address")
        if not all(receiver.allows(ip_address(text), host, self.policy) for text in found):
            log.warning("blocked a request: %s resolves to %s", host, ", ".join(found[:8]))
            raise StopError(AttemptOutcome.BLOCKED, NOT_ALLOWED)

    def _look_up(self, host: str, port: int, trip: Trip) -> list[AddressInfo]:
        """Ask in a thread that may be abandoned, so that a silent name server delays nobody else."""
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
        """Start a thread that nobody waits for, not even at exit; without `threading` it also starts sooner."""
        try:
            _thread.start_new_thread(self._ask, (host, port, found))
        except RuntimeError as error:  # the system has no more threads
            self._free.release()
            raise StopError(AttemptOutcome.UNRESOLVED, "the name could not be looked up") from error

    def _ask(self, host: str, port: int, found: SimpleQueue[list[AddressInfo] | Exception]) -> None:
        try:
            found.put(self._resolve(host, port, type=socket.SOCK_STREAM))
        except Exception as error:  # whatever it is, the waiting thread must get it
            found.put(error)
        finally:
            self._free.release()


class Plain(HTTPConnection):
    """A connection that the guard opens, and that checks the deadline whenever it sends or reads."""

    def __init__(self, trip: Trip, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._trip = trip
        self.response_class = partial(_Reply, trip)  # type: ignore[assignment] # only ever called

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        """Begin a request for the trip's target; `requests` and urllib3 have encoded `url` once more."""
        super().putrequest(method, self._trip.target, *args, **kwargs)

    def _new_conn(self) -> socket.socket:
        # `_dns_host` keeps the trailing dot, which `host` drops: without it a search domain could be added.
        return self._trip.guard.open(self._dns_host, self.port or self.default_port, self._trip)

    def connect(self) -> None:
        """Connect, and note the time."""
        super().connect()
        self._trip.mark("connect_us")

    def send(self, data: Any) -> None:
        """Send in pieces, so that the deadline also holds for a server that reads slowly."""
        if self.sock is None:
            self.connect()
        for start in range(0, len(data), _PIECE):
            self.sock.settimeout(self._trip.left())
            self._trip.is_sent = True  # before it is written: a failed write may have written a part
            super().send(data[start : start + _PIECE])


class Tls(Plain, HTTPSConnection):
    """A guarded connection over TLS."""

    def connect(self) -> None:
        """Connect and make the TLS handshake; StopError if the certificate is not trusted for the name."""
        try:
            super().connect()
        except TimeoutError:
            raise StopError(AttemptOutcome.TIMEOUT, "no TLS handshake in time") from None
        except (OSError, HTTPError) as error:
            reason = getattr(error, "verify_message", None) or getattr(error, "reason", None)
            fault = str(reason or "closed by the receiver").replace("_", " ").lower()
            raise StopError(AttemptOutcome.TLS, f"no trusted TLS connection ({fault})") from None


class _Reply(http.client.HTTPResponse):
    """An answer that notes its status line at once, and skips interim answers (RFC 9110, 15.2)."""

    def __init__(self, trip: Trip, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._trip = trip
        self.fp = io.BufferedReader(Paced(self.fp.detach(), sock, trip))

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(_INTERIM):
            version, status, reason = super()._read_status()  # type: ignore[misc] # typeshed lacks private names
            if status >= 200 or status == http.HTTPStatus.SWITCHING_PROTOCOLS:
                self._trip.status = status if version.startswith("HTTP/1.") else None
                return version, status, reason
            http.client.parse_headers(self.fp)
        raise StopError(AttemptOutcome.BROKEN, "too many interim answers")


class Paced(io.RawIOBase):
    """The bytes that a socket receives, up to the deadline and the limit of a trip; `trip` may be changed."""

    def __init__(self, raw: Any, sock: socket.socket, trip: Trip) -> None:
        self.trip = trip
        self._raw, self._sock = raw, sock

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come; TimeoutError after the deadline, StopError beyond the limit."""
        if self.trip.received > _FLOOD:
            raise StopError(AttemptOutcome.BROKEN, "too much was sent")
        self._sock.settimeout(self.trip.left())
        count: int = self._raw.readinto(buffer)
        if count:
            self.trip.mark("first_byte_us")
        self.trip.received += count
        return count

    def close(self) -> None:
        """Close what is read from."""
        self._raw.close()
        super().close()


def _connect_to_first(infos: list[AddressInfo], trip: Trip) -> socket.socket:
    """Connect to the first address that accepts; each gets an equal share of the remaining time."""
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


def _alternate(infos: list[AddressInfo]) -> Iterator[AddressInfo]:
    """Alternate IPv6 and IPv4, the resolver's first choice first: one of them may be unreachable (RFC 8305, 4)."""
    favourites = [info for info in infos if info[0] == infos[0][0]]
    others = [info for info in infos if info[0] != infos[0][0]]
    return (info for info in chain.from_iterable(zip_longest(favourites, others)) if info is not None)
