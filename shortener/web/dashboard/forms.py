"""Forms: protection against forms sent from other sites."""

import hmac
from typing import Final
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import Forbidden

from shortener.campaigns.uploads import LONGEST
from shortener.running.services import services
from shortener.web import incoming

TOKEN: Final = "form_token"  # noqa: S105 - a field's name
UPLOADS: Final = {"dashboard.upload_campaign": LONGEST + 64 * 1024}  # bytes of a form with a file, by endpoint
FORGED: Final = "forged"  # selects the sentence of the error page


def check_origin() -> None:
    """Raise Forbidden if the browser says that another site sent this form."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in {"same-origin", "none"}:
        raise Forbidden(FORGED)
    if site is None and origin is not None and _netloc(origin) not in _own():
        raise Forbidden(FORGED)


def check_token(token: str) -> None:
    """Raise Forbidden if the form lacks its session's token."""
    given = (uploaded() if request.endpoint in UPLOADS else fields()).get(TOKEN, "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode()):
        raise Forbidden(FORGED)


def fields(longest: int | None = None) -> dict[str, str]:
    """The fields of the form, read as strictly as the API reads them; at most `longest` bytes."""
    if request.mimetype != incoming.FORM:
        raise Forbidden(FORGED)
    return incoming.fields(longest)


def uploaded() -> dict[str, str]:
    """The fields of a form with a file, without the file, which is read into a temporary file."""
    if request.mimetype != "multipart/form-data":
        raise Forbidden(FORGED)
    incoming.refuse_encoded()
    request.max_content_length = UPLOADS[request.endpoint or ""]
    return dict(incoming.multipart_pairs())


def sent() -> bool:
    """Whether the request submits the page's form."""
    return request.method == "POST"


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # an unbalanced bracket
        return None


def _own() -> set[str]:
    return {request.host, urlsplit(services().settings.base_url).netloc}
