"""`GET /<slug>`: look up, decide, record, answer. What runs most."""

from typing import Any

from flask import Flask, Response, request
from werkzeug.datastructures import Headers
from werkzeug.routing import BaseConverter

from shortener import clicks, db
from shortener.clicks import Resolved
from shortener.rules import visitor
from shortener.rules.address import network_of
from shortener.rules.slug import LENGTH, PATTERN
from shortener.services import services
from shortener.web import pages
from shortener.web.access import public


class SlugConverter(BaseConverter):
    """Ten characters `[A-Za-z0-9]`: nothing else of ours has that shape.

    Messengers make a link of what follows as well, `/AbCdEfGhIj.` or `/AbCdEfGhIjです`: not the visitor's fault.
    """

    regex = PATTERN.pattern + r"(?![A-Za-z0-9])[^/]*"
    part_isolating = True

    def to_python(self, value: str) -> str:
        """Give the slug, without what stands behind it."""
        return value[:LENGTH]


def register(app: Flask) -> None:
    """Put the redirect at the root."""
    app.url_map.converters["slug"] = SlugConverter
    app.add_url_rule("/<slug:slug>", "redirect", follow, methods=["GET"], provide_automatic_options=False)


@public
def follow(slug: str) -> Response:
    """Send the visitor on, once the click is stored."""
    resolved = _resolve(slug)
    if resolved is None:
        return pages.gone("unknown")
    if not resolved.live:
        return pages.gone("off" if resolved.off else "expired")
    if request.method == "GET":
        headers = {name: request.environ[key] for name, key in visitor.HEADERS if key in request.environ}
        if visitor.is_prefetch(headers):
            # Only an answer that is no success is thrown away by the browser: then the real click comes to us.
            return _bare(503)
        _record(resolved, headers)
    return _bare(302, resolved.location)


def _resolve(slug: str) -> Resolved | None:
    number = services().slugs.decode(slug)
    if number is None:
        return None
    with db.read() as session:
        return clicks.resolve(session, number)


def _record(resolved: Resolved, headers: dict[str, str]) -> None:
    """Store the click before the answer leaves. The visitor goes on even where that fails."""
    verdict = visitor.classify(
        request.headers.get("User-Agent", ""), headers, services().visitor_rules, request.remote_addr
    )
    keeps_network = services().settings.store_address == "truncated"
    click = clicks.visit(resolved, verdict, network_of(request.remote_addr or "") if keeps_network else None)
    services().recorder.record(click)


class Bare(Response):
    """An answer without a body, whose `Location` goes out byte for byte, so that signed URLs survive.

    Werkzeug would percent-encode some of it again.
    """

    default_mimetype = None

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Give the headers as they were set."""
        headers = super().get_wsgi_headers(environ)
        if "Location" in self.headers:
            headers["Location"] = self.headers["Location"]
        return headers


def _bare(status: int, location: str | None = None) -> Response:
    if location is None:
        return Bare(status=status, headers={"Cache-Control": "no-store"})
    return Bare(
        status=status,
        headers={
            "Location": location,
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
            "Referrer-Policy": "no-referrer",
        },
    )
