"""`GET /<slug>`: look up, decide, record, answer. What runs most.

It stands in front of Flask, whose machinery for a request costs several times what a look-up does; whatever needs a
page is made by Flask, and pages that are always the same are kept.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from flask import Flask, Response
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import Resolved, resolve
from shortener.rules.delivery.address import network_of
from shortener.rules.slug import NO_MORE_SLUG, PATTERN
from shortener.rules.visitors import visitor
from shortener.running.services import EXTENSION, Services
from shortener.web import visitor_pages
from shortener.web.access import public
from shortener.web.description import operation
from shortener.web.problems import ClickNotRecordedError
from shortener.web.proxies import Environ, Wsgi

# Ten characters `[A-Za-z0-9]`: nothing else of ours has that shape. What follows is not the visitor's fault: messengers
# make a link of `/AbCdEfGhIj.` or `/AbCdEfGhIjです`, programs that join URLs of `//AbCdEfGhIj` and `/AbCdEfGhIj/`.
# A word may follow without a sign between, as `/AbCdEfGhIjPlease`: there the sender's text did the same to the link.
_BEHIND: Final = rf"{NO_MORE_SLUG}[^/]*(?:/.*)?"
_PATH: Final = re.compile(f"//?({PATTERN.pattern}){_BEHIND}", re.DOTALL)


_HTML: Final = ("text/html",)
FOLLOW: Final = operation.Operation(
    "Visitors",
    name="follow",
    answers={
        302: operation.Answer(
            "To the ASCII form of the link; from a dead one to the fallback URL, where the operator has set one.",
            headers={"Location": "Where to."},
        ),
        404: operation.Answer("There is no such link: a small page.", media=_HTML),
        410: operation.Answer("The link has expired or is switched off: a small page.", media=_HTML),
        500: operation.Answer("Something went wrong: a small page.", media=_HTML),
        503: operation.Answer(
            "A prefetch, without a body; or the database does not answer, or nothing keeps the click: a page.",
            media=_HTML,
        ),
    },
    sentence="Send the visitor on, once the click is stored.",
)


class SlugConverter(BaseConverter):
    """The same shape for Flask."""

    regex = f"(?s:{PATTERN.pattern}{_BEHIND})"
    part_isolating = False


def register(app: Flask) -> None:
    """Put the redirect at the root."""
    app.url_map.converters["slug"] = SlugConverter
    app.add_url_rule("/<slug:slug>", "redirect", _never, methods=["GET"], provide_automatic_options=False)
    app.wsgi_app = Redirect(app, app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way


@operation.described(FOLLOW)
@public
def _never(slug: str) -> Response:
    """Not reached, for `Redirect` answers GET and HEAD. The route keeps the place, and refuses other methods."""
    raise NotFound


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes out: `302 FOUND`, headers, body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes = b""


# Only an answer that is no success is thrown away by the browser: then the real click comes to us.
_NO_PREFETCH: Final = Answer("503 SERVICE UNAVAILABLE", [("Cache-Control", "no-store"), ("Content-Length", "0")])
_SENT_ON: Final = (
    ("Cache-Control", "private, no-store"),
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Length", "0"),
)


class Redirect:
    """WSGI middleware that answers for slugs, and leaves the rest to the application behind it."""

    def __init__(self, app: Flask, behind: Wsgi) -> None:
        self._app, self._behind = app, behind
        self._services: Services = app.extensions[EXTENSION]
        self._keeps_network = self._services.settings.store_address == "truncated"
        self._gone: dict[tuple[str, str], Answer] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        method = environ["REQUEST_METHOD"]
        path = _PATH.fullmatch(environ.get("PATH_INFO", "")) if method in ("GET", "HEAD") else None
        if path is None:
            return self._behind(environ, start_response)
        try:
            answer = self._follow(path[1], environ)
        except Exception as error:
            answer = self._failed(error, environ)
        start_response(answer.status, list(answer.headers))  # a list of its own: servers may change it
        return [answer.body] if answer.body and method == "GET" else []

    def _follow(self, slug: str, environ: Environ) -> Answer:
        """Send the visitor on, once the click is kept."""
        resolved = self._resolve(slug)
        if resolved is None:
            return self._dead("unknown", environ)
        if not resolved.live:
            return self._dead("off" if resolved.off else "expired", environ)
        if environ["REQUEST_METHOD"] == "GET":
            headers = {name: environ[key] for name, key in visitor.HEADERS if key in environ}
            if visitor.is_prefetch(headers):
                return _NO_PREFETCH
            self._record(resolved, headers, environ)
        # Byte for byte, so that signed URLs survive: Werkzeug would percent-encode some of it again.
        return Answer("302 FOUND", [("Location", resolved.location), *_SENT_ON])

    def _resolve(self, slug: str) -> Resolved | None:
        number = self._services.slugs.decode(slug)
        return None if number is None else resolve(self._services.readers, number)

    def _record(self, resolved: Resolved, headers: dict[str, str], environ: Environ) -> None:
        """Keep the click before the answer leaves, in the database or in the spool; ClickNotRecordedError otherwise."""
        address = environ.get("REMOTE_ADDR")
        verdict = visitor.classify(environ.get("HTTP_USER_AGENT", ""), headers, self._services.visitor_rules, address)
        network = network_of(address or "") if self._keeps_network else None
        if not self._services.recorder.record(NewClick.of(resolved, verdict, network)):
            raise ClickNotRecordedError

    def _dead(self, name: str, environ: Environ) -> Answer:
        """What the visitor of a dead link gets, made once for each language."""
        key = (name, visitor_pages.language_of(environ.get("HTTP_ACCEPT_LANGUAGE", "")))
        if key not in self._gone:
            with self._app.request_context(environ):
                self._gone[key] = _answer(visitor_pages.gone(name), environ)
        return self._gone[key]

    def _failed(self, error: Exception, environ: Environ) -> Answer:
        """What the error handlers make of it, as for any other address."""
        with self._app.request_context(environ):
            response = self._app.make_response(self._app.handle_user_exception(error))
            return _answer(response, environ)


def _answer(response: Response, environ: Environ) -> Answer:
    """A response of Flask's, whole: its body also for HEAD, for which it is not sent."""
    return Answer(response.status, response.get_wsgi_headers(environ).to_wsgi_list(), response.get_data())
