"""Find links in running text in one pass from left to right: where each begins and ends.

`smart` takes the links that are found here. `strict` only reports them, if a piece is not a link as a whole.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from shortener.rules.links import bare, markup, neighbours
from shortener.rules.links.boundaries import CJK, IDEOGRAPHIC_HOST, OPENING, SPACELESS, run_end, strip
from shortener.rules.links.detection import BareDomains
from shortener.rules.links.endings import has_known, is_known, known_start, path_end, without_text
from shortener.rules.links.link_ends import LinkEnds
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.target import Refusal, Target, judge
from shortener.rules.links.word_lists import OTHER_SCHEMES

# Names with dots, of letters, digits, `_` and `-`, in scripts that put spaces between words.
_LETTERS: Final = f"(?:(?![{CJK}{SPACELESS}])[\\w-])++"
_EDGE: Final = f"(?:(?<![\\w-])|(?<=[{CJK}{SPACELESS}]))"
_TOKEN: Final = re.compile(f"{_EDGE}{_LETTERS}(?:(?:\\.{_LETTERS})++|(?=:)|(?=\\+http))", re.I)
LINK_LIKE: Final = re.compile(r"[^\s.]\.[^\s.]|://")  # a text without this has no link
_WEB_END: Final = re.compile(r"https?\Z", re.I | re.A)
_PORT: Final = re.compile(r":[0-9]{1,5}(?!\w)")
_WWW: Final = re.compile(r"(?:.*[.0-9])?(?=www\.)", re.I | re.A)  # `8am.www.example.com`
_MAIL: Final = re.compile(r"[\w.+'%&*-]{0,64}@")
_SUFFIX: Final = re.compile(r"['´][^\W\d_]{1,8}[.,;:!?)]*\Z")
_BEFORE: Final = frozenset("@$%#~-.&+/\\")  # a name after one of these is part of something else
_BEHIND: Final = frozenset("(@=\\")  # so is a name before one of these
_NO_SPACE: Final = re.compile(f"[^\\s{CJK}]*")
_HOST_ONLY: Final = re.compile(r"[^/?#:@]*")
_SEPARATORS: Final = OPENING | frozenset("|")  # removed from the end: they open the text that follows
_SCHEMES: Final = frozenset(OTHER_SCHEMES.split())
_BEFORE_LINK: Final = frozenset({"sms", "tel", "mms", "data", "feed", "market"})  # also words before links
_VCS: Final = re.compile(r"(?:git|hg|svn|bzr|darcs|web)\+https?://", re.I | re.A)
_AFTER_SLASHES: Final = re.compile(r"(?:^|[^:;/\w])//\Z")  # `//example.com`
_WORD_AND: Final = re.compile(r"(?:^|\s)[^\W\d_]+&\Z")  # `shops&example.com`
_WORD_IN_BRACKETS: Final = re.compile(r"(?<=[A-Za-z0-9])\([A-Z][a-z]+\)\Z")  # `?id=1(End)`
_BREAK: Final = re.compile(
    r"(?<![.,])[.,]{2,}+(?=[^\W\d_]+\Z)|(?<=/),{2,}(?=\w)|\[/"
)  # `acme.com/a...and`, `acme.com/a,,Win`, `…[/url]`


class Candidate(NamedTuple):
    """A link-like text, `text[start:end]`, with the verdict on it."""

    start: int
    end: int
    verdict: Target | Refusal


def scan(text: str, start: int, end: int, own_hosts: frozenset[str], bare_domains: BareDomains) -> Iterator[Candidate]:
    """Yield every link-like text in `text[start:end]`, in order. E-mail addresses do not count."""
    if not LINK_LIKE.search(text, start, end):
        return
    ends = LinkEnds(text, end)
    place = free = start
    while token := _TOKEN.search(text, place, end):
        found = _candidate(ends, token, own_hosts, bare_domains)
        if found is None:
            place = token.end()
            continue
        first = max(free, neighbours.glued_scheme(text, found.start)) if _is_separator(found) else found.start
        free, place = found.end, max(token.end(), found.end)
        yield Candidate(first, found.end, found.verdict)


def judge_in_place(
    text: str, start: int, end: int, own_hosts: frozenset[str], bare_domains: BareDomains
) -> Target | Refusal:
    """Judge `text[start:end]` together with the text around it: what follows a lone `https://` is not a link."""
    candidate = text[start:end]
    if candidate.endswith("://") and text[end : end + 1].isspace():
        return Refusal(SkipReason.SEPARATOR)
    verdict = judge(candidate, own_hosts=own_hosts, bare_domains=bare_domains)
    if isinstance(verdict, Target) and (reason := neighbours.fault(text, start, end)):
        return Refusal(reason)
    return verdict


def has_next_words(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]` contains the next words of the sentence, after dots or commas."""
    return _unbroken(text, start, end) < end


