"""Links inside running text: where one may begin, and how far it goes. One pass, left to right.

`smart` detection takes what is found here; `strict` only reports it, where a piece as a whole is no link.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shortener.rules.borders import CJK, IDEOGRAPHIC_HOST, OPENING, RUN, SPACELESS, enclosed_end, strip
from shortener.rules.host import TOP_LEVEL
from shortener.rules.target import REASONS, Refusal, Target, judge

# Dotted letters, digits, `_` and `-` of scripts that put spaces between words.
_LETTERS: Final = f"(?:(?![{CJK}{SPACELESS}])[\\w-])+"
_TOKEN: Final = re.compile(f"{_LETTERS}(?:\\.{_LETTERS})*")
_WEB_END: Final = re.compile(r"https?\Z", re.I)
_PORT: Final = re.compile(r":[0-9]{1,5}(?![0-9])")
_MAIL: Final = re.compile(r"[\w.+'%&*-]{0,64}@")
_SUFFIX: Final = re.compile(r"['´][^\W\d_]{1,8}[.,;:!?)]*\Z")
_BEFORE: Final = frozenset("@$%#~-.&+/")  # a name after one of these is part of something else
_BEHIND: Final = frozenset("(@=\\")  # and so is one before these
_EMPHASIS: Final = frozenset("*~|")
_LOOK_BACK: Final = 64  # characters
_ENDINGS: Final = TOP_LEVEL | {
    ending[4:].encode("ascii").decode("punycode") for ending in TOP_LEVEL if ending.startswith("xn--")
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A link-like stretch `text[start:end]` and what came of it."""

    start: int
    end: int
    verdict: Target | Refusal


def scan(text: str, start: int, end: int, own_hosts: frozenset[str], bare_domains: str) -> Iterator[Candidate]:
    """Every link-like stretch of `text[start:end]`, in order; e-mail addresses are no such thing."""
    place = start
    while token := _TOKEN.search(text, place, end):
        web = text.startswith("://", token.end()) and token.end() + 3 <= end
        span = _web_span(text, token, end) if web else _bare_span(text, token, end)
        place = token.end()
        if span is not None and span[0] < span[1]:
            place = max(place, span[1])
            yield Candidate(*span, weigh(text, *span, own_hosts, bare_domains))


def weigh(text: str, start: int, end: int, own_hosts: frozenset[str], bare_domains: str) -> Target | Refusal:
    """Judge `text[start:end]` where it stands: what follows a lone `https://` must not become a link."""
    candidate = text[start:end]
    torn = candidate.endswith("://") and text[end : end + 1].isspace()
    if torn or (candidate[:4].lower() != "http" and _follows_scheme(text, start)):
        return Refusal("separator", REASONS["separator"])
    return judge(candidate, own_hosts=own_hosts, bare_domains=bare_domains)


def _follows_scheme(text: str, start: int) -> bool:
    for place in range(start - 1, max(start - _LOOK_BACK, 2) - 1, -1):
        if not text[place].isspace() and text[place] not in OPENING:
            return text[place - 2 : place + 1] == "://"
    return False


def _web_span(text: str, token: re.Match[str], end: int) -> tuple[int, int]:
    """From the scheme to the next border; a scheme other than http(s) is taken whole, to be refused."""
    scheme = _WEB_END.search(token[0])
    start = token.start() + (scheme.start() if scheme else 0)
    after = token.end() + 3
    stop = _run_end(text, after, end)
    if stop == after and (ideographic := IDEOGRAPHIC_HOST.match(text, after, end)):
        stop = _run_end(text, ideographic.end(), end)
    return start, _trimmed(text, start, stop)


def _run_end(text: str, start: int, end: int) -> int:
    run = RUN.match(text, start, end)
    return run.end() if run else start


def _bare_span(text: str, token: re.Match[str], end: int) -> tuple[int, int] | None:
    """A dotted name with a known ending, or that begins with `www.`, with its port and path."""
    name = token[0].strip("_").rstrip("-_")
    start = text.index(name, token.start()) if name else token.start()
    stop = start + len(name)
    if not _looks_like_domain(name) or not _stands_free(text, start, token.end()):
        return None
    port = _PORT.match(text, stop, end)
    stop = port.end() if port else stop
    if stop < end and text[stop] in "/?#":
        return start, _trimmed(text, start, _run_end(text, stop, end))
    return None if stop < end and text[stop] in _BEHIND else (start, stop)


def _looks_like_domain(name: str) -> bool:
    lower = name.lower()
    return "." in name and (lower.startswith("www.") or lower.rpartition(".")[2] in _ENDINGS)


def _stands_free(text: str, start: int, end: int) -> bool:
    """Not part of an e-mail address, a file's path, a mention, a variable or a number."""
    if _MAIL.match(text, end):
        return False
    before = text[start - 1] if start else " "
    return before not in _BEFORE or (before == "." and text[start - 2 : start - 1] == ".")


def _trimmed(text: str, start: int, end: int) -> int:
    """The link's end: before an enclosing bracket's partner, a suffix, sentence punctuation."""
    end = enclosed_end(text, start, end)
    suffix = _SUFFIX.search(text[start:end])
    end = start + suffix.start() if suffix else end
    return strip(text, start, end, _EMPHASIS)[1]
