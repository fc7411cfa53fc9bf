"""Which text in a message is its link? Find the first valid one and put the shortlink in its place.

`strict` looks at pieces between ASCII spaces: a piece, freed of punctuation at its ends, must as a whole be a link.
`smart` looks at running text: other white space, line ends and Chinese, Japanese and Korean text are borders as well.
Whatever looked like a link and was not rewritten is named with a reason. Nothing outside the link changes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from shortener.rules.borders import LINE_ENDS, strip, touches_text
from shortener.rules.scan import Candidate, scan, weigh
from shortener.rules.target import REASONS, Refusal, Target

DETECTIONS: Final = ("strict", "smart")
MOST_SKIPPED: Final = 50  # besides http(s) pieces that come before the link: these are always named
LONGEST_SKIPPED: Final = 2_048  # characters of a skipped text that are given back

_WEB: Final = re.compile("https?://", re.I | re.A)
_LINK_LIKE: Final = re.compile(r"[^\s.]\.[^\s.]|://")
_GLUED: Final = Refusal("glued", REASONS["glued"])


@dataclass(frozen=True, slots=True)
class Found:
    """The link of a message: `text[start:end]`, and where it leads."""

    start: int
    end: int
    target: Target


@dataclass(frozen=True, slots=True)
class Skipped:
    """Link-like text at `start` that was not rewritten, and why: a code of `target.REASONS`.

    `text` is the link-like part alone, cut to 2,048 characters, so `[start, start + len(text))` lies within its piece.
    """

    text: str
    reason: str
    start: int


@dataclass(frozen=True, slots=True)
class Finding:
    """The link, if there is one, and what was passed over, in the order of the text."""

    found: Found | None
    skipped: tuple[Skipped, ...]


def find(
    text: str,
    *,
    detection: str = "strict",
    bare_domains: str = "careful",
    own_hosts: frozenset[str] = frozenset(),
) -> Finding:
    """The first valid link of a text by one of `DETECTIONS`; never raises, whatever the text holds."""
    if detection == "smart":
        candidates = scan(text, 0, len(text), own_hosts, bare_domains)
    else:
        candidates = _strict(text, own_hosts, bare_domains)
    found: Found | None = None
    skipped: list[Skipped] = []
    for each in candidates:
        if found is None and isinstance(each.verdict, Target):
            found = Found(each.start, each.end, each.verdict)
            continue
        if found and len(skipped) >= MOST_SKIPPED:
            break
        reason = each.verdict.reason if isinstance(each.verdict, Refusal) else "later"
        must = found is None and _WEB.match(text, each.start) is not None
        if must or len(skipped) < MOST_SKIPPED:
            skipped.append(Skipped(text[each.start : each.end][:LONGEST_SKIPPED], reason, each.start))
    return Finding(found, tuple(skipped))


def kept(text: str, finding: Finding) -> Finding:
    """The finding of a message that is left as it is: its link is passed over like the rest."""
    if finding.found is None:
        return finding
    found = finding.found
    piece = Skipped(text[found.start : found.end][:LONGEST_SKIPPED], "kept", found.start)
    return Finding(None, tuple(sorted((*finding.skipped, piece), key=lambda skipped: skipped.start)))


def rewrite(text: str, found: Found, shortlink: str) -> str:
    """The text with the shortlink where the link stood, every other character as it was."""
    return text[: found.start] + shortlink + text[found.end :]


def own_slugs(text: str, public_hosts: frozenset[str]) -> list[str]:
    """The slugs that stand behind one of our own hosts, in order; whether they live is for others to say."""
    return _own_slug_pattern(public_hosts).findall(text) if public_hosts else []


@lru_cache(maxsize=64)
def _own_slug_pattern(public_hosts: frozenset[str]) -> re.Pattern[str]:
    hosts = "|".join(re.escape(host) for host in sorted(public_hosts))
    return re.compile(rf"(?<![A-Za-z0-9_.@-])(?i:{hosts})(?::[0-9]{{1,5}})?/([A-Za-z0-9]{{10}})(?![A-Za-z0-9])")


def _strict(text: str, own_hosts: frozenset[str], bare_domains: str) -> Iterator[Candidate]:
    end = 0
    while sign := _LINK_LIKE.search(text, end):  # most pieces hold none
        start = text.rfind(" ", end, sign.start()) + 1 or end
        end = text.find(" ", sign.end())
        end = len(text) if end < 0 else end
        yield from _judge_piece(text, start, end, own_hosts, bare_domains)


def _judge_piece(text: str, start: int, end: int, own_hosts: frozenset[str], bare_domains: str) -> Iterator[Candidate]:
    """The piece as one candidate where it is a link as a whole, else the link-like parts that it holds."""
    first, last = strip(text, start, end)
    web = _WEB.match(text, first, last)
    if (
        first < last
        and not LINE_ENDS.search(text, start, end)
        and not touches_text(text, first, last, web=web is not None)
    ):
        verdict = weigh(text, first, last, own_hosts, bare_domains)
        if web or isinstance(verdict, Target):
            yield Candidate(first, last, verdict)
            return
    named = False
    for part in scan(text, start, end, own_hosts, bare_domains):
        named = True
        yield replace(part, verdict=_GLUED) if isinstance(part.verdict, Target) else part
    if web and not named:
        yield Candidate(first, last, _GLUED)
