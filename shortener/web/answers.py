"""The documents that our interface answers with, as its description has them.

Views make plain documents; every answer in the tests of `web/` is held to these.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from shortener.rules.target import REASONS

Moment = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-11-22T09:00:00.123456Z"]})
]
Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
Msgid = Annotated[str, Field(pattern="^[A-Za-z0-9]{32}$")]
EventId = Annotated[str, Field(pattern="^evt_[A-Za-z0-9]{1,60}$")]
Reason = Annotated[str, Field(json_schema_extra={"enum": [*REASONS]}, description="Why, in one word.")]
VisitorClass = Literal["person", "unknown", "preview", "bot", "scanner"]
State = Literal["pending", "attempting", "delivered", "exhausted"]
Millis = Annotated[float | None, Field(description="Milliseconds since the start; null where it did not get so far.")]
Next = Annotated[Url | None, Field(description="The next page; null where there is no more.")]

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


class Document(BaseModel):
    """One of our documents: these fields and no others."""

    model_config = ConfigDict(extra="forbid")


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
    callbackurl: Annotated[str | None, Field(description="Kept for Xoxzo's clients; not called.")]
    client_tag: str | None
    sender: str | None
    recipient: Annotated[str | None, Field(description="As the account keeps it: whole, masked or null.")]
    tags: list[str]
    metadata: dict[str, Any]
    detection: Literal["strict", "smart"]
    bare_domains: Literal["off", "careful", "any"]
    count_as_click: Literal["person", "person_or_unknown", "any"]
    url: Annotated[Url, Field(description="The message's report.")]


class Page(Document):
    """Messages, the newest first."""

    messages: Annotated[list[Summary], Field(max_length=100)]
    next: Next


class Click(Document):
    """One GET of a live link."""

    clicked_on: Moment
    visitor: VisitorClass
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


class Attempt(Document):
    """One HTTP try of a callback."""

    number: Annotated[int, Field(ge=1)]
    started_on: Moment
    ended_on: Moment | None
    outcome: Annotated[
        Literal[
            "running",
            "delivered",
            "answered",
            "timeout",
            "blocked",
            "unresolved",
            "refused",
            "tls",
            "broken",
            "interrupted",
        ],
        Field(description="`delivered` for 200 alone; `answered` for every other status."),
    ]
    detail: Annotated[str | None, Field(description="The same in one sentence.")]
    status: Annotated[int | None, Field(description="The receiver's HTTP status.")]
    answer: Annotated[str | None, Field(description="The first 2 KB of the receiver's answer.")]
    lookup_ms: Millis
    connect_ms: Millis
    first_byte_ms: Millis
    total_ms: Millis


class Callback(Document):
    """The job of telling of a link's first click."""

    id: Annotated[EventId, Field(description="The `webhook-id` of every attempt.")]
    url: str
    state: State
    exhausted_because: str | None
    created_on: Annotated[Moment, Field(description="When the click came.")]
    next_attempt_on: Annotated[Moment | None, Field(description="Null where it is not pending.")]
    settled_on: Annotated[Moment | None, Field(description="When it was delivered or exhausted.")]


class CallbackWithAttempts(Callback):
    """A callback, as a message's report has it."""

    attempts: list[Attempt]


class Report(Summary):
    """Everything about one message."""

    original_message: Annotated[str, Field(description="The text as it came.")]
    links: Annotated[list[ReportedLink], Field(max_length=1)]
    skipped: list[Skipped]
    sms: Sms
    clicks: Annotated[Clicks | None, Field(description="Null where the message has no link.")]
    callback: Annotated[CallbackWithAttempts | None, Field(description="Null before a click has counted.")]


class CallbackSummary(Callback):
    """A callback, as lists show it."""

    report: Annotated[Url, Field(description="Everything about it.")]
    msgid: Msgid
    message: Annotated[Url, Field(description="The report of its message.")]
    starts: Annotated[int, Field(description="How many attempts were started.")]
    last_attempt: Attempt | None


class CallbackPage(Document):
    """Callbacks, the newest first."""

    callbacks: Annotated[list[CallbackSummary], Field(max_length=100)]
    next: Next


class Replay(Document):
    """Somebody asked for one more attempt."""

    asked_on: Moment
    asked_by: str


class CallbackReport(CallbackSummary):
    """Everything about one callback."""

    event: Annotated[str, Field(description="The event, byte for byte as it is sent.")]
    attempts: list[Attempt]
    replays: list[Replay]


class Replayed(Document):
    """How many callbacks are attempted once more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"replayed": 12, "cursor": None}]})

    replayed: Annotated[int, Field(ge=0, le=1000)]
    cursor: Annotated[str | None, Field(description="Give it with the same fields to go on; null where all are done.")]


class Tried(Document):
    """A receiver that was tried, with the attempt."""

    id: EventId
    url: str
    event: Annotated[str, Field(description="The event, byte for byte as it was sent.")]
    attempt: Attempt


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


class CheckedMessage(Document):
    """What would become of a message."""

    message: Annotated[str, Field(description="The text with a shortlink of the same length in it.")]
    link: FoundLink | None
    skipped: list[Explained]
    sms: Sms


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
    callback: State | None
    metadata: dict[str, Any]


class Health(Document):
    """This process and its database serve."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "ok", "clicks_spooled": 0, "clicks_lost": 0}]}
    )

    status: Literal["ok"]
    clicks_spooled: Annotated[int, Field(description="Clicks of this node that wait for the database.")]
    clicks_lost: Annotated[int, Field(description="Clicks of this node that found no room.")]


class EventData(Document):
    """What the event of a click says."""

    msgid: Msgid
    client_tag: str | None
    recipient: str | None
    link: str
    shortlink: Url | None
    accessed: bool
    accessed_on: Moment | None
    visitor: VisitorClass | None
    tags: list[str]
    metadata: dict[str, Any]


class Event(Document):
    """What a callback carries."""

    type: Literal["link.clicked", "callback.test"]
    timestamp: Moment
    data: EventData


class Problem(Document):
    """What went wrong (RFC 9457)."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: Annotated[str, Field(description="Stable; for programs.")]
    detail: Annotated[str, Field(description="What to do about it.")]
    errors: Annotated[dict[str, list[str]], Field(description="What is wrong, by field or parameter; with 422.")] = {}
    msgid: Annotated[Msgid, Field(description="The message that has the `client_tag`; with `client_tag_taken`.")] = ""
    url: Annotated[Url, Field(description="The report of that message.")] = ""