def _is_separator(found: Candidate) -> bool:
    return isinstance(found.verdict, Refusal) and found.verdict.reason == SkipReason.SEPARATOR


def _candidate(
    ends: LinkEnds, token: re.Match[str], own_hosts: frozenset[str], bare_domains: BareDomains
) -> Candidate | None:
    text, end = ends.text, ends.end
    after = text[token.end() : token.end() + 1]
    if after in (":", "+") and (stop := _other_scheme_end(ends, token)):
        return Candidate(token.start(), stop, Refusal(SkipReason.SCHEME))
    web = after == ":" and text.startswith("://", token.end()) and token.end() + 3 <= end
    span = _web_span(ends, token) if web else _bare_span(ends, token)
    if span is None or span[0] >= span[1]:
        return None
    verdict = judge_in_place(text, *span, own_hosts, bare_domains)
    if isinstance(verdict, Refusal) and (web or text[span[0] : span[0] + 4].lower() == "www."):
        span, verdict = _whole_host(text, *span, end, verdict)
    return Candidate(*span, verdict)


def _whole_host(text: str, start: int, stop: int, end: int, verdict: Refusal) -> tuple[tuple[int, int], Refusal]:
    """Extend a refused host over a symbol and the rest of the host: `http://my✶example.com/x` is one refusal."""
    host = _HOST_ONLY.match(text, max(start, text.find("://", start, stop) + 3), stop)
    if not host or host.end() < stop:
        return (start, stop), verdict
    rest = _NO_SPACE.match(text, stop, end)
    whole = strip(text, start, rest.end() if rest else stop)[1]
    if whole <= stop:
        return (start, stop), verdict
    again = judge(text[start:whole])
    return (start, whole), again if isinstance(again, Refusal) else verdict


def _other_scheme_end(ends: LinkEnds, token: re.Match[str]) -> int:
    """Return the end of `mailto:a@b.com?body=https://…`, `view-source:https://…` or `git+https://…`; 0 for others."""
    text, after = ends.text, token.end() + 1
    name = token[0].rpartition(".")[2].lower()
    if _VCS.match(text, token.start(), ends.end):
        return ends.end_of(after)
    if text[token.end()] != ":" or name not in _SCHEMES:
        return 0
    if name in _BEFORE_LINK and text[after : after + 4].lower() == "http":
        return 0
    stop = ends.end_of(after)
    return stop if ends.has_scheme(after, stop) else 0


def _web_span(ends: LinkEnds, token: re.Match[str]) -> tuple[int, int]:
    """Return the text from the scheme to its end. A scheme other than http(s) is included, to be refused."""
    text, end = ends.text, ends.end
    scheme = _WEB_END.search(token[0])
    start = token.start() + (scheme.start() if scheme else 0)
    after = token.end() + 3
    if start and text[start - 1] == "<":  # `<https://example.com/|label>`
        bar = text.find("|", after, end)
        end = bar if bar >= 0 else end
    stop = run_end(text, after, end) if end < ends.end else ends.end_of(after)
    stop = _ideographic_host_end(text, after, stop, end)
    if text[stop : stop + 1] in neighbours.WIDE_DOTS and _HOST_ONLY.fullmatch(text, after, stop):
        stop = _joined_end(ends, stop, web=True)
    if stop == after:  # a mark follows `https://`: refuse all of it, not only what follows the mark
        rest = _NO_SPACE.match(text, after, end)
        return start, rest.end() if rest else stop
    if text[stop - 1] == ")" and (word := _WORD_IN_BRACKETS.search(text[after:stop])):
        stop = after + word.start()
    host = _HOST_ONLY.match(text, after, stop)
    if host and host.end() == stop:
        name = without_text(host[0], certain=True)
        if len(name) < len(host[0]):
            return start, after + len(name)
    return start, _trimmed(text, start, _unbroken(text, after, stop))


