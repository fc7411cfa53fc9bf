"""Find the first valid link of a text, or all of them, and put shortlinks in their places.

`strict` looks at pieces between ASCII white space: a piece must be a link as a whole, except for punctuation at its
ends. `smart` looks at running text: other white space, quotes and Chinese, Japanese and Korean text end a link too.
Text that looks like a link and is not rewritten is reported with a reason. Nothing outside the link changes.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from shortener.rules.links import bare, markup, plain
from shortener.rules.links.boundaries import is_balanced, strip, touches_text
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.links.endings import has_known, without_text
from shortener.rules.links.scan import LINK_LIKE, Candidate, has_next_words, judge_in_place, scan
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.target import Refusal, Target
from shortener.rules.links.tracking import Track
from shortener.rules.slug import NO_MORE_SLUG, PATTERN

MOST_LINKS: Final = 1_000  # of one message that get a shortlink
MOST_SKIPPED: Final = 1_000  # of each part, besides http(s) pieces before the link, which are always reported
LONGEST_SKIPPED: Final = 2_048  # characters of a skipped text that are returned

_WEB: Final = re.compile("https?://", re.I | re.A)
_HOST: Final = re.compile(r"(?:https?://)?([^/?#:@]*)", re.I | re.A)
_SPACES: Final = str.maketrans("\n\r\t\v\f", " " * 5)
_WHITE: Final = re.compile("[\n\r\t\v\f]")
_GLUED: Final = Refusal(SkipReason.GLUED)
_MARKED: Final = Refusal(SkipReason.MARK)
# Reasons that strict gives for a text that smart would have taken.
SMART_TAKES: Final = frozenset({SkipReason.GLUED, SkipReason.MARK})


class Found(NamedTuple):
    """A link of a message, `text[start:end]`, and its target."""

    start: int
    end: int
    target: Target


class Skipped(NamedTuple):
    """Link-like text at `start` that was not rewritten, and why.

    `text` is the link-like part alone, cut to 2,048 characters, so `[start, start + len(text))` lies within its piece.
    """

    text: str
    reason: SkipReason
    start: int


class Finding(NamedTuple):
    """The links to replace and the skipped texts, each in the order of the message."""

    links: tuple[Found, ...]
    skipped: tuple[Skipped, ...]

    @property
    def found(self) -> Found | None:
        """The first link, if there is one."""
        return self.links[0] if self.links else None


def find(
    text: str,
    *,
    detection: Detection = Detection.STRICT,
    bare_domains: BareDomains = BareDomains.CAREFUL,
    own_hosts: frozenset[str] = frozenset(),
    track: Track = Track.FIRST,
    leave: Callable[[Target], SkipReason | None] | None = None,
) -> Finding:
    """Return the first valid link of a text in one of the modes, or all. Never raises, whatever the text contains.

    `leave` says why a valid link is not to be taken all the same; None if it is.
    """
    if detection == Detection.SMART:
        candidates = scan(text, 0, len(text), own_hosts, bare_domains)
    else:
        candidates = _strict(text, own_hosts, bare_domains)
    most = 1 if track == Track.FIRST else MOST_LINKS
    full = SkipReason.LATER if track == Track.FIRST else SkipReason.MANY
    links: list[Found] = []
    skipped: list[Skipped] = []
    for each in candidates:
        left = leave(each.verdict) if leave and isinstance(each.verdict, Target) else None
        if isinstance(each.verdict, Target) and not left and len(links) < most:
            links.append(Found(each.start, each.end, each.verdict))
            continue
        if links and len(skipped) >= MOST_SKIPPED:
            if len(links) == most:
                break
            continue
        reason = each.verdict.reason if isinstance(each.verdict, Refusal) else left or full
        must = not links and _WEB.match(text, each.start) is not None
        if must or len(skipped) < MOST_SKIPPED:
            skipped.append(Skipped(text[each.start : each.end][:LONGEST_SKIPPED], reason, each.start))
    return Finding(tuple(links), tuple(skipped))


def without_links(text: str, finding: Finding) -> Finding:
    """Return the finding of a message that stays unchanged: its links become skipped texts."""
    kept = [
        Skipped(text[link.start : link.end][:LONGEST_SKIPPED], SkipReason.KEPT, link.start)
        for link in finding.links[:MOST_SKIPPED]
    ]
    return Finding((), tuple(sorted((*finding.skipped, *kept), key=lambda skipped: skipped.start)))


def rewrite(text: str, places: Iterable[tuple[int, int, str]]) -> str:
    """Return the text with each `[start, end)` replaced by its shortlink, and every other character unchanged.

    The places must be in order, and must not overlap. An erased text, which is empty, stays empty.
    """
    pieces, at = list[str](), 0
    for start, end, shortlink in places if text else ():
        pieces += text[at:start], shortlink
        at = end
    return "".join([*pieces, text[at:]])


def own_slugs(text: str, public_hosts: frozenset[str]) -> list[str]:
    """Return the slugs that follow one of our own hosts, in order. They need not be live."""
    if text.isascii() and not any(host in text.lower() for host in public_hosts):
        return []  # which is faster than the pattern
    return _own_slug_pattern(public_hosts).findall(text) if public_hosts else []


@lru_cache(maxsize=64)
def _own_slug_pattern(public_hosts: frozenset[str]) -> re.Pattern[str]:
    hosts = "|".join(re.escape(host) for host in sorted(public_hosts))
    return re.compile(rf"(?<![A-Za-z0-9_.@-])(?i:{hosts})(?::[0-9]{{1,5}})?/({PATTERN.pattern}){NO_MORE_SLUG}")


def _strict(text: str, own_hosts: frozenset[str], bare_domains: BareDomains) -> Iterator[Candidate]:
    spaced = _with_spaces(text)
    end = 0
    while sign := LINK_LIKE.search(text, _before_sign(text, end)):  # most pieces have none
        start = spaced.rfind(" ", end, sign.start()) + 1 or end
        end = spaced.find(" ", sign.end())
        end = len(text) if end < 0 else end
        yield from _judge_piece(text, start, end, own_hosts, bare_domains)


def _before_sign(text: str, start: int) -> int:
    """Return an offset before which `text[start:]` has nothing link-like: searching for a character is faster."""
    dot, colon = text.find(".", start), text.find("://", start)
    return max(start, min(len(text) if dot < 0 else dot - 1, len(text) if colon < 0 else colon))


def _with_spaces(text: str) -> str:
    """Return the text with every character of ASCII white space replaced by a space, at the same offset."""
    if text.isprintable():
        return text
    return text.translate(_SPACES) if text.isascii() else _WHITE.sub(" ", text)


def _judge_piece(
    text: str, start: int, end: int, own_hosts: frozenset[str], bare_domains: BareDomains
) -> Iterator[Candidate]:
    """Yield the piece as one candidate if it is a link as a whole, else its link-like parts."""
    if target := plain.target(text, start, end, own_hosts):
        yield Candidate(start, end, target)
        return
    first, last = strip(text, start, end)
    web = _WEB.match(text, first, last) is not None
    verdict = None
    if first < last and (web or _may_be_bare(text, first, last)) and not touches_text(text, first, last, web=web):
        verdict = judge_in_place(text, first, last, own_hosts, bare_domains)
        if isinstance(verdict, Target) and _is_one_link(text, first, last, web=web):
            yield Candidate(first, last, verdict)
            return
    parts = list(scan(text, start, end, own_hosts, bare_domains))
    smart_takes = any(isinstance(part.verdict, Target) for part in parts)
    if (web and not parts) or (web and isinstance(verdict, Refusal) and not smart_takes):
        yield Candidate(first, last, verdict if isinstance(verdict, Refusal) else _GLUED)
        return
    for part in parts:
        yield part._replace(verdict=_doubt(text, part)) if isinstance(part.verdict, Target) else part


def _may_be_bare(text: str, first: int, last: int) -> bool:
    """Return whether a piece looks like a bare domain. Few pieces with a dot do."""
    host = _HOST.match(text, first, last)
    return host is not None and has_known(host[1].removesuffix("."))


def _is_one_link(text: str, first: int, last: int, *, web: bool) -> bool:
    """Return whether it is certain where the link in the piece ends."""
    if has_next_words(text, first, last) or not is_balanced(text, first, last):
        return False
    if markup.closing(text, first, last) < last or (first and text[first - 1] == "<" and "|" in text[first:last]):
        return False
    host = _HOST.match(text, first, last)
    if not host or without_text(host[1], certain=web) != host[1]:
        return False
    rest = text[host.end() : last]
    if rest[:1] in ("?", "#") and host[1].endswith("."):
        return False  # `www.example.com.?Offer`
    return web or rest[:1] not in ("?", "#") or bare.belongs(rest)


def _doubt(text: str, part: Candidate) -> Refusal:
    """Return the refusal of strict for a link that smart would have taken."""
    beside = text[max(0, part.start - 1) : part.start] + text[part.end : part.end + 1]
    return _GLUED if markup.MARKS.isdisjoint(beside) else _MARKED
