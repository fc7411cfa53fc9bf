"""A text with what stands out in it: the link, and what was not taken for one."""

from collections.abc import Sequence
from typing import NamedTuple

from shortener.rules.links.body import Finding


class Piece(NamedTuple):
    """A part of a text; `kind` is `link`, `skipped`, or empty where nothing stands out."""

    text: str
    kind: str = ""


def of(text: str, finding: Finding) -> Sequence[Piece]:
    """The text with its link and the skipped pieces marked."""
    marked = [(piece.start, piece.start + len(piece.text), "skipped") for piece in finding.skipped]
    if finding.found:
        marked.append((finding.found.start, finding.found.end, "link"))
    parts, at = [], 0
    for start, end, kind in sorted(marked):
        if start >= at:  # what lies within another piece is marked with it
            parts += [Piece(text[at:start]), Piece(text[start:end], kind)]
            at = end
    return [part for part in [*parts, Piece(text[at:])] if part.text]


def sent(text: str, finding: Finding, shortlink: str) -> Sequence[Piece]:
    """The text as it is sent, with the shortlink marked."""
    if finding.found is None:
        return [Piece(text)]
    return around(text, finding.found.start, finding.found.end, shortlink)


def around(text: str, start: int, end: int, instead: str) -> Sequence[Piece]:
    """The text with what stands from start to end replaced by something that stands out."""
    parts = (Piece(text[:start]), Piece(instead, "link"), Piece(text[end:]))
    return [part for part in parts if part.text]
