"""The timeline of a message: everything that happened to it, in order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from shortener.reporting.callback_documents import Replay
from shortener.reporting.documents import MessageReport
from shortener.rules.delivery.job_state import JobState


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry: `kind` selects its text on the page, `about` holds the details."""

    on: str  # RFC 3339, so that texts sort by time
    kind: str
    about: Mapping[str, object] = field(default_factory=dict)


def of(report: MessageReport, replays: list[Replay], *, now: str) -> list[Entry]:
    """The entries of a message's report, the oldest first. Of many clicks only the newest are included."""
    return sorted([*_life(report, now), *_clicks(report), *_callback(report, replays)], key=_order)


def _life(report: MessageReport, now: str) -> Iterator[Entry]:
    yield Entry(report["received_on"], "received")
    link = report["link_tracking"]
    if link is None:
        return
    if link["off_on"]:
        yield Entry(link["off_on"], "off")
    yield Entry(link["expires_on"], "expired" if link["expires_on"] <= now else "expires")


def _clicks(report: MessageReport) -> Iterator[Entry]:
    link, found = report["link_tracking"], report["clicks"]
    if link is None or found is None:
        return
    accessed_on, clicks, first = link["accessed_on"], list(found["newest"]), found["first_of_any_kind"]
    if first and first not in clicks:
        clicks.append(first)
    shown = False
    for click in sorted(clicks, key=lambda click: click["clicked_on"]):
        is_first = not shown and click["clicked_on"] == accessed_on
        shown = shown or is_first
        yield Entry(click["clicked_on"], "click", {**click, "first": is_first})
    if accessed_on and not shown:  # older than the newest
        yield Entry(accessed_on, "accessed")


def _callback(report: MessageReport, replays: list[Replay]) -> Iterator[Entry]:
    callback = report["callback"]
    if callback is None:
        return
    for attempt in callback["attempts"]:
        yield Entry(attempt["started_on"], "attempt", attempt)
    for replay in replays:
        yield Entry(replay["asked_on"], "replay", replay)
    if callback["settled_on"] and callback["state"] == JobState.EXHAUSTED:
        yield Entry(callback["settled_on"], "exhausted", callback)
    if callback["next_attempt_on"]:
        yield Entry(callback["next_attempt_on"], "next", callback)


def _order(entry: Entry) -> tuple[str, int]:
    """Sort by time, and entries of the same time by cause and effect."""
    kinds = ("received", "click", "accessed", "off", "replay", "attempt", "exhausted", "next", "expires", "expired")
    return entry.on, kinds.index(entry.kind)
