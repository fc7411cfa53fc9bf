"""Forms: only our own pages may send them."""

import hmac
from typing import Final
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import Forbidden

from shortener.running.services import services
from shortener.web import incoming

TOKEN: Final = "form_token"  # noqa: S105 - a field's name
FORGED: Final = "forged"  # how the page that refuses knows its sentence


def check_origin() -> None:
    """Forbidden where the browser says that a page of somebody else sent this form."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise Forbidden(FORGED)
    if site is None and origin is not None and _netloc(origin) not in _own():
        raise Forbidden(FORGED)


def check_token(token: str) -> None:
    """Forbidden where the form does not carry its session's token."""
    given = fields().get(TOKEN, "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode()):
        raise Forbidden(FORGED)


def fields(longest: int | None = None) -> dict[str, str]:
    """What was filled in. Read as the interface for programs reads it: strictly; at most so many bytes."""
    if request.mimetype != incoming.FORM:
        raise Forbidden(FORGED)
    if longest is not None:
        request.max_content_length = longest
    return incoming.fields()


def sent() -> bool:
    """Whether the page was asked for by sending its form."""
    return request.method == "POST"


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # a bracket without its partner
        return None


def _own() -> set[str]:
    return {request.host, urlsplit(services().settings.base_url).netloc}
