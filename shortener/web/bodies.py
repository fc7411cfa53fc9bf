"""Bodies that are still to come: few threads wait for them, none for long. The others serve those who click.

gunicorn's worker reads short bodies before a thread has anything to do with them. What is left are long, chunked and
held-back ones, and under Granian all.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Final

from shortener.running import client_connections
from shortener.web.problems import RequestError
from shortener.web.proxies import PEER, Environ, Wsgi

WITHIN: Final = 20.0  # seconds for the first bytes
QUICK: Final = 1.0  # seconds; a read that takes longer waits for a slow client, not for this process's other threads
RATE: Final = 16_384  # bytes a second that are asked for afterwards
LOOK: Final = 1.0  # seconds between two looks at the clock
STRANGERS: Final = "/dashboard/"  # here a body is read before anybody has shown who they are


class Bodies:
    """WSGI middleware: at most half of a process's threads read bodies, and an eighth of them strangers' bodies.

    A sender's next request waits a moment for a place, unless slow clients hold half of them.
    """

    def __init__(self, app: Wsgi, threads: int) -> None:
        self._app = app
        self._places = _Places(max(1, threads // 2), patience=QUICK)
        self._strangers = _Places(max(1, threads // 8), patience=0)
        self._clock = _Clock()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        if _comes_later(environ):
            places = self._strangers if environ["PATH_INFO"].startswith(STRANGERS) else self._places
            environ["wsgi.input"] = _Body(environ, places, self._clock)
        return self._app(environ, start_response)


class _Body:
    """A request's body. Each read holds a place, and has to be over in time."""

    def __init__(self, environ: Environ, places: "_Places", clock: "_Clock") -> None:
        self._body = environ["wsgi.input"]
        self._places, self._clock = places, clock
        self._end = _end_of(environ)
        self._until: float | None = None

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, or all."""
        with self._waiting():
            data: bytes = self._body.read(*(() if size < 0 else (size,)))
        self._until = (self._until or 0) + len(data) / RATE
        return data

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        if not self._places.take(self):
            raise RequestError(503, "unavailable", "Too many bodies are on their way; try again in a few seconds.")
        if self._until is None:
            self._until = time.monotonic() + WITHIN
        self._clock.set(self, self._until, self._end)
        try:
            yield
        finally:
            self._clock.clear(self)
            self._places.give_back(self)


class _Places:
    """So many bodies are read at the same time. Who finds no place waits for one, `patience` seconds at most."""

    def __init__(self, count: int, *, patience: float) -> None:
        self._count, self._patience = count, patience
        self._since: dict[object, float] = {}
        self._change = threading.Condition()

    def take(self, body: object) -> bool:
        """Take a place; False where there is none, at once where slow clients hold half of them."""
        with self._change:
            if not self._change.wait_for(self._has_room, 0 if self._are_slow() else self._patience):
                return False
            self._since[body] = time.monotonic()
            return True

    def give_back(self, body: object) -> None:
        """Leave the place to another body."""
        with self._change:
            del self._since[body]
            self._change.notify()

    def _has_room(self) -> bool:
        return len(self._since) < self._count

    def _are_slow(self) -> bool:
        now = time.monotonic()
        return 2 * sum(now - since > QUICK for since in self._since.values()) >= self._count


class _Clock:
    """Ends the bodies whose time is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = False
        self._until: dict[object, tuple[float, Callable[[], None]]] = {}

    def set(self, body: object, until: float, end: Callable[[], None]) -> None:
        """End a body then."""
        with self._lock:
            self._until[body] = until, end
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="bodies", daemon=True).start()

    def clear(self, body: object) -> None:
        """It has come."""
        with self._lock:
            self._until.pop(body, None)

    def _run(self) -> None:
        while self._looks_on():
            time.sleep(LOOK)

    def _looks_on(self) -> bool:
        now = time.monotonic()
        with self._lock:
            for until, end in self._until.values():
                if until <= now:
                    end()
            self._running = bool(self._until)
            return self._running


def _comes_later(environ: Environ) -> bool:
    """Whether a request has a body that is not here as a whole: the server's reading of its length decides."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        return True
    length = environ.get("CONTENT_LENGTH") or "0"
    here = getattr(environ.get("gunicorn.socket"), "body_here", None)  # only our worker counts it
    return length != "0" and (here is None or int(length) > here)


def _end_of(environ: Environ) -> Callable[[], None]:
    """What ends the wait for a body: whoever reads it then sees its end."""
    client = environ.get("gunicorn.socket")
    if client is not None:
        return partial(client_connections.shut, client)
    peer, port, since = environ.get(PEER, environ.get("REMOTE_ADDR", "")), environ["SERVER_PORT"], time.monotonic()
    if not peer or not port.isdigit():  # of a Unix socket: its proxy looks at the clock
        return lambda: None
    return lambda: client_connections.end_silent(str(peer), int(port), time.monotonic() - since)
