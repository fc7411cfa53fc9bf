"""The requests of the vendor's clients: their header, the fields of a message and the filters of a list."""

import datetime as dt
import re
from collections.abc import Mapping
from math import ceil
from typing import Annotated, Any, Final

from flask import Request
from pydantic import BeforeValidator, ConfigDict, Field

from shortener.errors import InvalidFieldsError
from shortener.messages.from_face import FromFace
from shortener.messages.submission import Submission, digest
from shortener.rules.links.tracking import Track
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.validation.models import VendorFields
from shortener.validation.types import LONGEST_VALIDITY, MOST_TAGS, ShortText, Switch
from shortener.vendors.karaden import states, times
from shortener.web.problems import RequestError
from shortener.web.vendor_requests import many, one

VERSION: Final = "Karaden-Version"
NEWEST: Final = "2024-03-01"
LONGEST_BODY: Final = 660  # characters
FARTHEST: Final = dt.timedelta(days=30)  # a message may be scheduled so far ahead
EACH_PAGE: Final = 100
MOST_EACH_PAGE: Final = 1_000
MOST_SKIPPED: Final = 10_000  # messages on the pages before: each of them is read
EXAMPLE: Final[dict[str, Any]] = {
    "service_id": 1,
    "to": "09012345678",
    "body": "Your parcel is on its way: https://example.com/track?id=1",
    "tags": ["parcel"],
    "is_shorten": True,
}
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile("0[0-9]{10}")


def version(request: Request) -> str:
    """Return the header `Karaden-Version`; RequestError if it is missing or no date."""
    text = request.headers.get(VERSION, "")
    try:
        if _DATE.fullmatch(text):
            dt.date.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise RequestError(400, "bad_request", f"Send the header {VERSION} with a date, such as {NEWEST}.")


def _international(value: object) -> str:
    """Read a number of 11 digits in Japan, such as 09012345678."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise ValueError("must be a number of 11 digits in Japan, such as 09012345678")
    return "+81" + value[1:]


Service = Annotated[int, Field(gt=0, le=2_147_483_647)]
Number = Annotated[
    str,
    BeforeValidator(_international, json_schema_input_type=Annotated[str, Field(pattern="^0[0-9]{10}$")]),
]
_TIME = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Time = Annotated[dt.datetime, BeforeValidator(times.read, json_schema_input_type=_TIME)]


class NewMessage(VendorFields):
    """A message to send."""

    model_config = ConfigDict(title="KaradenNewMessage", json_schema_extra={"examples": [EXAMPLE]})

    service_id: Annotated[Service, Field(description="Any number; the sender, where a gateway needs one.")]
    to: Annotated[Number, Field(description="A number in Japan.")]
    body: Annotated[str, Field(min_length=1, max_length=LONGEST_BODY)]
    tags: Annotated[list[ShortText], Field(max_length=MOST_TAGS)] = Field(default_factory=list)
    is_shorten: Annotated[Switch, Field(description="Whether to shorten every link. Default: the account's.")] = None
    scheduled_at: Annotated[Time | None, Field(description="When to send it, at most 30 days ahead.")] = None
    limited_at: Annotated[Time | None, Field(description="Until when to try.")] = None

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "NewMessage":
        """Read the fields; InvalidFieldsError names everything that is wrong."""
        tags = [tag for tag in many(fields.get("tags")) if tag != ""]
        return cls.check(_given(fields) | {"tags": tags})

    def submission(self, now: dt.datetime) -> Submission:
        """Return the message as we have it; InvalidFieldsError if its times make no sense."""
        fields = {
            "message": self.body,
            "sender": str(self.service_id),
            "recipient": self.to,
            "tags": self.tags or None,
            "track_link": self.is_shorten,
            "track": Track.ALL,
            "send_on": self.scheduled_at and rfc3339(self.scheduled_at),
            "validity_period": self._seconds(now),
        }
        if self.scheduled_at is not None and self.scheduled_at > now + FARTHEST:
            raise InvalidFieldsError({"scheduled_at": [f"must be in the next {FARTHEST.days} days"]})
        return Submission.check(fields, services().policy)

    def _seconds(self, now: dt.datetime) -> int | None:
        """Return for how long to try after it is due."""
        if self.limited_at is None:
            return None
        left = self.limited_at - (self.scheduled_at or now)
        if left <= dt.timedelta(0):
            raise InvalidFieldsError({"limited_at": ["must be later than the message is sent"]})
        return min(ceil(left.total_seconds()), LONGEST_VALIDITY)

    def face(self, asked_version: str) -> FromFace:
        """Return what is kept with the message."""
        kept: dict[str, Any] = {"service_id": self.service_id, "version": asked_version}
        kept |= {} if self.scheduled_at is None else {"scheduled_at": times.written(self.scheduled_at)}
        kept |= {} if self.limited_at is None else {"limited_at": times.written(self.limited_at)}
        asked = digest(self.model_dump())  # the submission has seconds until `limited_at`, which differ in a repeat
        return FromFace(name="karaden", fields=kept, told_states=states.TOLD, request=asked)


class Listed(VendorFields):
    """Which messages to list."""

    service_id: Service | None = None
    to: Number | None = None
    status: states.Status | None = None
    result: states.Result | None = None
    sent_result: states.SentResult | None = None
    tag: ShortText | None = None
    start_at: Annotated[Time | None, Field(description="Created then or later.")] = None
    end_at: Annotated[Time | None, Field(description="Created then or earlier.")] = None
    page: Annotated[int, Field(ge=0, le=MOST_SKIPPED, description="From 0.")] = 0
    per_page: Annotated[int, Field(ge=1, le=MOST_EACH_PAGE)] = EACH_PAGE

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Listed":
        """Read the parameters; InvalidFieldsError names everything that is wrong."""
        asked = cls.check(_given(fields))
        if asked.skipped > MOST_SKIPPED:
            sentence = f"must be within the first {MOST_SKIPPED} messages: narrow the list with start_at and end_at"
            raise InvalidFieldsError({"page": [sentence]})
        return asked

    @property
    def skipped(self) -> int:
        """How many messages are on the pages before."""
        return self.page * self.per_page


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were filled in, each with one value."""
    single = {name: one(value) for name, value in fields.items() if name != "tags"}
    return {name: value for name, value in single.items() if value is not None and value != ""}