def _ideographic_host_end(text: str, after: int, stop: int, end: int) -> int:
    """Extend the link over a host in ideographs: `https://例え.jp/`, `https://www.例え.jp/`, `https://example.みんな`."""
    host = text[after:stop]
    if host and (host[-1] != "." or not _HOST_ONLY.fullmatch(host) or is_known(host[:-1].rpartition(".")[2])):
        return stop
    more = IDEOGRAPHIC_HOST.match(text, stop, end)
    if more is None:
        return stop
    ending = more[0].rpartition(".")[2]
    known = known_start(ending)
    if not known:
        return stop if host else run_end(text, more.end(), end)
    return run_end(text, more.end(), end) if known == len(ending) else more.end() - len(ending) + known


def _bare_span(ends: LinkEnds, token: re.Match[str]) -> tuple[int, int] | None:
    """Return the span of a name that has a known ending or begins with `www.`, with its port and path."""
    if "." not in token[0]:
        return None
    text, end = ends.text, ends.end
    www = _WWW.match(token[0])
    start = token.start() + (www.end() if www else len(token[0]) - len(token[0].lstrip("_")))
    name = without_text(text[start : token.end()].rstrip("-_"), certain=www is not None)
    stop = start + len(name)
    if not (name[:4].lower() == "www." or has_known(name)) or not _stands_free(text, start, token.end()):
        return None
    port = _PORT.match(text, stop, end)
    place = port.end() if port else stop
    if place < end and text[place] in "/?#":
        stop = ends.end_of(place)
        if bare.may_belong(text, place, stop):
            stop = _trimmed(text, start, _unbroken(text, start, stop))
            if bare.belongs(text[place:stop]):
                return start, stop
    elif text[place : place + 1] in _BEHIND:
        return None
    if text[place : place + 1] in neighbours.WIDE_DOTS:
        place = _joined_end(ends, place, web=False)
    return start, place


def _joined_end(ends: LinkEnds, stop: int, *, web: bool) -> int:
    """Extend a host over a wide dot that is part of it, so that all of it is refused and no half becomes a link."""
    joined = neighbours.joined_host(ends.text, stop, ends.end, web=web)
    return ends.end_of(joined) if joined > stop else stop


def _stands_free(text: str, start: int, end: int) -> bool:
    """Return whether the name is not part of an e-mail address, a file's path, a mention, a variable or a number."""
    if _MAIL.match(text, end):
        return False
    before = text[start - 1] if start else " "
    if before != "@" and text[start : start + 4].lower() == "www.":
        return True
    if before == "/":
        slashes = _AFTER_SLASHES.search(text[max(0, start - 3) : start])
        return slashes is not None or neighbours.follows_scheme(text, start)
    if before == "'":
        return not text[max(0, start - 2) : start - 1].isalnum()
    if before == "&":
        return _WORD_AND.search(text[max(0, start - 24) : start]) is not None
    return before not in _BEFORE or (before == "." and text[start - 2 : start - 1] == ".")


def _unbroken(text: str, start: int, end: int) -> int:
    """Return where the next words of the sentence begin in a path, or `end`."""
    link = text[start:end]
    if ".." not in link and ",," not in link and "[/" not in link:
        return end
    broken = _BREAK.search(link)
    if not broken or "/compare/" in link or not {"?", "#"}.isdisjoint(link[: broken.start()]):
        return end
    return start + broken.start()


def _trimmed(text: str, start: int, end: int) -> int:
    """Return the link's end: before a suffix, a next sentence, punctuation, or marks opened before the link."""
    end = start + path_end(text[start:end])
    suffix = _SUFFIX.search(text, start, end) if end == len(text) else _SUFFIX.search(text[start:end])
    if suffix:
        end = suffix.start() if end == len(text) else start + suffix.start()
    while True:
        last = strip(text, start, end, _SEPARATORS)[1]
        end = markup.closing(text, start, last)
        if end == last:
            return end
