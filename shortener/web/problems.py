"""What went wrong, said in HTTP: problem documents (RFC 9457) for programs, small pages for visitors."""

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, json, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadHost, HTTPException

from shortener import errors
from shortener.running.services import services
from shortener.storage import outages
from shortener.web import visitor_pages

log = logging.getLogger(__name__)

STATUS: dict[type[errors.ShortenerError], int] = {
    errors.InvalidFieldsError: 422,
    errors.ClientTagTakenError: 409,
    errors.IdempotencyKeyReusedError: 422,
    errors.MessageNotFoundError: 404,
    errors.CallbackNotFoundError: 404,
    errors.CallbackOpenError: 409,
    errors.CredentialsError: 401,
    errors.AccountDisabledError: 401,
    errors.AccountNameError: 404,
    errors.PersonNameError: 404,
    errors.PasswordError: 422,
    errors.CommonPasswordError: 422,
    errors.SignInError: 401,
    errors.SignInBusyError: 429,
    errors.SignInLimitError: 429,
}
# What Werkzeug refuses before a view of ours sees it.
HTTP_CODES = {
    400: ("bad_request", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take that method."),
    411: ("length_required", "Say the length of the body."),
    413: ("body_too_large", "The body is larger than 512 KiB."),
    415: ("unsupported_media_type", "Send application/json or application/x-www-form-urlencoded."),
}
TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    411: "Length required",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


# A vendor's paths answer in the vendor's shape: path prefix -> (status, detail, errors by field) -> answer.
Shape = Callable[[int, str, dict[str, list[str]]], Response]
SHAPES: dict[str, Shape] = {}
# And pages of our own have their own page for an address that is not there: path prefix -> error -> page.
PAGES: dict[str, Callable[[HTTPException], Response]] = {}


class RequestError(Exception):
    """A request whose form, not its content, is at fault: `status`, a stable `code`, and what to do."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(detail)


class ClickNotKeptError(Exception):
    """Neither the database nor the spool keeps a click, so its visitor is asked to try again."""


def register(app: Flask) -> None:
    """Catch everything: nothing of ours answers with a stack trace, nothing answers 500 for bad input."""
    app.register_error_handler(errors.ShortenerError, _refusal)
    app.register_error_handler(ClickNotKeptError, lambda _: _finished(visitor_pages.page(503, "unavailable")))
    app.register_error_handler(RequestError, lambda error: problem(error.status, error.code, error.detail))
    app.register_error_handler(SQLAlchemyError, _no_database)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """Answer with a problem document, or in the shape that belongs to the path."""
    for prefix, shape in SHAPES.items():
        if request.path.startswith(prefix):
            return _finished(shape(status, detail, more.get("errors", {})))
    # A name that came in may hold a lone surrogate, which no answer can carry.
    text = json.dumps(document(status, code, detail, **more)).encode("utf-8", "replace")
    return _finished(Response(text, status=status, content_type="application/problem+json"))


def document(status: int, code: str, detail: str, **more: Any) -> dict[str, Any]:
    """A problem document: `type`, `title`, `status`, `code`, `detail` and what else helps."""
    title = TITLES.get(status, "Error")
    return {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail, **more}


def of(error: errors.ShortenerError) -> dict[str, Any]:
    """The problem document of a refusal."""
    more: dict[str, Any] = {}
    if isinstance(error, errors.InvalidFieldsError):
        more["errors"] = error.fields
    if isinstance(error, errors.ClientTagTakenError):
        more |= {"msgid": error.msgid, "url": f"{services().settings.base_url}/v1/messages/{error.msgid}"}
    return document(STATUS.get(type(error), 500), error.code, str(error), **more)


def _finished(response: Response) -> Response:
    """Add the headers that belong to a status, whatever the shape."""
    status = response.status_code
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="shortener", charset="UTF-8", Bearer realm="shortener"'
    if status in (429, 503):
        response.headers["Retry-After"] = str(visitor_pages.RETRY_AFTER)
    response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(error: errors.ShortenerError) -> Response:
    told = of(error)
    del told["type"], told["title"]
    return problem(**told)


def _no_database(error: SQLAlchemyError) -> Response:
    # Only what is over by itself: a constraint or a value that the database refuses is a fault of ours.
    if not outages.is_outage(error):
        return _unexpected(error)
    outages.report(log, error)
    if visitor_pages.for_people():
        return _finished(visitor_pages.page(503, "unavailable"))
    return problem(503, "unavailable", "The database does not answer at the moment; try again in a few seconds.")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    for prefix, page in PAGES.items():
        # A host that is none leaves no address to which a page could name its others.
        if request.path.startswith(prefix) and not isinstance(error, BadHost):
            return page(error)
    if visitor_pages.for_people():
        response = visitor_pages.gone("unknown") if status == 404 else visitor_pages.page(status, "refused")
    else:
        code, detail = HTTP_CODES.get(status, ("bad_request", error.description or "The request cannot be served."))
        if status >= 500:
            code, detail = "internal", "Something went wrong on our side; it has been logged."
        response = problem(status, code, detail)
    if status == 405 and "Allow" in dict(error.get_headers()):
        response.headers["Allow"] = dict(error.get_headers())["Allow"]
    return response


def _unexpected(error: Exception) -> Response:
    log.error("unexpected: %s %s", request.method, request.path, exc_info=error)
    if visitor_pages.for_people():
        return visitor_pages.page(500, "failed")
    return problem(500, "internal", "Something went wrong on our side; it has been logged.")
