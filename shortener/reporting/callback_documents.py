"""The documents about callbacks that reports return and the API description shows."""

from typing import Annotated

from pydantic import Field, with_config
from typing_extensions import TypedDict

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire.documents import EventId, Moment, Msgid, NextPage, Url

Millis = Annotated[
    float | None, Field(description="Milliseconds since the start; null if the attempt did not reach this step.")
]


class Attempt(TypedDict):
    """One HTTP request of a callback."""

    number: Annotated[int, Field(ge=1)]
    started_on: Moment
    ended_on: Moment | None
    outcome: Annotated[AttemptOutcome, Field(description="`delivered` for status 200; `answered` for all others.")]
    detail: Annotated[str | None, Field(description="The outcome in one sentence.")]
    status: Annotated[int | None, Field(description="The receiver's HTTP status.")]
    answer: Annotated[str | None, Field(description="The first 2 KB of the receiver's response.")]
    lookup_ms: Millis
    connect_ms: Millis
    first_byte_ms: Millis
    total_ms: Millis


class Callback(TypedDict):
    """The job of telling the sender about a message: its first click, or a new state."""

    id: Annotated[EventId, Field(description="The event ID, sent as `webhook-id` with every attempt.")]
    about: Annotated[str, Field(description="`click`, or the state of the message that it tells.")]
    url: str
    state: JobState
    exhausted_because: str | None
    created_on: Annotated[Moment, Field(description="The time of the click, or when the state was stored.")]
    next_attempt_on: Annotated[Moment | None, Field(description="Null unless the callback is pending.")]
    settled_on: Annotated[Moment | None, Field(description="The time at which it was delivered or exhausted.")]


class CallbackWithAttempts(Callback):
    """A callback, as a message's report shows it."""

    attempts: Annotated[list[Attempt], Field(description="The oldest first; of very many the newest.")]


class CallbackSummary(Callback):
    """A callback, as lists show it."""

    report: Annotated[Url, Field(description="The URL of the callback's report.")]
    msgid: Msgid
    message: Annotated[Url, Field(description="The URL of the message's report.")]
    starts: Annotated[int, Field(description="Number of attempts that were started.")]
    last_attempt: Attempt | None


class CallbackPage(TypedDict):
    """Callbacks, the newest first. With `about`, a page can have fewer and still a next one."""

    callbacks: Annotated[list[CallbackSummary], Field(max_length=100)]
    next: NextPage


class Replay(TypedDict):
    """A replay of a callback: who asked for it, and when."""

    asked_on: Moment
    asked_by: str


class CallbackReport(CallbackSummary):
    """The report of a callback."""

    event: Annotated[str, Field(description="The event, byte for byte as it is sent.")]
    attempts: list[Attempt]
    replays: list[Replay]


@with_config(json_schema_extra={"examples": [{"selected": 12, "replayed": 12, "cursor": None}]})
class ReplayResult(TypedDict):
    """The number of selected callbacks, and of those that are replayed."""

    selected: Annotated[int, Field(ge=0, le=1000)]
    replayed: Annotated[int, Field(ge=0, le=1000, description="0 in a dry run.")]
    cursor: Annotated[
        str | None,
        Field(description="Send this cursor to continue; null if there are no more callbacks."),
    ]


class CallbackTestResult(TypedDict):
    """A test event that was sent, with its attempt."""

    id: EventId
    url: str
    event: Annotated[str, Field(description="The event, byte for byte as it was sent.")]
    attempt: Attempt
