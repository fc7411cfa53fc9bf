"""The documents about callbacks that our interface answers with, and the event that a callback carries."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.visitors.marks import Visitor
from shortener.web.description.documents import (
    Document,
    EventId,
    Moment,
    Msgid,
    Next,
    Url,
)

Millis = Annotated[float | None, Field(description="Milliseconds since the start; null where it did not get so far.")]


class Attempt(Document):
    """One HTTP try of a callback."""

    number: Annotated[int, Field(ge=1)]
    started_on: Moment
    ended_on: Moment | None
    outcome: Annotated[
        AttemptOutcome, Field(description="`delivered` for 200 alone; `answered` for every other status.")
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
    state: JobState
    exhausted_because: str | None
    created_on: Annotated[Moment, Field(description="When the click came.")]
    next_attempt_on: Annotated[Moment | None, Field(description="Null where it is not pending.")]
    settled_on: Annotated[Moment | None, Field(description="When it was delivered or exhausted.")]


class CallbackWithAttempts(Callback):
    """A callback, as a message's report has it."""

    attempts: list[Attempt]


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
    """How many callbacks were selected, and how many of them are attempted once more."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"selected": 12, "replayed": 12, "cursor": None}]}
    )

    selected: Annotated[int, Field(ge=0, le=1000)]
    replayed: Annotated[int, Field(ge=0, le=1000, description="0 in a dry run.")]
    cursor: Annotated[str | None, Field(description="Give it with the same fields to go on; null where all are done.")]


class Tried(Document):
    """A receiver that was tried, with the attempt."""

    id: EventId
    url: str
    event: Annotated[str, Field(description="The event, byte for byte as it was sent.")]
    attempt: Attempt


class EventData(Document):
    """What the event of a click says."""

    msgid: Msgid
    client_tag: str | None
    recipient: str | None
    link: str
    shortlink: Url | None
    accessed: bool
    accessed_on: Moment | None
    visitor: Visitor | None
    tags: list[str]
    metadata: dict[str, Any]


class Event(Document):
    """What a callback carries."""

    type: Literal["link.clicked", "callback.test"]
    timestamp: Moment
    data: EventData
