"""The answers to Vonage's clients: with HTTP status 200 also for errors, and every value is text."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, NotRequired

from flask import Response, request
from pydantic import Field, RootModel
from typing_extensions import TypedDict

from shortener.errors import AccountDisabledError, InvalidFieldsError, MonthlyLimitError, QuietHoursError
from shortener.reporting.documents import PreprocessedMessage
from shortener.rules.wire.documents import Msgid, Url
from shortener.vendors.vonage import codes, requests, statuses
from shortener.vendors.vonage.credentials import CONVERSIONS, VonageCredentialsError
from shortener.vendors.vonage.requests import VonageMessage
from shortener.vendors.vonage.statuses import Status
from shortener.web import problems

INVALID_CONVERSION: Final = 420  # the vendor's own status of HTTP
UNAVAILABLE: Final = 503
# The vendor's statuses of HTTP instead of ours
CONVERSION_STATUSES: Final = dict.fromkeys((400, 413, 415, 422), INVALID_CONVERSION)
STATUSES: Final = {status: 200 for status in range(400, 600) if status != UNAVAILABLE}
_OF_ERRORS: Final[Mapping[type[Exception], Status]] = {
    AccountDisabledError: Status.ACCOUNT_BARRED,
    MonthlyLimitError: Status.NO_CREDIT,
    QuietHoursError: Status.THROTTLED,
}

VonageEntry = TypedDict(
    "VonageEntry",
    {
        "status": Annotated[str, Field(description="`0` if the message was taken.", pattern="^[0-9]{1,2}$")],
        "error-text": NotRequired[str],
        "to": NotRequired[str],
        "message-id": NotRequired[Msgid],
        "remaining-balance": NotRequired[str],
        "message-price": NotRequired[str],
        "network": NotRequired[str],
        "client-ref": NotRequired[str],
        "account-ref": NotRequired[str],
        "text": NotRequired[Annotated[str, Field(description="The text to send; the vendor has no such field.")]],
        "shortlink": NotRequired[Url | None],
    },
)
VonageResult = TypedDict("VonageResult", {"message-count": Literal["1"], "messages": list[VonageEntry]})


class VonageAnswer(RootModel[VonageResult]):
    """What became of a message."""


def taken(message: VonageMessage, stored: PreprocessedMessage) -> VonageResult:
    """The answer for a message that was stored."""
    tracking = stored["link_tracking"]
    entry: VonageEntry = {
        "to": message.to,
        "message-id": stored["msgid"],
        "status": Status.TAKEN,
        "remaining-balance": "0",
        "message-price": "0",
        "network": codes.NETWORK,
        "text": stored["message"],
        "shortlink": tracking["shortlink"] if tracking else None,
    }
    if message.client_ref is not None:
        entry["client-ref"] = message.client_ref
    if message.account_ref is not None:
        entry["account-ref"] = message.account_ref
    return _result(entry)


def refuse(error: Exception) -> Response:
    """Answer an error: a number and a sentence, with status 200 unless the request should be repeated soon."""
    status = problems.of(error)["status"]
    if request.path.startswith(CONVERSIONS):
        return Response(status=CONVERSION_STATUSES.get(status, status))
    number, sentence = _reason(error, status)
    document = _result({"status": number, "error-text": sentence})
    return problems.json_response(document, STATUSES.get(status, status))


def _reason(error: Exception, status: int) -> tuple[str, str]:
    if isinstance(error, InvalidFieldsError):
        return statuses.of_faults(requests.in_vendors_words(error.fields))
    sentence = problems.of(error)["detail"]
    if isinstance(error, VonageCredentialsError):
        return error.number, sentence
    return _OF_ERRORS.get(type(error), statuses.of_http(status)), sentence


def _result(entry: VonageEntry) -> VonageResult:
    return {"message-count": "1", "messages": [entry]}
