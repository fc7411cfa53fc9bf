"""Errors as Twilio answers them: `{"code", "message", "more_info", "status"}`."""

from typing import Final

from flask import Response, request
from pydantic import RootModel
from typing_extensions import TypedDict

from shortener.errors import InvalidFieldsError, NotCancelableError, NotErasableError
from shortener.web import problems
from shortener.web.problems import RequestError

NO_TO, BAD_TO, NO_FROM, BAD_FROM, NO_BODY, LONG_BODY = "21604", "21211", "21603", "21212", "21602", "21617"
BAD_MEDIA, BAD_CONTENT, BAD_SERVICE = "21620", "21655", "21701"
NO_SEND_AT, BAD_SEND_AT, BAD_SCHEDULE = "35111", "35114", "35126"
NOT_FOUND: Final = "20404"
INVALID: Final = "20422"  # any other parameter
_OF_FIELDS: Final = {
    "To": BAD_TO,
    "From": BAD_FROM,
    "Body": LONG_BODY,
    "MessagingServiceSid": BAD_SERVICE,
    "StatusCallback": "21609",
    "ValidityPeriod": "21624",
    "SendAt": BAD_SEND_AT,
    "ScheduleType": BAD_SCHEDULE,
}
# The vendor's names of our own fields, which the checks of a message and of a list use.
_VENDORS: Final = {
    "recipient": "To",
    "sender": "From",
    "message": "Body",
    "track_link": "ShortenUrls",
    "lt_callbackurl": "CallbackUrl",
    "receipts_url": "StatusCallback",
    "validity_period": "ValidityPeriod",
    "send_on": "SendAt",
    "cursor": "PageToken",
    "gateway": "The gateway of the account",  # no field of the vendor
}
_OF_STATUSES: Final = {401: 20003, 405: 20004}
_OF_ERRORS: Final[dict[type[Exception], int]] = {NotCancelableError: 30409, NotErasableError: 20009}
MORE: Final = "https://www.twilio.com/docs/errors/"


class TwilioError(TypedDict):
    """An error, with the vendor's code."""

    code: int
    message: str
    more_info: str
    status: int


class TwilioRefusal(RootModel[TwilioError]):
    """An error, with the vendor's code."""


def fault(code: str, sentence: str) -> RequestError:
    """Return an error about a request that was understood and is wrong."""
    return RequestError(400, code, sentence)


def refuse(error: Exception) -> Response:
    """Answer an error with its own status, but 400 for what is wrong with a request."""
    problem = problems.of(error)
    status, code, sentence = problem["status"], _OF_ERRORS.get(type(error)), problem["detail"]
    if isinstance(error, InvalidFieldsError):
        code, sentence = _of_field(error)
    elif isinstance(error, RequestError) and error.code.isdigit():
        code = int(error.code)
    elif status == 401:
        sentence = "Authenticate"
    elif status == 404:
        sentence = f"The requested resource {request.path} was not found"
    code = code or _OF_STATUSES.get(status, 20_000 + status)
    status = 400 if status == 422 else status
    document: TwilioError = {"code": code, "message": sentence, "more_info": f"{MORE}{code}", "status": status}
    return problems.json_response(document, status)


def _of_field(error: InvalidFieldsError) -> tuple[int, str]:
    """Return the code and the sentence of the first wrong field."""
    ours, faults = next(iter(error.fields.items()))
    name = _VENDORS.get(ours, ours)
    return int(_OF_FIELDS.get(name, INVALID)), f"{name} {faults[0]}"
