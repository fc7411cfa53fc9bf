"""Limits for request bodies that arrive slowly: few threads wait for them, and none for long.

The other threads keep serving clicks. gunicorn's worker reads short bodies before it gives the request to a thread, so
this concerns long, chunked and delayed bodies, and under Granian all of them.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

from shortener.running import client_connections
from shortener.web import access
from shortener.web.problems import RequestError
from shortener.web.proxies import PEER, Environ, Wsgi

FIRST_BYTES_WITHIN: Final = 20.0  # seconds
SLOW_AFTER: Final = 1.0  # seconds; a read that takes longer waits for a slow client, not for our other threads
MIN_RATE: Final = 16_384  # bytes a second, after the first bytes
CHECK_EVERY: Final = 1.0  # seconds
A_MOMENT: Final = 0.1  # seconds; enough for the body of a quick client to be read


class BodyLimits:
    """WSGI middleware: at most half of a process's threads read bodies, an eighth those of unauthenticated clients.

    The next request waits for a slot, a sender's longer, unless slow clients hold half of the slots. Who signs in is
    not authenticated yet, nor is a sender whose credentials are in the body.
    """

    def __init__(self, app: Wsgi, threads: int) -> None:
        self._app = app
        self._slots = _Slots(max(1, threads // 2), patience=SLOW_AFTER)
        self._unauthenticated = _Slots(max(1, threads // 8), patience=A_MOMENT)
        self._deadlines = _Deadlines()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        if _is_incomplete(environ):
            environ["wsgi.input"] = _LimitedBody(environ, self._slots, self._unauthenticated, self._deadlines)
        return self._app(environ, start_response)


class _LimitedBody:
    """The body of a request; each read holds a slot and has a deadline."""

    def __init__(self, environ: Environ, slots: "_Slots", unauthenticated: "_Slots", deadlines: "_Deadlines") -> None:
        self._environ, self._body = environ, environ["wsgi.input"]
        self._of_senders, self._unauthenticated, self._deadlines = slots, unauthenticated, deadlines
        self._abort = _abort_of(environ)
        self._until: float | None = None

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes, or all."""
        with self._slot():
            data: bytes = self._body.read(*(() if size < 0 else (size,)))
        self._until = (self._until or 0) + len(data) / MIN_RATE
        return data

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        slots = self._of_senders if access.is_authenticated(self._environ) else self._unauthenticated
        if not slots.take(self):
            raise RequestError(
                503, "unavailable", "Too many request bodies are arriving slowly; try again in a few seconds."
            )
        if self._until is None:
            self._until = time.monotonic() + FIRST_BYTES_WITHIN
        self._deadlines.set(self, self._until, self._abort)
        try:
            yield
        finally:
            self._deadlines.clear(self)
            slots.give_back(self)


class _Slots:
    """The slots for reading bodies at the same time; a request waits at most `patience` seconds for one."""

    def __init__(self, count: int, *, patience: float) -> None:
        self._count, self._patience = count, patience
        self._since: dict[object, float] = {}
        self._change = threading.Condition()

    def take(self, body: object) -> bool:
        """Take a slot; return False if none gets free in time, or at once if slow clients hold half of them."""
        with self._change:
            if not self._change.wait_for(self._has_free_slot, 0 if self._slow_clients_hold_half() else self._patience):
                return False
            self._since[body] = time.monotonic()
            return True

    def give_back(self, body: object) -> None:
        """Free the slot."""
        with self._change:
            del self._since[body]
            self._change.notify()

    def _has_free_slot(self) -> bool:
        return len(self._since) < self._count

    def _slow_clients_hold_half(self) -> bool:
        now = time.monotonic()
        return 2 * sum(now - since > SLOW_AFTER for since in self._since.values()) >= self._count


class _Deadlines:
    """Aborts reads whose deadline has passed, in a thread that runs while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = False
        self._until: dict[object, tuple[float, Callable[[], None]]] = {}

    def set(self, body: object, until: float, abort: Callable[[], None]) -> None:
        """Abort the read of a body at that time."""
        with self._lock:
            self._until[body] = until, abort
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="bodies", daemon=True).start()

    def clear(self, body: object) -> None:
        """Forget the deadline: the read has ended."""
        with self._lock:
            self._until.pop(body, None)

    def _run(self) -> None:
        while self._abort_late():
            time.sleep(CHECK_EVERY)

    def _abort_late(self) -> bool:
        now = time.monotonic()
        with self._lock:
            for until, abort in self._until.values():
                if until <= now:
                    abort()
            self._running = bool(self._until)
            return self._running


def _is_incomplete(environ: Environ) -> bool:
    """Return whether part of the body has not arrived; what the server made of its length decides."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return True
    length = environ.get("CONTENT_LENGTH") or "0"
    here = getattr(environ.get("gunicorn.socket"), "body_here", None)  # only our gunicorn worker counts it
    return length != "0" and (here is None or int(length) > here)


def _abort_of(environ: Environ) -> Callable[[], None]:
    """Return a function that makes a read of the body end, as if the client had closed the connection."""
    client = environ.get("gunicorn.socket")
    if client is not None:
        return partial(client_connections.shut, client)
    peer, port, since = environ.get(PEER, environ.get("REMOTE_ADDR", "")), environ["SERVER_PORT"], time.monotonic()
    if not peer or not port.isdigit():  # a Unix socket: the proxy behind it has deadlines
        return lambda: None
    return lambda: client_connections.end_silent(str(peer), int(port), time.monotonic() - since)
