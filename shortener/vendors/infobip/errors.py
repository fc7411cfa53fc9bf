"""Infobip's errors: each generation of its API has a form of its own, which the path decides."""

from typing import Any, Final, NotRequired

from flask import Response, request
from pydantic import RootModel
from typing_extensions import TypedDict

from shortener.web import problems
from shortener.web.problems import Problem

NEW: Final = ("/sms/3/", "/email/4/")  # all other paths have the old form
# What we answer with a status that the vendor's clients do not know.
STATUSES: Final = {409: 400, 422: 400}
NAMES: Final = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    429: "TOO_MANY_REQUESTS",
    500: "GENERAL_ERROR",
}
INVALID: Final = "Some fields are invalid; `{}` says which and why."
ACTIONS: Final = {
    400: "Correct the request, then send it again.",
    401: "Check the credentials.",
    403: "Use credentials that allow this.",
    404: "Check the path.",
    405: "Use a method that this path allows.",
    413: "Send less in one request.",
    415: "Send a content type that this path takes.",
    429: "Send it later.",
    503: "Try again in a few seconds.",
}


class InfobipServiceException(TypedDict):
    """What is wrong, in the old form."""

    messageId: str
    text: str
    validationErrors: NotRequired[dict[str, list[str]]]


class InfobipRequestFault(TypedDict):
    """The envelope of the old form."""

    serviceException: InfobipServiceException


class InfobipOldError(TypedDict):
    """An error of the old form."""

    requestError: InfobipRequestFault


class InfobipViolation(TypedDict):
    """A fault of one property."""

    property: str
    violation: str


class InfobipNewError(TypedDict):
    """An error of the new form; its client wants all five."""

    errorCode: str
    description: str
    action: str
    violations: list[InfobipViolation]
    resources: list[dict[str, Any]]


class InfobipOldRefusal(RootModel[InfobipOldError]):
    """An error of `/sms/1`, `/sms/2` and the first generation of e-mail."""


class InfobipRefusal(RootModel[InfobipNewError]):
    """An error of `/sms/3` and `/email/4`."""


def refuse(error: Exception) -> Response:
    """Answer an error in the form of the request's path."""
    problem = problems.of(error)
    status = STATUSES.get(problem["status"], problem["status"])
    shape = new if request.path.startswith(NEW) else old
    return problems.json_response(shape(problem, status), status)


def old(problem: Problem, status: int) -> InfobipOldError:
    """Return an error in the old form."""
    text = "Invalid login details" if status == 401 else problem["detail"]
    fault: InfobipServiceException = {"messageId": NAMES.get(status, problem["code"].upper()), "text": text}
    if faults := problem.get("errors"):
        fault["text"] = INVALID.format("validationErrors")
        fault["validationErrors"] = {name: [*map(_sentence, each)] for name, each in faults.items()}
    return {"requestError": {"serviceException": fault}}


def new(problem: Problem, status: int) -> InfobipNewError:
    """Return an error in the new form."""
    faults = problem.get("errors", {})
    return {
        "errorCode": f"E{status}",
        "description": INVALID.format("violations") if faults else problem["detail"],
        "action": ACTIONS.get(status, "Ask the operator of this installation."),
        "violations": [
            {"property": name, "violation": _sentence(fault)} for name, each in faults.items() for fault in each
        ],
        "resources": [],
    }


def _sentence(fault: str) -> str:
    return f"This field {fault}." if fault.startswith(("is ", "must ")) else fault
