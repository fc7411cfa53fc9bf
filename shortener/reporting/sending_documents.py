"""The documents about the sending of a message, as its report shows it."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shortener.reporting.callback_documents import Millis
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire.documents import Moment


class HandOver(TypedDict):
    """One try to hand a message to its gateway."""

    number: Annotated[int, Field(ge=1)]
    started_on: Moment
    ended_on: Moment | None
    outcome: Annotated[AttemptOutcome, Field(description="`taken` if the gateway took the message.")]
    detail: Annotated[str | None, Field(description="The outcome in one sentence.")]
    status: Annotated[int | None, Field(description="The status of the gateway's answer.")]
    answer: Annotated[str | None, Field(description="The beginning of the gateway's answer.")]
    total_ms: Millis


class Sending(TypedDict):
    """The job of handing a message to its gateway."""

    gateway: str
    channel: Channel
    state: Annotated[JobState, Field(description="`held`: it may have been handed over, and somebody has to decide.")]
    exhausted_because: str | None
    created_on: Moment
    next_attempt_on: Annotated[Moment | None, Field(description="Null unless it is pending.")]
    expires_on: Annotated[Moment, Field(description="The end of the period of validity.")]
    sent_on: Annotated[Moment | None, Field(description="When the gateway took it.")]
    gateway_ref: Annotated[str | None, Field(description="The gateway's own name for the message.")]
    starts: Annotated[int, Field(description="Number of attempts that were started.")]
    attempts: Annotated[list[HandOver], Field(description="The newest of them, the oldest first.")]
