"""Split a text into segments, so that a page can highlight its link and the skipped text."""

from collections.abc import Sequence
from typing import NamedTuple

from shortener.rules.links.body import Finding


class Segment(NamedTuple):
    """A part of a text; `kind` is `link`, `skipped`, or empty for ordinary text."""

    text: str
    kind: str = ""


def of(text: str, finding: Finding) -> Sequence[Segment]:
    """The text with its link and the skipped parts marked."""
    marked = [(piece.start, piece.start + len(piece.text), "skipped") for piece in finding.skipped]
    if finding.found:
        marked.append((finding.found.start, finding.found.end, "link"))
    parts, at = [], 0
    for start, end, kind in sorted(marked):
        if start >= at:  # a part inside another is marked with it
            parts += [Segment(text[at:start]), Segment(text[start:end], kind)]
            at = end
    return [part for part in [*parts, Segment(text[at:])] if part.text]


def sent(text: str, finding: Finding, shortlink: str) -> Sequence[Segment]:
    """The text as it is sent, with the shortlink marked."""
    if finding.found is None:
        return [Segment(text)]
    return replaced(text, finding.found.start, finding.found.end, shortlink)


def replaced(text: str, start: int, end: int, instead: str) -> Sequence[Segment]:
    """The text with `[start, end)` replaced by a marked text."""
    parts = (Segment(text[:start]), Segment(instead, "link"), Segment(text[end:]))
    return [part for part in parts if part.text]
