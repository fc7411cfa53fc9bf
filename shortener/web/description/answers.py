"""The documents about messages that our interface answers with, as its description has them.

Views make plain documents; every answer in the tests is held to these.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from shortener.rules.delivery.job_state import JobState
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.visitors.marks import Visitor
from shortener.rules.visitors.threshold import Threshold
from shortener.web.description.callback_answers import CallbackWithAttempts
from shortener.web.description.documents import Document, Moment, Msgid, Next, Url

Reason = Annotated[SkipReason, Field(description="Why, in one word.")]
_MSGID: Final = "7Hq2xN5vB7mK1sR4tW9yZ3aC6dE8fG0h"
_SHORTLINK: Final = "https://s.example.com/AbCdEfGhIj"
_TEXT: Final = f"Your parcel is on its way: {_SHORTLINK} Thank you!"
_REPORT: Final = f"https://s.example.com/v1/messages/{_MSGID}"
_SMS: Final[JsonDict] = {"encoding": "GSM-7", "parts_before": 1, "parts_after": 1}
_LINK: Final[JsonDict] = {
    "link": "https://example.com/track?id=1&lang=en",
    "shortlink": _SHORTLINK,
    "expires_on": "2027-02-20T09:00:00.123456Z",
    "accessed": False,
    "accessed_on": None,
}
ACCEPTED: Final[JsonDict] = {
    "msgid": _MSGID,
    "message": _TEXT,
    "links": [_LINK],
    "link_tracking": _LINK,
    "skipped": [],
    "sms": _SMS,
    "url": _REPORT,
}


class Link(Document):
    """The link of a message."""

    link: Annotated[str, Field(description="The target, as it was typed; `https://` put before a bare domain.")]
    shortlink: Annotated[Url, Field(description="What stands in the text instead.")]
    expires_on: Annotated[Moment, Field(description="From then on the shortlink answers 410.")]
    accessed: Annotated[bool, Field(description="Whether a click has counted.")]
    accessed_on: Annotated[Moment | None, Field(description="When the first click that counts came.")]


class ReportedLink(Link):
    """The link of a message, as reports have it."""

    off_on: Annotated[Moment | None, Field(description="When it was switched off.")]


class Skipped(Document):
    """A piece of a text that looks like a link and was not taken."""

    text: str
    reason: Reason


class Explained(Skipped):
    """The same, with what to do about it."""

    detail: str


class Sms(Document):
    """What the text costs by SMS."""

    encoding: Literal["GSM-7", "UCS-2"]
    parts_before: Annotated[int, Field(description="SMS parts of the text as it came.")]
    parts_after: Annotated[int, Field(description="SMS parts of the text as it is sent.")]


class Accepted(Document):
    """A message that was taken."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [ACCEPTED]})

    msgid: Msgid
    message: Annotated[str, Field(description="The text to send.")]
    links: Annotated[list[Link], Field(max_length=1)]
    link_tracking: Annotated[Link | None, Field(description="The first of `links`.")]
    skipped: Annotated[list[Skipped], Field(description="What looks like a link and was not taken.")]
    sms: Sms
    url: Annotated[Url, Field(description="The message's report.")]


class BatchAccepted(Accepted):
    """A message of a batch that was taken."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"status": 201, **ACCEPTED}]})

    status: Literal[201]


class Summary(Document):
    """A message, as lists show it."""

    msgid: Msgid
    received_on: Moment
    message: Annotated[str, Field(description="The text to send.")]
    link_tracking: ReportedLink | None
    track_link: bool
    lt_callbackurl: str | None
    callbackurl: Annotated[str | None, Field(description="Stored and reported; never called.")]
    client_tag: str | None
    sender: str | None
    recipient: Annotated[str | None, Field(description="As the account keeps it: whole, masked or null.")]
    tags: list[str]
    metadata: dict[str, Any]
    detection: Detection
    bare_domains: BareDomains
    count_as_click: Threshold
    url: Annotated[Url, Field(description="The message's report.")]


class Page(Document):
    """Messages, the newest first."""

    messages: Annotated[list[Summary], Field(max_length=100)]
    next: Next


class Click(Document):
    """One GET of a live link."""

    clicked_on: Moment
    visitor: Visitor
    reason: Annotated[str, Field(description="What the class follows from, like `browser` or `token:googlebot`.")]
    network: Annotated[str, Field(description="The visitor's network, where the operator keeps it.")] = ""


class Counts(Document):
    """How many clicks came from each class of visitor."""

    person: int
    unknown: int
    preview: int
    bot: int
    scanner: int


class Meanings(Document):
    """What each class of visitor means."""

    person: str
    unknown: str
    preview: str
    bot: str
    scanner: str


class Clicks(Document):
    """The clicks of a link, of whoever: also those that do not count."""

    counts: Counts
    total: int
    meanings: Meanings
    first_of_any_kind: Click | None
    newest: Annotated[list[Click], Field(max_length=100)]
    next: Next


class Report(Summary):
    """Everything about one message."""

    original_message: Annotated[str, Field(description="The text as it came.")]
    links: Annotated[list[ReportedLink], Field(max_length=1)]
    skipped: list[Skipped]
    sms: Sms
    clicks: Annotated[Clicks | None, Field(description="Null where the message has no link.")]
    callback: Annotated[CallbackWithAttempts | None, Field(description="Null before a click has counted.")]


class CheckedUrl(Document):
    """Whether a URL may be a target."""

    valid: bool
    reason: Reason | None
    detail: Annotated[str | None, Field(description="What to do about it.")]
    link: str | None
    location: Annotated[str | None, Field(description="Its ASCII form: where a visitor would be sent.")]


class FoundLink(Document):
    """The link that would be taken."""

    link: str
    location: Annotated[str, Field(description="Its ASCII form: where a visitor would be sent.")]
    text: Annotated[str, Field(description="What of the message would be replaced.")]


class OtherDetection(Document):
    """What the other way of detection would take."""

    detection: Detection
    link: FoundLink


class CheckedMessage(Document):
    """What would become of a message."""

    message: Annotated[str, Field(description="The text with a shortlink of the same length in it.")]
    link: FoundLink | None
    skipped: list[Explained]
    sms: Sms
    other: Annotated[
        OtherDetection | None,
        Field(description="Where `detection` is the other value, and takes a link that is not taken here."),
    ]


class ExportedMessage(Document):
    """A line of an export."""

    msgid: Msgid
    received_on: Moment
    client_tag: str | None
    sender: str | None
    recipient: str | None
    tags: list[str]
    link: str | None
    shortlink: str | None
    expires_on: Moment | None
    accessed: bool | None
    accessed_on: Moment | None
    clicks_person: int | None
    clicks_unknown: int | None
    clicks_preview: int | None
    clicks_bot: int | None
    clicks_scanner: int | None
    callback: JobState | None
    metadata: dict[str, Any]
