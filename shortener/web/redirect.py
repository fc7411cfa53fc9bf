"""`GET /<slug>`: resolve the slug, record the click, redirect. This is what runs most.

It runs in front of Flask, whose handling of a request costs several times as much as a look-up. Flask makes the pages;
those that are always the same are cached.
"""

import re
from collections.abc import Callable, Iterable
from functools import cached_property, partial
from time import perf_counter
from typing import Any, Final

from flask import Flask, Response
from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from shortener.accounts import recipient_pages
from shortener.accounts.recipient_pages import RecipientPages
from shortener.clicks.new_click import NewClick
from shortener.clicks.resolve import Resolved, resolve
from shortener.rules.delivery.address import network_of
from shortener.rules.slug import NO_MORE_SLUG, PATTERN
from shortener.rules.visitors import device, visitor
from shortener.rules.visitors.device import NO_DEVICE
from shortener.running.late_answers import LATE_ANSWER, Answer, LateAnswer
from shortener.running.services import EXTENSION, Services
from shortener.telemetry.metrics import observe_request
from shortener.web import observation, path_groups, visitor_pages
from shortener.web.access import public
from shortener.web.description import operation
from shortener.web.problems import ClickNotRecordedError
from shortener.web.proxies import REQUEST_ID, Environ, Wsgi

# A slug is ten characters `[A-Za-z0-9]`; no other path begins so, unless a group of paths has it in its prefix. More
# can follow, through no fault of the visitor: messengers include the next characters in the link (`/AbCdEfGhIj.`,
# `/AbCdEfGhIjです`), and programs that join URLs make `//AbCdEfGhIj` or `/AbCdEfGhIj/`. A word can follow directly
# (`/AbCdEfGhIjPlease`) if the sender's text had no space after the link.
_REST: Final = rf"{NO_MORE_SLUG}[^/]*(?:/.*)?"
_PATH: Final = re.compile(f"//?({PATTERN.pattern}){_REST}", re.DOTALL)


GROUP: Final = "redirect"  # of routes, in metrics
ROUTE: Final = "/<slug>"  # in the log: whoever reads that must not be able to click
MOST_CACHED: Final = 1000  # answers for dead links, some kilobytes each
_HTML: Final = ("text/html",)
FOLLOW: Final = operation.Operation(
    "Visitors",
    name="follow",
    answers={
        302: operation.Answer(
            "Redirects to the ASCII form of the target. An expired, switched-off or unknown link redirects to the "
            "fallback URL, if its account or the operator has set one.",
            headers={"Location": "The target, or the fallback URL."},
        ),
        404: operation.Answer("The link does not exist: an HTML page.", media=_HTML),
        410: operation.Answer("The link has expired or is switched off: an HTML page.", media=_HTML),
        429: operation.Answer(
            "The link does not exist, and many others that were asked for from the visitor's network neither: the page "
            "of 404. Links that exist redirect.",
            media=_HTML,
            headers={"Retry-After": "Seconds until unknown links are answered with 404 again."},
        ),
        500: operation.Answer("Internal error: an HTML page.", media=_HTML),
        503: operation.Answer(
            "The database is unavailable, or the click cannot be stored: an HTML page. A prefetch request: no body.",
            media=_HTML,
        ),
    },
    sentence="Redirect the visitor, after the click is stored.",
)


class SlugConverter(BaseConverter):
    """Matches in Flask what `Redirect` matches."""

    regex = f"(?s:{PATTERN.pattern}{_REST})"
    part_isolating = False


