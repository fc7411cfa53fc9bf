"""The HTTP client for servers that we do not trust.

A `Client` connects only to addresses that the operator allows, whatever a name server says at that moment. It follows
no redirect, uses no proxy, keeps no cookie and no connection, decompresses nothing, reads a bounded number of bytes and
returns when its deadline is over. Requests share only its TLS settings.
"""

import logging
import re
import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from shortener.outbound.guard import Guard, Plain, Resolve, StopError, Tls, Trip
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.receiver import Policy, check

_READ, _KEEP = 8192, 2048  # bytes of an answer's body, unless a client wants more

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of one request. Times are microseconds since its start, None if it did not get so far.

    `status` is set only if the outcome is ANSWERED.
    """

    outcome: AttemptOutcome
    status: int | None
    detail: str  # one sentence, for whoever asked for the request
    body: bytes = b""  # its first 2 KB, or as many as the client keeps, as received
    retry_after: str | None = None  # the header's value, as received
    lookup_us: int | None = None
    connect_us: int | None = None  # TLS included
    first_byte_us: int | None = None
    total_us: int | None = None
    is_sent: bool = False  # whether some of the request was written, so that the other side may have read it


class Client:
    """Makes requests; any number of threads may use one at once."""

    def __init__(
        self,
        policy: Policy,
        *,
        timeout: float = 15.0,
        ca_bundle: str | None = None,
        resolve: Resolve = socket.getaddrinfo,
        keep: int = _KEEP,
    ) -> None:
        self._policy = policy
        self._guard = Guard(policy, resolve)
        self._timeout, self._keep = timeout, keep
        self._context = _trust(ca_bundle or DEFAULT_CA_BUNDLE_PATH)

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, begun: float | None = None
    ) -> Answer:
        """Make one request. Raises for headers that cannot be sent, never for what a server or a name server does.

        `begun` is when its time began to run, in the seconds of `time.monotonic`; without it, now.
        """
        request = _request(method, url, headers, body)
        trip = Trip(self._guard, self._timeout, _target(url), begun)
        fault = check(url, self._policy)
        if fault:
            return _failed(trip, AttemptOutcome.BLOCKED, fault)
        try:
            with closing(_Door(trip, self._context)) as door:
                return _answered(trip, door.send(request, stream=True, timeout=self._timeout), self._keep)
        except StopError as stop:
            return _failed(trip, stop.outcome, str(stop))
        except Exception as error:  # several libraries have parsed the other side's bytes
            log.info("an attempt broke off: %s", type(error).__name__)  # its text may have the URL
            return _broke(trip)


@lru_cache(maxsize=4)  # loading a bundle takes longer than a request
def _trust(ca_bundle: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca_bundle)


class _Door(HTTPAdapter):
    """The adapter of `requests` for one request. Without a session, redirects and the environment are ignored."""

    def __init__(self, trip: Trip, context: ssl.SSLContext) -> None:
        super().__init__()
        self._trip, self._context = trip, context
        self._pools: list[HTTPConnectionPool] = []

    def get_connection_with_tls_context(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> HTTPConnectionPool:
        """Make a new pool for one guarded connection, never for a proxy."""
        url = urlsplit(str(request.url))
        host, port = url.hostname or "", url.port
        if url.scheme == "https":
            pool: HTTPConnectionPool = HTTPSConnectionPool(
                host, port, ssl_context=self._context, cert_reqs="CERT_REQUIRED"
            )
        else:
            pool = HTTPConnectionPool(host, port)
        connection = Tls if url.scheme == "https" else Plain
        pool.ConnectionCls = partial(connection, self._trip)  # type: ignore[assignment] # only ever called
        self._pools.append(pool)
        return pool

    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: the shared context has the certificates, and the original would load them for every request."""

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Copy only what is used, so that neither cookies nor a character set are read."""
        response = requests.Response()
        response.status_code, response.raw = resp.status, resp
        return response

    def close(self) -> None:
        """Close the connection, even if the other side wants to keep it."""
        for pool in self._pools:
            pool.close()


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes) -> requests.PreparedRequest:
    """A request with the exact bytes of the URL: `prepare_url` would unquote what a receiver may have signed."""
    ours = {"Accept-Encoding": "identity", "Connection": "close", "Content-Length": str(len(body))}
    request = requests.PreparedRequest()
    request.prepare_headers({"User-Agent": "shortener", **headers, **ours})
    request.method, request.url, request.body = method, url, body
    return request


def _target(url: str) -> str:
    """The path and query of a URL, exactly as written."""
    rest = url.partition("://")[2]
    behind = re.search("[/?].*", rest)
    target = behind[0] if behind else "/"
    return target if target.startswith("/") else f"/{target}"


def _answered(trip: Trip, response: requests.Response, keep: int) -> Answer:
    with closing(response.raw) as raw:
        body, is_whole = _body(raw, max(keep, _READ))
    detail = _described(response.status_code, raw.headers.get("Location"), is_whole)
    wait = raw.headers.get("Retry-After", "").strip()[:64]
    return _answer(
        trip,
        AttemptOutcome.ANSWERED,
        detail,
        status=response.status_code,
        body=body[:keep],
        retry_after=wait if wait and wait.isascii() and wait.isprintable() else None,
    )


def _failed(trip: Trip, outcome: AttemptOutcome, detail: str) -> Answer:
    """The result of a request that failed; if a status line was received, the outcome is ANSWERED."""
    if trip.status is not None:
        return _answer(trip, AttemptOutcome.ANSWERED, _described(trip.status, None, False), status=trip.status)
    return _answer(trip, outcome, detail)


def _broke(trip: Trip) -> Answer:
    if trip.is_late():
        return _failed(trip, AttemptOutcome.TIMEOUT, f"no answer within {trip.timeout:g} seconds")
    return _failed(trip, AttemptOutcome.BROKEN, "the connection ended without an HTTP answer")


def _answer(trip: Trip, outcome: AttemptOutcome, detail: str, *, status: int | None = None, **rest: Any) -> Answer:
    trip.mark("total_us")
    rest.update(trip.marks)
    return Answer(outcome, status, detail, is_sent=trip.is_sent, **rest)


def _body(raw: Any, longest: int) -> tuple[bytes, bool]:
    """The beginning of an answer's body, and whether it was received without an error."""
    body = b""
    try:
        while len(body) < longest and (piece := raw.read1(longest - len(body), decode_content=False)):
            body += piece
    except (HTTPError, OSError, ValueError):  # the status is known, and an error in the body does not change it
        return body, False
    return body, True


def _described(status: int, location: str | None, is_whole: bool) -> str:
    sentence = f"answered {status}"
    if location is not None and 300 <= status < 400:
        sentence += f" to {location[:200]!a}, and redirects are not followed"
    return sentence if is_whole else f"{sentence} (and broke off or stalled after the status line)"
