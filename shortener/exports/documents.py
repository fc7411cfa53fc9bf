"""The documents about exports that the API returns and its description shows."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.wire.documents import Moment, NextPage, Url

Rows = Annotated[int, Field(ge=0, description="Messages that have been written.")]
Bytes = Annotated[int, Field(ge=0, description="Bytes that have been written.")]


class ExportAttempt(TypedDict):
    """One try to write a file."""

    number: Annotated[int, Field(ge=1)]
    started_on: Moment
    ended_on: Moment | None
    outcome: Annotated[AttemptOutcome, Field(description="`delivered` if the file is there, whole.")]
    detail: Annotated[str | None, Field(description="Why it failed, in one sentence.")]
    rows: Rows | None
    bytes: Bytes | None


class ExportReport(TypedDict):
    """An export: the job of writing messages to a file."""

    id: Annotated[str, Field(pattern="^exp_[A-Za-z0-9]{1,60}$")]
    state: Annotated[JobState, Field(description="`attempting` while it is written, `delivered` if the file is there.")]
    exhausted_because: Annotated[str | None, Field(description="Why it was given up.")]
    place: Annotated[str, Field(description="The URL of the file in the operator's storage.")]
    bucket: str | None
    name: str
    format: str
    delimiter: str | None
    filter: Annotated[dict[str, str], Field(description="The filter, as parameters of a list.")]
    created_on: Annotated[Moment, Field(description="Messages received before it are exported.")]
    next_attempt_on: Annotated[Moment | None, Field(description="Null unless it is pending.")]
    settled_on: Annotated[Moment | None, Field(description="When it was written, given up or canceled.")]
    rows: Rows
    bytes: Bytes
    attempts: Annotated[list[ExportAttempt], Field(description="The oldest first.")]
    report: Annotated[Url, Field(description="The URL of this report.")]


class ExportPage(TypedDict):
    """Exports, the newest first."""

    exports: Annotated[list[ExportReport], Field(max_length=100)]
    next: NextPage
