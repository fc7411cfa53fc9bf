"""Recognise the links that most messages have: a plain URL in ASCII that is a piece by itself.

`body` and what it calls would judge each of them in the same way, in ten times the time.
"""

import re
from typing import Final

from shortener.rules.links import host as hosts
from shortener.rules.links.target import LONGEST, Target

# No port, escape, bracket, quote or sign of a placeholder; nothing at the end that may belong to the text.
_PLAIN: Final = re.compile(r"https?://((?:[a-z0-9-]++\.)+[a-z]{2,}+)(?:/|[/?][A-Za-z0-9/?=&.~+_-]*[A-Za-z0-9/=&+-])")
_DOUBTS: Final = ("..", "__", "/-", "=-")  # a next sentence, and the beginnings of placeholders


def target(text: str, start: int, end: int, own_hosts: frozenset[str]) -> Target | None:
    """Return the target of a plain URL between white space, `text[start:end]`; None if that has to be found out."""
    found = _PLAIN.fullmatch(text, start, end)
    if found is None or end - start > LONGEST or hosts.fault(found[1], own_hosts) is not None:
        return None
    link = found[0]
    for doubt in _DOUBTS:
        if doubt in link:
            return None
    return Target(link, link)
