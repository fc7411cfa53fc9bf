"""The dashboard's error pages."""

from typing import Final

from flask import Response, make_response, render_template
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadHost, HTTPException

from shortener.errors import ShortenerError
from shortener.web import problems, visitor_pages
from shortener.web.dashboard import forms, layout

KINDS: Final = (ShortenerError, HTTPException, problems.RequestError)
KNOWN: Final = (403, 404, 409, 413, 422, 429)


def page(error: Exception) -> Response:
    """The page for an error, with its status. It repeats nothing from the request."""
    name, status, fields = _judged(error)
    response = make_response(
        render_template("dashboard/failure.html", name=name, fields=fields, **layout.frame()), status
    )
    if status in (429, 503):
        response.headers["Retry-After"] = str(visitor_pages.RETRY_AFTER)
    return response


def refuse(error: Exception) -> Response:
    """Answer what the blueprint does not: a path under /dashboard that no view has, and errors that are no refusals."""
    # With an invalid Host there is no address that the page could link to.
    if not isinstance(error, HTTPException) or isinstance(error, BadHost):
        return problems.refuse_with_page(error)
    try:
        return layout.finish(page(error))
    except SQLAlchemyError:  # the person cannot be looked up
        return visitor_pages.page(503, "unavailable")


def _judged(error: Exception) -> tuple[str, int, dict[str, list[str]]]:
    problem = problems.of(error)
    status = problem["status"]
    if isinstance(error, HTTPException) and error.description == forms.FORGED:
        return "forged", status, {}
    return (str(status) if status in KNOWN else "other"), status, problem.get("errors", {})
