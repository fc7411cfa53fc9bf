"""Watch every request that Flask answers: count it, give it an id, and write it to the log if the settings say so.

The redirect, which runs in front of Flask, does this for itself.
"""

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, Final

from flask import Flask, request

from shortener.rules.slug import NO_MORE_SLUG, PATTERN
from shortener.telemetry import log_lines, log_setup
from shortener.telemetry.metrics import observe_request
from shortener.web import path_groups
from shortener.web.proxies import REQUEST_ID, Environ, Wsgi

log = logging.getLogger(log_setup.ACCESS)
API: Final = "/v1/"
RECEIPTS: Final = ("/v1/receipts/", "/receipts/")
OTHER: Final = "other"
HEADER: Final = "X-Request-ID"
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~%+-]*")
_SLUG: Final = re.compile(rf"{PATTERN.pattern}{NO_MORE_SLUG}")


class Observed:
    """WSGI middleware around Flask."""

    def __init__(self, app: Flask, next_app: Wsgi, access_log: log_setup.AccessLog) -> None:
        self._app, self._next, self._access_log = app, next_app, access_log

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        began, said = perf_counter(), "500"
        fields: dict[str, object] = {"request_id": environ.get(REQUEST_ID) or secrets.token_hex(8)}

        def note(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal said
            said = status
            return start_response(status, [*headers, (HEADER, str(fields["request_id"]))], *more)

        with log_lines.about(fields):
            try:
                return self._next(environ, note)
            finally:
                self._ended(environ, said, perf_counter() - began, fields)

    def _ended(self, environ: Environ, status: str, seconds: float, fields: dict[str, object]) -> None:
        path = environ.get("PATH_INFO", "")
        group = group_of(self._app, path)
        observe_request(group, environ["REQUEST_METHOD"], status, seconds)
        if is_written(self._access_log, group, status):
            write(environ, str(fields.get("route") or without_route(path)), group, status, seconds)


def is_written(access_log: log_setup.AccessLog, group: str, status: str) -> bool:
    """Return whether a request of a group, answered so, has a line in the log."""
    if access_log == "failed":
        return group != OTHER and status[0] in "45"
    return access_log == "all" or (access_log == "api" and group != OTHER)


def write(environ: Environ, route: str, group: str, status: str, seconds: float, **more: object) -> None:
    """Write the line of a request. It has the route instead of the path, which may contain a key."""
    method, number, millis = environ["REQUEST_METHOD"], status[:3], round(seconds * 1000, 1)
    known = {"method": method, "route": route, "status": int(number), "duration_ms": millis, "group": group}
    log.info("%s %s %s", method, route, number, extra={**known, "client": environ.get("REMOTE_ADDR") or None, **more})


def note_route() -> None:
    """Note the rule of the route that answers the current request, for its lines in the log."""
    if request.url_rule is not None:
        log_lines.note(route=request.url_rule.rule)


def without_route(path: str) -> str:
    """Return what the log shows of a path that has no route: only its first part, because people mistype keys too.

    Nothing of a path that begins with a slug, because whoever reads the log must not be able to click, and none of what
    could be taken for another field of the line.
    """
    first, slash, _ = path.lstrip("/")[:40].partition("/")
    if _SLUG.match(first) or not _PLAIN.fullmatch(first):
        return "/…"
    return f"/{first}{slash and '/…'}"


def group_of(app: Flask, path: str) -> str:
    """Return the group of routes that a path belongs to, as metrics call it."""
    if path.startswith(RECEIPTS):
        return "receipts"
    if path.startswith(API):
        return "api"
    if path.startswith("/dashboard"):
        return "dashboard"
    return "vendors" if path_groups.is_vendors(app, path) else OTHER
