"""Split a text into segments, so that a page can highlight its links and the skipped text."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from shortener.rules.links.body import Finding


class Segment(NamedTuple):
    """A part of a text; `kind` is `link`, `skipped`, or empty for ordinary text."""

    text: str
    kind: str = ""


def of(text: str, finding: Finding) -> Sequence[Segment]:
    """The text with its links and the skipped parts marked."""
    marked = [(piece.start, piece.start + len(piece.text), "skipped") for piece in finding.skipped]
    marked += [(found.start, found.end, "link") for found in finding.links]
    parts, at = [], 0
    for start, end, kind in sorted(marked):
        if start >= at:  # a part inside another is marked with it
            parts += [Segment(text[at:start]), Segment(text[start:end], kind)]
            at = end
    return [part for part in [*parts, Segment(text[at:])] if part.text]


def sent(text: str, finding: Finding, shortlink: str) -> Sequence[Segment]:
    """The text as it is sent, with the shortlinks marked."""
    return replaced(text, ((found.start, found.end, shortlink) for found in finding.links))


def replaced(text: str, places: Iterable[tuple[int, int, str]]) -> Sequence[Segment]:
    """The text with each `[start, end)` replaced by a marked text; the places are in order."""
    parts, at = list[Segment](), 0
    for start, end, instead in places:
        parts += Segment(text[at:start]), Segment(instead, "link")
        at = end
    return [part for part in (*parts, Segment(text[at:])) if part.text]
