"""Markup of chat and mail programs around text: `*bold*`, `_italic_`, `~struck~`, `|cell|`.

All four may also be part of a URL. A mark at the end of a link belongs to the text if a mark of the same kind is open
before the link.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

MARKS: Final = frozenset("*_~|")
_RUN: Final = re.compile(r"([*_~|])\1*|\n")
_WORD: Final = re.compile(r"[A-Za-z0-9]")
_GLUED: Final = re.compile(r"[A-Za-z0-9/=&?#]")  # a mark after one of these opens nothing


def closing(text: str, start: int, end: int) -> int:
    """Return where the marks at the end of `text[start:end]` begin if they close earlier marks; else `end`."""
    if end <= start or text[end - 1] not in MARKS:
        return end
    begins, opened = _pairs(text)
    place = bisect_left(begins, end) - 1
    if place < 0 or begins[place] <= start:
        return end
    begin = begins[place]
    return begin if opened[begin] < start and set(text[begin:end]) == {text[begin]} else end


@lru_cache(maxsize=8)  # called for each link of a text, and a hostile text has thousands
def _pairs(text: str) -> tuple[list[int], Mapping[int, int]]:
    """Return the offsets of closing marks, and for each the offset of its opening mark on the same line."""
    opened: dict[str, int] = {}
    found: dict[int, int] = {}
    for run in _RUN.finditer(text):
        mark = run[1]
        if mark is None:
            opened.clear()
            continue
        before, after = text[run.start() - 1 : run.start()], text[run.end() : run.end() + 1]
        if mark in opened and not before.isspace() and not _WORD.match(after):
            found[run.start()] = opened.pop(mark)
        elif after and not after.isspace() and not _GLUED.match(before):
            opened[mark] = run.start()
    return list(found), found
