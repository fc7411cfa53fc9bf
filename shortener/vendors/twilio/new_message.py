"""Read the request that sends a message."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from shortener.errors import InvalidFieldsError
from shortener.rules.delivery.receiver import Policy
from shortener.validation.models import VendorFields
from shortener.validation.types import CallbackUrl, Moment, ShortText, Switch, Text, Validity
from shortener.vendors.twilio import names, refusals
from shortener.vendors.twilio.refusals import fault
from shortener.web.vendor_requests import one

LONGEST_BODY: Final = 1_600  # characters
LONGEST_VALIDITY: Final = 36_000  # seconds
LATEST: Final = dt.timedelta(days=35)
_SEPARATORS: Final = re.compile(r"[ ().-]")
_NUMBER: Final = re.compile(r"\+?([1-9][0-9]{6,14})")
_SERVICE: Final = r"^MG[0-9a-zA-Z]{32}$"
# Each number with or without its plus; a sender may also be a short number, a name or a messaging service.
_TO: Final = r"^\+?[1-9][0-9]{6,14}$"
_FROM: Final = r"^(\+?[0-9]{3,15}|[A-Za-z0-9][A-Za-z0-9 ]{0,10}|MG[0-9a-zA-Z]{32})$"


def number(given: str) -> str:
    """Return a phone number as we store it, with `+`; ValueError if it is none."""
    found = _NUMBER.fullmatch(_SEPARATORS.sub("", given))
    if found is None:
        raise ValueError("is not a valid phone number: give it in E.164, such as +15558675310")
    return f"+{found[1]}"


def _service(given: str) -> str:
    if re.fullmatch(_SERVICE, given) is None:
        raise ValueError("must be MG and 32 letters or digits")
    return given


class NewMessage(VendorFields):
    """The fields of a message that we know."""

    to: Annotated[str, Field(alias="To"), AfterValidator(number)]
    body: Annotated[Text, Field(alias="Body", max_length=LONGEST_BODY)]
    sender: Annotated[ShortText | None, Field(alias="From")] = None
    service: Annotated[Annotated[str, AfterValidator(_service)] | None, Field(alias="MessagingServiceSid")] = None
    shorten: Annotated[Switch, Field(alias="ShortenUrls")] = None
    status_callback: Annotated[CallbackUrl | None, Field(alias="StatusCallback")] = None
    validity: Annotated[Validity | None, Field(alias="ValidityPeriod", le=LONGEST_VALIDITY)] = None
    send_at: Annotated[Moment | None, Field(alias="SendAt")] = None
    schedule: Annotated[str | None, Field(alias="ScheduleType")] = None

    @property
    def from_service(self) -> str | None:
        """The messaging service that sends it, which may also be given as `From`."""
        return self.service or (self.sender if names.is_service(self.sender) else None)


SCHEMA: Final[dict[str, Any]] = {
    "title": "TwilioNewMessage",
    "type": "object",
    "properties": {
        "To": {"type": "string", "description": "A number in E.164.", "pattern": _TO},
        "From": {"type": "string", "description": "A number or a name.", "pattern": _FROM},
        "MessagingServiceSid": {
            "type": "string",
            "pattern": _SERVICE,
            "description": "In place of `From`.",
        },
        "Body": {"type": "string", "minLength": 1, "maxLength": LONGEST_BODY},
        "ShortenUrls": {"type": "boolean", "description": "Default: the account's setting."},
        "StatusCallback": {"type": "string", "format": "uri", "description": "The URL to call for each new status."},
        "ValidityPeriod": {"type": "integer", "minimum": 1, "maximum": LONGEST_VALIDITY, "description": "Seconds."},
        "ScheduleType": {"type": "string", "description": "With `SendAt`: `fixed`."},
        "SendAt": {"type": "string", "description": "At most 35 days ahead, with a time zone."},
    },
    "required": ["To", "Body"],  # no `anyOf` for `From`: generators of clients would make two types of one
    "examples": [{"To": "+15558675310", "From": "+15017122661", "Body": "Hello!", "ShortenUrls": True}],
}


def read(fields: Mapping[str, Any], policy: Policy) -> NewMessage:
    """Return the fields of a message; a RequestError or InvalidFieldsError says what is wrong first."""
    given = {name: value for name, value in ((name, one(value)) for name, value in fields.items()) if value != ""}
    _refuse_missing(given)
    checked = NewMessage.check(given, policy)
    if checked.schedule not in (None, "fixed") or (checked.send_at is not None and checked.schedule is None):
        raise fault(refusals.BAD_SCHEDULE, "ScheduleType must be fixed")
    if checked.schedule is not None and checked.send_at is None:
        raise fault(refusals.NO_SEND_AT, "SendAt is required with ScheduleType")
    return checked


def _refuse_missing(given: Mapping[str, Any]) -> None:
    if given.get("To") is None:
        raise fault(refusals.NO_TO, "A 'To' phone number is required.")
    if given.get("MediaUrl") is not None:
        raise fault(refusals.BAD_MEDIA, "MediaUrl: this installation sends no media.")
    if given.get("ContentSid") is not None:
        raise fault(refusals.BAD_CONTENT, "ContentSid: this installation has no content templates.")
    if given.get("Body") is None:
        raise fault(refusals.NO_BODY, "Message body is required.")
    if given.get("From") is None and given.get("MessagingServiceSid") is None:
        raise fault(refusals.NO_FROM, "A 'From' phone number or a MessagingServiceSid is required.")


def wrong_time(send_at: dt.datetime | None, now: dt.datetime) -> InvalidFieldsError | None:
    """Return the error about a time that is past or too far ahead; None if it is neither."""
    if send_at is None or now < send_at <= now + LATEST:
        return None
    return InvalidFieldsError({"SendAt": ["must be in the future, and at most 35 days ahead"]})
