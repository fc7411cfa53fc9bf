"""Count and time every request that Flask answers; the redirect, which runs in front of Flask, counts its own."""

from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any, Final

from flask import Flask

from shortener.telemetry.metrics import observe_request
from shortener.web import path_groups
from shortener.web.proxies import Environ, Wsgi

API: Final = "/v1/"
RECEIPTS: Final = ("/v1/receipts/", "/receipts/")


class Observed:
    """WSGI middleware that counts requests by group of routes, method and status."""

    def __init__(self, app: Flask, next_app: Wsgi) -> None:
        self._app, self._next = app, next_app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        began, said = perf_counter(), "500"

        def note(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            nonlocal said
            said = status
            return start_response(status, headers, *more)

        try:
            return self._next(environ, note)
        finally:
            group = group_of(self._app, environ.get("PATH_INFO", ""))
            observe_request(group, environ["REQUEST_METHOD"], said, perf_counter() - began)


def group_of(app: Flask, path: str) -> str:
    """Return the group of routes that a path belongs to, as metrics call it."""
    if path.startswith(RECEIPTS):
        return "receipts"
    if path.startswith(API):
        return "api"
    if path.startswith("/dashboard"):
        return "dashboard"
    return "vendors" if path_groups.is_vendors(app, path) else "other"
