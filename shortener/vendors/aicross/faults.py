"""The vendor's errors: always an answer with a `responseCode` and a `responseMessage`, and HTTP status 200.

Only a path or a method that does not exist has its usual HTTP status, because then no call of the vendor was made.
"""

from typing import Final

from flask import Response
from pydantic import RootModel
from typing_extensions import TypedDict

from shortener.errors import (
    ClientTagTakenError,
    CredentialsError,
    InvalidFieldsError,
    MonthlyLimitError,
    NotCancelableError,
    QuietHoursError,
    ScopeError,
    ShortenerError,
    WrongCredentialsLimitError,
)
from shortener.web import problems
from shortener.web.problems import RequestError

REQUIRED: Final = 100
INVALID: Final = 110
TOO_LONG: Final = 120
ALREADY_SENT: Final = 130
PAST: Final = 140
LIMIT: Final = 300
DUPLICATE: Final = 400
SYSTEM: Final = 500
TEXTS: Final = {
    REQUIRED: "Required {}.",
    INVALID: "Invalid {}.",
    TOO_LONG: "{} too long.",
    ALREADY_SENT: "Already send.",
    PAST: "Past {}.",
    LIMIT: "Exceed sending count.",
    DUPLICATE: "Duplicate client tag.",
    SYSTEM: "System error.",
}
# The vendor's names of our fields, where the product itself finds a fault.
NAMES: Final = {
    "message": "message",
    "recipient": "phoneNumber",
    "sender": "smsCode",
    "client_tag": "clientTag",
    "send_on": "scheduleTime",
    "cursor": "cursor",
}
KINDS: Final[dict[type[ShortenerError], tuple[int, str]]] = {
    CredentialsError: (INVALID, "token"),
    WrongCredentialsLimitError: (INVALID, "token"),  # the client should not try it again
    ScopeError: (INVALID, "token"),
    ClientTagTakenError: (DUPLICATE, ""),
    MonthlyLimitError: (LIMIT, ""),
    # The nearest that the vendor has: at another time it would be taken.
    QuietHoursError: (INVALID, "scheduleTime"),
    NotCancelableError: (ALREADY_SENT, ""),
}
# What is wrong with a request as a whole: no system error, because clients repeat those.
UNREADABLE: Final = {400: INVALID, 413: TOO_LONG, 415: INVALID}
STATUSES: Final = dict.fromkeys(range(400, 600), 200)  # of the answers to a call
_OWN_STATUS: Final = frozenset({404, 405})


class CallError(RequestError):
    """What is wrong with a request, in the vendor's words: a `responseCode`, and the field that it is about."""

    def __init__(self, response_code: int, field: str = "") -> None:
        self.response_code, self.field = response_code, field
        super().__init__(400, "bad_request", TEXTS[response_code].format(field))


class AicrossAnswer(TypedDict):
    """What every answer has: 0 and `Success.`, or the code and the text of an error."""

    responseCode: int
    responseMessage: str


class AicrossRefusal(RootModel[AicrossAnswer]):
    """An error."""


def refuse(error: Exception) -> Response:
    """Answer an error."""
    fault, status = _fault(error), 200
    if fault.response_code == SYSTEM and (http_status := problems.of(error)["status"]) in _OWN_STATUS:
        status = http_status
    document: AicrossAnswer = {"responseCode": fault.response_code, "responseMessage": str(fault)}
    return problems.json_response(document, status)


def _fault(error: Exception) -> CallError:
    if isinstance(error, CallError):
        return error
    if isinstance(error, InvalidFieldsError):
        named = next((NAMES[name] for name in error.fields if name in NAMES), None)
        return CallError(INVALID, named) if named else CallError(SYSTEM)
    for kind, (response_code, field) in KINDS.items():
        if isinstance(error, kind):
            return CallError(response_code, field)
    return _of_status(problems.of(error)["status"])


def _of_status(status: int) -> CallError:
    return CallError(UNREADABLE[status], "request") if status in UNREADABLE else CallError(SYSTEM)
