"""NAVER's forms of errors: one of its gateway, for requests that are not signed, and one of the service itself."""

from collections.abc import Iterable
from typing import Final

from flask import Response
from pydantic import RootModel
from typing_extensions import TypedDict

from shortener.web import problems

QUIET: Final = 409  # in our own API; NAVER has no such status


class SensGatewayError(TypedDict):
    """What its gateway says."""

    errorCode: str
    message: str
    details: str


class SensUnauthenticated(TypedDict):
    """A request that no account signed."""

    error: SensGatewayError


class SensServiceError(TypedDict):
    """Any other error."""

    status: int
    errors: list[str]
    errorMessage: str


class SensRefusal(RootModel[SensUnauthenticated | SensServiceError]):
    """An error: `error` if the request is not signed, otherwise `errors`."""


def refuse(error: Exception) -> Response:
    """Answer an error."""
    problem = problems.of(error)
    status = {422: 400, QUIET: 403}.get(problem["status"], problem["status"])
    if status == 401:
        return problems.json_response(_unauthenticated(problem["detail"]), status)
    sentences = [*_sentences(problem.get("errors", {}).items())] or [problem["detail"]]
    document: SensServiceError = {"status": status, "errors": sentences, "errorMessage": " ".join(sentences)}
    return problems.json_response(document, status)


def _unauthenticated(detail: str) -> SensUnauthenticated:
    return {"error": {"errorCode": "200", "message": "Authentication Failed", "details": detail}}


def _sentences(faults: Iterable[tuple[str, list[str]]]) -> Iterable[str]:
    for name, found in faults:
        yield from (f"{name} {fault}." for fault in found)
