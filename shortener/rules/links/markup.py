"""Marks of chat and mail programs around text: `*bold*`, `_italic_`, `~struck~`, `|cell|`.

All four may also be part of a URL. One that ends a link belongs to the text if a mark of its kind is open before it.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

MARKS: Final = frozenset("*_~|")
_RUN: Final = re.compile(r"([*_~|])\1*|\n")
_WORD: Final = re.compile(r"[A-Za-z0-9]")
_GLUED: Final = re.compile(r"[A-Za-z0-9/=&?#]")  # what stands before a mark that opens nothing


def closing(text: str, start: int, end: int) -> int:
    """Where the marks begin that end `text[start:end]` and close marks that were opened before `start`; else `end`."""
    if end <= start or text[end - 1] not in MARKS:
        return end
    begins, opened = _pairs(text)
    place = bisect_left(begins, end) - 1
    if place < 0 or begins[place] <= start:
        return end
    begin = begins[place]
    return begin if opened[begin] < start and set(text[begin:end]) == {text[begin]} else end


@lru_cache(maxsize=8)  # asked for each link of a text, of which a hostile one has thousands
def _pairs(text: str) -> tuple[list[int], Mapping[int, int]]:
    """Where closing marks begin, and for each where its opening one stands; both on one line."""
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
