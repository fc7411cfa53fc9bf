"""Links inside running text: where one may begin, and how far it goes. One pass, left to right.

`smart` detection takes what is found here; `strict` only reports it, where a piece as a whole is no link.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shortener.rules.bare import is_rest_of_mail
from shortener.rules.borders import CJK, IDEOGRAPHIC_HOST, OPENING, RUN, SPACELESS, enclosed_end, strip
from shortener.rules.host import TOP_LEVEL
from shortener.rules.target import REASONS, Refusal, Target, judge

# Dotted letters, digits, `_` and `-` of scripts that put spaces between words.
_LETTERS: Final = f"(?:(?![{CJK}{SPACELESS}])[\\w-])+"
_TOKEN: Final = re.compile(f"{_LETTERS}(?:\\.{_LETTERS})*")
_WEB_END: Final = re.compile(r"https?\Z", re.I | re.A)
_PORT: Final = re.compile(r":[0-9]{1,5}(?!\w)")
_WWW: Final = re.compile(r"(?:.*[.0-9])?(?=www\.)", re.I | re.A)  # `8am.www.example.com`
_GOES_ON: Final = re.compile(r"\.[A-Z][a-z]+\Z")  # `www.example.com.Please call`: the next sentence
_MAIL_BEFORE: Final = re.compile(r"\w@ {1,3}\Z")  # `name@ example.com`
_MAIL: Final = re.compile(r"[\w.+'%&*-]{0,64}@")
_SUFFIX: Final = re.compile(r"['´][^\W\d_]{1,8}[.,;:!?)]*\Z")
_BEFORE: Final = frozenset("@$%#~-.&+/\\")  # a name after one of these is part of something else
_BEHIND: Final = frozenset("(@=\\")  # and so is one before these
_NO_SPACE: Final = re.compile(f"[^\\s{CJK}]*")
_HOST_ONLY: Final = re.compile(r"[^/?#:@]*")
_OPEN_ENDED: Final = OPENING | frozenset("*~|")  # emphasis, separators, and brackets that open for what follows
_AFTER_SLASHES: Final = re.compile(r"(?:^|[^:;/\w])//\Z")  # `//example.com`, `http //example.com`
_BROKEN_SCHEME: Final = re.compile(r"https?[:;/\\][:;/\\\s]*\Z", re.I)
_OPENING_OR_SPACE: Final = "".join(OPENING) + " \t\r\n\u3000"
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
    """Whether what stands before is a scheme gone wrong: `https:// `, `http//`, `http; //`; not `http //`, from OCR."""
    before = text[max(0, start - _LOOK_BACK) : start].rstrip(_OPENING_OR_SPACE)
    return before.endswith("://") or _BROKEN_SCHEME.search(before) is not None


def _web_span(text: str, token: re.Match[str], end: int) -> tuple[int, int]:
    """From the scheme to the next border; a scheme other than http(s) is taken whole, to be refused."""
    scheme = _WEB_END.search(token[0])
    start = token.start() + (scheme.start() if scheme else 0)
    after = token.end() + 3
    end = enclosed_end(text, start, end)
    stop = _ideographic_host_end(text, after, _run_end(text, after, end), end)
    if stop == after:  # a mark stands right behind `https://`: all of it is refused, not what follows the mark
        rest = _NO_SPACE.match(text, after, end)
        return start, rest.end() if rest else stop
    name = text[after:stop]
    if len(_without_sentence(name)) < len(name):
        stop = after + len(_without_sentence(name))
    return start, _trimmed(text, start, stop)


def _ideographic_host_end(text: str, after: int, stop: int, end: int) -> int:
    """Go on where a border is part of the host: `https://例え.jp/`, `https://www.例え.jp/`, `https://example.みんな`."""
    host = text[after:stop]
    if host and (host[-1] != "." or not _HOST_ONLY.fullmatch(host) or _has_known_ending(host[:-1])):
        return stop
    more = IDEOGRAPHIC_HOST.match(text, stop, end)
    if more is None:
        return stop
    ending = more[0].rpartition(".")[2]
    known = next((size for size in range(len(ending), 0, -1) if ending[:size].lower() in _ENDINGS), 0)
    if not known:
        return stop if host else _run_end(text, more.end(), end)
    return _run_end(text, more.end(), end) if known == len(ending) else more.end() - len(ending) + known


def _run_end(text: str, start: int, end: int) -> int:
    run = RUN.match(text, start, end)
    return run.end() if run else start


def _bare_span(text: str, token: re.Match[str], end: int) -> tuple[int, int] | None:
    """A dotted name with a known ending, or that begins with `www.`, with its port and path."""
    www = _WWW.match(token[0])
    start = token.start() + (www.end() if www else len(token[0]) - len(token[0].lstrip("_")))
    name = _without_sentence(text[start : token.end()].rstrip("-_"))
    stop = start + len(name)
    if not _looks_like_domain(name) or not _stands_free(text, start, token.end()):
        return None
    end = enclosed_end(text, start, end)
    port = _PORT.match(text, stop, end)
    stop = port.end() if port else stop
    if stop < end and text[stop] in "/?#":
        run = _trimmed(text, start, _run_end(text, stop, end))
        return (start, run) if text[stop:run] != "#" else None
    if text[stop : stop + 1] in _BEHIND or (not www and _rest_of_mail(text, start, name)):
        return None
    return start, stop


def _without_sentence(name: str) -> str:
    goes_on = _GOES_ON.search(name)
    return name[: goes_on.start()] if goes_on and not _has_known_ending(name) else name


def _rest_of_mail(text: str, start: int, name: str) -> bool:
    """`name@ example.com`, `name at gmail.com`: an address that somebody tore or spelled out."""
    before = text[max(0, start - 5) : start]
    return bool(_MAIL_BEFORE.search(before)) or (is_rest_of_mail(name) and not before.endswith("/"))


def _looks_like_domain(name: str) -> bool:
    return "." in name and (name[:4].lower() == "www." or _has_known_ending(name))


def _has_known_ending(name: str) -> bool:
    return name.rpartition(".")[2].lower() in _ENDINGS


def _stands_free(text: str, start: int, end: int) -> bool:
    """Not part of an e-mail address, a file's path, a mention, a variable or a number."""
    if _MAIL.match(text, end):
        return False
    before = text[start - 1] if start else " "
    if before != "@" and text[start : start + 4].lower() == "www.":
        return True
    if before == "/":
        return _AFTER_SLASHES.search(text[max(0, start - 3) : start]) is not None
    return before not in _BEFORE or (before == "." and text[start - 2 : start - 1] == ".")


def _trimmed(text: str, start: int, end: int) -> int:
    """The link's end: before a suffix and sentence punctuation."""
    suffix = _SUFFIX.search(text[start:end])
    end = start + suffix.start() if suffix else end
    return strip(text, start, end, _OPEN_ENDED)[1]
