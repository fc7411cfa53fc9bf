"""Answers to errors: problem documents (RFC 9457) for programs, small pages for visitors."""

import logging
from math import ceil
from typing import Annotated, Any, Literal, NotRequired

from flask import Flask, Response, json, request
from pydantic import Field
from typing_extensions import TypedDict
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge

from shortener import errors
from shortener.rules.wire.documents import Msgid, Url
from shortener.running.services import services
from shortener.storage import outages
from shortener.web import path_groups, visitor_pages

log = logging.getLogger(__name__)

STATUS: dict[type[errors.ShortenerError], int] = {
    errors.InvalidFieldsError: 422,
    errors.ClientTagTakenError: 409,
    errors.IdempotencyKeyReusedError: 422,
    errors.MonthlyLimitError: 429,
    errors.MessageRateError: 429,
    errors.QuietHoursError: 409,
    errors.MessageNotFoundError: 404,
    errors.NotCancelableError: 409,
    errors.NotHeldError: 409,
    errors.CampaignNotFoundError: 404,
    errors.CampaignStartedError: 409,
    errors.TooManyCampaignsError: 429,
    errors.ExportsNotConfiguredError: 409,
    errors.ExportNotFoundError: 404,
    errors.ExportNameTakenError: 409,
    errors.ExportSettledError: 409,
    errors.OpenExportsError: 429,
    errors.NotErasableError: 409,
    errors.CallbackNotFoundError: 404,
    errors.CallbackOpenError: 409,
    errors.CredentialsError: 401,
    errors.AccountDisabledError: 401,
    errors.WrongCredentialsLimitError: 429,
    errors.TokenExpiredError: 401,
    errors.ScopeError: 403,
    errors.TokenNameError: 409,
    errors.AccountNameError: 404,
    errors.PersonNameError: 404,
    errors.LastOwnerError: 409,
    errors.LinkMailError: 409,
    errors.PasswordError: 422,
    errors.CommonPasswordError: 422,
    errors.SignInError: 401,
    errors.SignInBusyError: 429,
    errors.SignInLimitError: 429,
}
# What Werkzeug refuses before a view runs.
HTTP_CODES = {
    400: ("bad_request", "The request cannot be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not allow that method."),
    415: ("unsupported_media_type", "Send application/json or application/x-www-form-urlencoded."),
}
TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Body too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}


UNAVAILABLE = "The database cannot be used at the moment; try again in a few seconds."
INTERNAL = "Something went wrong on our side; it has been logged."


class RequestError(Exception):
    """A request that cannot be served as it was sent: `status`, a stable `code`, and what to do about it."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(detail)


class ClickNotRecordedError(Exception):
    """Neither the database nor the spool could store a click; the visitor is asked to try again."""


def register(app: Flask) -> None:
    """Answer every error: no answer carries a stack trace, and bad input is never answered with 500."""
    app.register_error_handler(Exception, _answer)


def refuse(error: Exception) -> Response:
    """Answer an error with its problem document."""
    problem = of(error)
    return json_response(problem, problem["status"], "application/problem+json")


def refuse_with_page(error: Exception) -> Response:
    """Answer an error with a small page for visitors."""
    status = of(error)["status"]
    if status == 404:
        return visitor_pages.gone("unknown")
    return visitor_pages.page(status, {500: "failed", 503: "unavailable"}.get(status, "refused"))


def json_response(document: Any, status: int, content_type: str = "application/json") -> Response:
    """Return a response with this JSON; a lone surrogate, which UTF-8 cannot encode, becomes `?`."""
    return Response(json.dumps(document).encode("utf-8", "replace"), status=status, content_type=content_type)


class Problem(TypedDict):
    """An error (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: Annotated[str, Field(description="A stable code for programs.")]
    detail: Annotated[str, Field(description="What is wrong, and how to fix it.")]
    errors: NotRequired[
        Annotated[dict[str, list[str]], Field(description="The faults of each field or parameter; with status 422.")]
    ]
    msgid: NotRequired[
        Annotated[Msgid, Field(description="The message that already has the `client_tag`; with `client_tag_taken`.")]
    ]
    url: NotRequired[Annotated[Url, Field(description="The URL of that message's report.")]]
    scope: NotRequired[
        Annotated[str, Field(description="The scope that the token lacks; with `scope_missing`.", examples=["send"])]
    ]


def document(status: int, code: str, detail: str) -> Problem:
    """Return a problem document."""
    title = TITLES.get(status, "Error")
    return {"type": "about:blank", "title": title, "status": status, "code": code, "detail": detail}


def of(error: Exception) -> Problem:
    """Return the problem document of any error."""
    if isinstance(error, errors.ShortenerError):
        return _of_refusal(error)
    if isinstance(error, RequestError):
        return document(error.status, error.code, error.detail)
    if isinstance(error, ClickNotRecordedError) or outages.is_outage(error):
        return document(503, "unavailable", UNAVAILABLE)
    if isinstance(error, RequestEntityTooLarge):
        return document(413, "body_too_large", f"The body is larger than {_size(request.max_content_length or 0)}.")
    if isinstance(error, HTTPException) and (error.code or 500) < 500:
        status = error.code or 500
        default = ("bad_request", error.description or "The request cannot be served.")
        return document(status, *HTTP_CODES.get(status, default))
    return document(500, "internal", INTERNAL)


def _size(count: int) -> str:
    return f"{count // 1024**2} MiB" if count >= 1024**2 else f"{count // 1024} KiB"


def _of_refusal(error: errors.ShortenerError) -> Problem:
    problem = document(STATUS.get(type(error), 500), error.code, str(error))
    if isinstance(error, errors.InvalidFieldsError):
        problem["errors"] = error.fields
    if isinstance(error, errors.ScopeError):
        problem["scope"] = error.scope
    if isinstance(error, errors.ClientTagTakenError):
        problem["msgid"] = error.msgid
        problem["url"] = f"{services().settings.base_url}/v1/messages/{error.msgid}"
    return problem


def _answer(error: Exception) -> Response:
    """Answer in the form that the group of the request's path has."""
    _log(error)
    group = path_groups.current()
    response = group.refuse(error)
    response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code == 401:
        response.headers["WWW-Authenticate"] = ", ".join(group.schemes)
    if response.status_code in (429, 503):
        response.headers["Retry-After"] = str(_wait(error))
    if response.status_code == 405 and isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(error.valid_methods)
    return response


def _wait(error: Exception) -> int:
    """Return after how many seconds another request makes sense."""
    if isinstance(error, (errors.MonthlyLimitError, errors.MessageRateError, errors.WrongCredentialsLimitError)):
        return max(1, ceil(error.wait.total_seconds()))
    return visitor_pages.RETRY_AFTER


def _log(error: Exception) -> None:
    """Log an outage of the database, and what nobody expected."""
    # Only what passes by itself is an outage: a constraint or a value that the database refuses is our bug.
    if outages.is_outage(error):
        outages.report(log, error)
    elif not isinstance(error, (errors.ShortenerError, RequestError, ClickNotRecordedError, HTTPException)):
        route = request.url_rule.rule if request.url_rule else "without a route"  # a path may contain a key
        log.error("unexpected: %s %s", request.method, route, exc_info=error)