def register(app: Flask) -> None:
    """Add the redirect to the root of the paths."""
    app.url_map.converters["slug"] = SlugConverter
    app.add_url_rule("/<slug:slug>", "redirect", _not_reached, methods=["GET"], provide_automatic_options=False)
    app.wsgi_app = Redirect(app, app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way


@operation.described(FOLLOW)
@public
def _not_reached(slug: str) -> Response:
    """Hold the route, which refuses other methods; `Redirect` answers GET and HEAD before Flask."""
    raise NotFound


# The browser discards a prefetched response only if it is an error: then the real click still reaches us.
_PREFETCH_REFUSED: Final = Answer("503 SERVICE UNAVAILABLE", [("Cache-Control", "no-store"), ("Content-Length", "0")])
_REDIRECT_HEADERS: Final = (
    ("Cache-Control", "private, no-store"),
    ("X-Robots-Tag", "noindex"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Length", "0"),
)


class Redirect:
    """WSGI middleware that answers requests for slugs, and passes all others to the application."""

    def __init__(self, app: Flask, next_app: Wsgi) -> None:
        self._app, self._next = app, next_app
        self._services: Services = app.extensions[EXTENSION]
        self._is_logged = self._services.settings.access_log == "all"
        self._stores_device = self._services.settings.store_device == "on"
        self._stores_network = self._services.settings.store_address == "truncated"
        self._gone: dict[tuple[str, str, RecipientPages | None], Answer] = {}

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Handle one request."""
        method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
        found = _PATH.fullmatch(path) if method in ("GET", "HEAD") else None
        if found is None or path.startswith(self._others):
            return self._next(environ, start_response)
        began = perf_counter()
        click: NewClick | None = None
        try:
            answer, click = self._follow(found[1], environ)
            if click is not None:
                late: LateAnswer | None = environ.pop(LATE_ANSWER, None)
                if late is not None:
                    self._services.recorder.record_later(
                        click, partial(self._send, late, answer, environ, began, click)
                    )
                    return late
                if not self._services.recorder.record(click):
                    raise ClickNotRecordedError
        except Exception as error:
            answer = self._failed(error, environ)
        self._ended(environ, answer.status, began, click)
        start_response(answer.status, list(answer.headers))  # a copy, because servers may change it
        return [answer.body] if answer.body and method == "GET" else []

    def _send(
        self, late: LateAnswer, answer: Answer, environ: Environ, began: float, click: NewClick, stored: bool
    ) -> None:
        """Send the answer to a click that is stored, or to one that could not be."""
        sent = answer if stored else self._failed(ClickNotRecordedError(), environ)
        self._ended(environ, sent.status, began, click)
        late.send(sent)

    def _ended(self, environ: Environ, status: str, began: float, click: NewClick | None) -> None:
        seconds = perf_counter() - began
        observe_request(GROUP, environ["REQUEST_METHOD"], status, seconds)
        if self._is_logged:
            about = {} if click is None else {"link": click.link_id, "visitor": click.verdict.visitor.value}
            observation.write(environ, ROUTE, GROUP, status, seconds, request_id=environ.get(REQUEST_ID), **about)

    @cached_property
    def _others(self) -> tuple[str, ...]:
        """The beginnings of paths that look like a slug with something behind it, and belong to others."""
        return path_groups.prefixes_like(self._app, PATTERN)

    def _follow(self, slug: str, environ: Environ) -> tuple[Answer, NewClick | None]:
        """Return the answer, and the click that must be stored before it is sent."""
        resolved = self._resolve(slug)
        if resolved is None:
            return self._unknown(environ), None
        if not resolved.live:
            return self._dead("off" if resolved.off else "expired", environ, self._sender(resolved)), None
        # Unchanged, so that signed URLs stay valid: Werkzeug would percent-encode some characters again.
        answer = Answer("302 FOUND", [("Location", resolved.location), *_REDIRECT_HEADERS])
        if environ["REQUEST_METHOD"] != "GET":
            return answer, None
        headers = {name: environ[key] for name, key in visitor.HEADERS if key in environ}
        if visitor.is_prefetch(headers):
            return _PREFETCH_REFUSED, None
        return answer, self._click(resolved, headers, environ)

    def _resolve(self, slug: str) -> Resolved | None:
        number = self._services.slugs.decode(slug)
        return None if number is None else resolve(self._services.readers, number)

    def _click(self, resolved: Resolved, headers: dict[str, str], environ: Environ) -> NewClick:
        address = environ.get("REMOTE_ADDR")
        agent = environ.get("HTTP_USER_AGENT", "")
        verdict = visitor.classify(agent, headers, self._services.visitor_rules, address)
        network = network_of(address or "") if self._stores_network else None
        is_known = self._stores_device and verdict.visitor in device.HOLDERS
        return NewClick.of(resolved, verdict, network, device.device_of(agent, headers) if is_known else NO_DEVICE)

    def _unknown(self, environ: Environ) -> Answer:
        """Return the answer for an unknown link, or for one of too many from a network."""
        wait = self._services.strangers.unknown_link(environ.get("REMOTE_ADDR", ""))
        if not wait:
            return self._dead("unknown", environ)
        answer = self._dead("limited", environ)
        return Answer(answer.status, [*answer.headers, ("Retry-After", str(wait))], answer.body)

    def _sender(self, resolved: Resolved) -> RecipientPages:
        return recipient_pages.of_link(self._services.readers, resolved.link_id, self._services.settings)

    def _dead(self, name: str, environ: Environ, sender: RecipientPages | None = None) -> Answer:
        """Return the answer for a dead link, cached for each language and sender."""
        key = (name, visitor_pages.language_of(environ.get("HTTP_ACCEPT_LANGUAGE", "")), sender)
        answer = self._gone.get(key)
        if answer is None:
            with self._app.request_context(environ):
                answer = _answer(visitor_pages.gone(name, sender), environ)
            if len(self._gone) >= MOST_CACHED:
                self._gone.clear()
            self._gone[key] = answer
        return answer

    def _failed(self, error: Exception, environ: Environ) -> Answer:
        """Return what Flask's error handlers answer, as for any other path."""
        with self._app.request_context(environ):
            response = self._app.make_response(self._app.handle_user_exception(error))
            return _answer(response, environ)


def _answer(response: Response, environ: Environ) -> Answer:
    """Convert a response of Flask, with its body also for HEAD, where it is not sent."""
    return Answer(response.status, response.get_wsgi_headers(environ).to_wsgi_list(), response.get_data())
