"""The timeline of a message: everything that happened to it, in order."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

from shortener.reporting.documents import MessageReport
from shortener.reporting.message_story import Story, Told
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.moments import rfc3339
from shortener.sending import decisions
from shortener.storage.models import Message

QUEUED_AFTER: Final = dt.timedelta(seconds=10)
MOST_CLICKS: Final = 3  # in a row, before they are one entry
# Entries of the same time are in the order of cause and effect.
_KINDS: Final = (
    *("received", "click", "accessed", "off", "handover", "put_aside", "given_up", "receipt", "state"),
    *("replay", "attempt", "exhausted", "next_handover", "next", "expires", "expired"),
)
_ENDED_WELL: Final = frozenset({AttemptOutcome.TAKEN, None})
# States that the message may have without a receipt, and that no attempt tells of.
_TOLD_ALONE: Final = frozenset(MessageState) - {
    *(MessageState.SCHEDULED, MessageState.QUEUED, MessageState.SENT),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: `kind` selects its text on the page, `about` holds the details."""

    on: str  # RFC 3339, so that texts sort by time
    kind: str
    about: Mapping[str, Any] = field(default_factory=dict)


def of(report: MessageReport, message: Message, story: Story, *, now: str) -> list[Entry]:
    """The entries of a message's report, the oldest first. Of many clicks, attempts and receipts the newest."""
    entries = [*_life(report, now), *_clicks(report), *_sending(story), *_receipts(message, story)]
    for told in story.callbacks:
        entries += _callback(told, now)
    return [*grouped(sorted(entries, key=lambda entry: (entry.on, _KINDS.index(entry.kind))))]


def is_queued(due: str, now: str) -> bool:
    """Whether a callback has been due for so long that others to its receiver must be before it."""
    return dt.datetime.fromisoformat(now) - dt.datetime.fromisoformat(due) > QUEUED_AFTER


def grouped(entries: Iterable[Entry]) -> Iterator[Entry]:
    """The entries, with many further clicks in a row as one entry `clicks`."""
    for may_group, group in groupby(entries, key=lambda entry: entry.kind == "click" and not entry.about["first"]):
        run = list(group)
        if may_group and len(run) > MOST_CLICKS:
            clicks = [entry.about for entry in run]
            counts = Counter(click["visitor"] for click in clicks)
            yield Entry(run[0].on, "clicks", {"clicks": clicks, "counts": counts, "until": run[-1].on})
        else:
            yield from run


def _life(report: MessageReport, now: str) -> Iterator[Entry]:
    yield Entry(report["received_on"], "received")
    link = report["link_tracking"]
    if link is None:
        return
    if link["off_on"]:
        yield Entry(link["off_on"], "off")
    yield Entry(link["expires_on"], "expired" if link["expires_on"] <= now else "expires")


def _clicks(report: MessageReport) -> Iterator[Entry]:
    found, first_on = report["clicks"], report["accessed_on"]
    if found is None:
        return
    clicks, first = list(found["newest"]), found["first_of_any_kind"]
    if first and first not in clicks:
        clicks.append(first)
    shown = False
    for click in sorted(clicks, key=lambda click: click["clicked_on"]):
        is_first = not shown and click["clicked_on"] == first_on
        shown = shown or is_first
        yield Entry(click["clicked_on"], "click", {**click, "first": is_first})
    if first_on and not shown:  # older than the newest
        yield Entry(first_on, "accessed")


def _sending(story: Story) -> Iterator[Entry]:
    sending = story.sending
    if sending is None:
        return
    for attempt in story.attempts:
        about = {
            "number": attempt.number,
            "gateway": sending.gateway,
            "outcome": attempt.outcome or AttemptOutcome.RUNNING,
            "detail": attempt.detail,
            "status": attempt.status,
            "answer": attempt.answer.decode("utf-8", "replace") if attempt.answer else None,
            "total_ms": attempt.total_us / 1000 if attempt.total_us is not None else None,
            "well": attempt.outcome in _ENDED_WELL,
        }
        yield Entry(rfc3339(attempt.started_on), "handover", about)
    if sending.state == JobState.HELD and sending.settled_on:
        yield Entry(rfc3339(sending.settled_on), "put_aside")
    by = decisions.given_up_by(sending)
    if by is not None and sending.settled_on:
        yield Entry(rfc3339(sending.settled_on), "given_up", {"by": by})
    if sending.state == JobState.PENDING:
        yield Entry(rfc3339(sending.due_on), "next_handover", {"first": not story.tries, "in_doubt": sending.unsure_on})


def _receipts(message: Message, story: Story) -> Iterator[Entry]:
    for receipt in story.receipts:
        about = {
            "state": receipt.state,
            "code": receipt.code,
            "reason": receipt.reason,
            "gateway": receipt.gateway,
            "happened_on": receipt.happened_on,
            "bad": receipt.state.is_final and receipt.state is not MessageState.DELIVERED,
        }
        yield Entry(rfc3339(receipt.received_on), "receipt", about)
    told = {receipt.state for receipt in story.receipts}
    is_held = story.sending is not None and story.sending.state == JobState.HELD
    if message.state in _TOLD_ALONE - told and message.state_on and not is_held:
        about = {"state": message.state, "code": message.code or "", "reason": message.reason}
        yield Entry(rfc3339(message.state_on), "state", about)


def _callback(told: Told, now: str) -> Iterator[Entry]:
    callback = told.callback
    for attempt in told.attempts:
        yield Entry(attempt["started_on"], "attempt", {**attempt, "of": told.about})
    for replay in told.replays:
        yield Entry(replay["asked_on"], "replay", {**replay, "of": told.about})
    if callback["settled_on"] and callback["state"] == JobState.EXHAUSTED:
        yield Entry(callback["settled_on"], "exhausted", {**callback, "of": told.about})
    if callback["next_attempt_on"]:
        yield Entry(
            callback["next_attempt_on"],
            "next",
            {**callback, "of": told.about, "is_queued": is_queued(callback["next_attempt_on"], now)},
        )
