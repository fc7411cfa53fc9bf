"""Guess whether a bare domain, which has no scheme, is meant as a link."""

import re
from typing import Final

from shortener.rules.links.detection import BareDomains
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.word_lists import (
    ABBREVIATIONS,
    CHAT_WORDS,
    FILE_ENDINGS,
    MAIL_PROVIDERS,
    NAMES_THAT_ARE_WORDS,
    SECOND_LEVEL,
    SHARED_HOSTS,
    THINGS,
    WORDLIKE,
)

_SHARED_HOSTS: Final = frozenset(SHARED_HOSTS.split())
_ABBREVIATIONS: Final = frozenset(ABBREVIATIONS.split())
_THINGS: Final = frozenset(THINGS.split())
_MAIL_PROVIDERS: Final = frozenset(MAIL_PROVIDERS.split())
_GLUED_PROVIDERS: Final = ("gmail", "hotmail")
_NAMES: Final = frozenset(NAMES_THAT_ARE_WORDS.split())
_FILES: Final = frozenset(FILE_ENDINGS.split())
_ANY_CASE: Final = frozenset({"com", "net", "org"})  # so well known that people write them in any case
_QUERY: Final = re.compile(r"\?[\w.~\[\]%-]{1,64}=")
_FRAGMENT: Final = re.compile(r"#[a-z!/][\w/!.=&%-]*")
# What may be removed from the end of a fragment: punctuation and marks, then a suffix (`#offer)'s`).
_BEHIND_FRAGMENT: Final = re.compile(r"[\W_]*+(?:(?<=['´])[^\W\d_]{1,8}[.,;:!?)]*)?")
_NUMBER_OF: Final = re.compile(r"/(?:hp|rek|rekening|telp|tlp|wa)\b", re.I)  # `bank.no/rek`: a number, in Indonesian
_PORTS: Final = frozenset({"80", "443"})
_LETTER_AND_DIGIT: Final = re.compile(r"[^\W\d]\d|\d[^\W\d]")
_PLAIN: Final = frozenset({"biz", "icu", "info", "mobi", "xyz"})  # no sentence uses these as words
_WITH_SIGN: Final = re.compile(r"(?=.*[\d-])\w{2,}(?:-\w{2,})*")
_LAUGHTER: Final = re.compile(r"(?:h+[aei]+){2,}h*|l+o+l+|[hx]?m{2,}")


def fault(host: str, port: str, rest: str, bare_domains: BareDomains) -> SkipReason | None:
    """Return why a valid host without a scheme is not a link, `bare` or `word`; None if it is one.

    `off` takes no host, `any` takes all except numbers, `careful` takes those that can hardly be anything else.
    """
    labels = host.removesuffix(".").split(".")
    if bare_domains == BareDomains.OFF or labels[-1].isdigit() or host.startswith("["):
        return SkipReason.BARE  # 3.0.0.0 is more often a version than an address
    if bare_domains == BareDomains.ANY or len(labels) == 1:
        return None
    if is_sign(port, rest):
        return SkipReason.WORD if labels[-1].lower() == "no" and _NUMBER_OF.match(rest) else None
    if labels[0].lower() == "www":
        return None if len(labels) > 2 else SkipReason.WORD
    return SkipReason.WORD if _reads_like_text(labels, host.lower()) else None


def is_sign(port: str, rest: str) -> bool:
    """Return whether a port, path or query shows that a URL is meant: `:443`, `/x`, `?k=v`; not `:817`, `?what`."""
    number = port[1:]
    if number in _PORTS or (len(number) > 3 and number.isdigit() and number[:2] not in ("19", "20")):
        return True
    return rest.startswith("/") or _QUERY.match(rest) is not None


def belongs(rest: str) -> bool:
    """Return whether the text after a bare host is its path, query or fragment; `?Offer`, `#ORDER7` are not."""
    return rest.startswith("/") or bool(_QUERY.match(rest) or _FRAGMENT.fullmatch(rest))


def may_belong(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]`, directly after a bare host, may belong to it once its end is trimmed."""
    if text[start] == "?":
        return _QUERY.match(text, start, end) is not None
    if text[start] == "/":
        return True
    fragment = _FRAGMENT.match(text, start, end)
    behind = _BEHIND_FRAGMENT.match(text, fragment.end(), end) if fragment else None
    return behind is not None and behind.end() == end


def _reads_like_text(labels: list[str], host: str) -> bool:
    ending, name = labels[-1].lower(), labels[-2].lower()
    if ending in _ANY_CASE or host in _NAMES:
        return host in _THINGS
    if _is_abbreviation(labels, name, ending) or _begins_sentence(labels):
        return True
    if _stands_below_registry(name, ending):
        return False
    if ending in WORDLIKE:
        return not _has_further_sign(labels, ending)
    return len(labels) == 2 and (_is_chat(name) or _is_mixed(labels, ending))


def _is_abbreviation(labels: list[str], name: str, ending: str) -> bool:
    """Return whether it is an abbreviation or number: `No.ID`, `5.Sg`, `5082.GRATIS`."""
    if name.isdigit():
        return len(ending) == 2 or labels[-1].isupper()
    return len(labels) == 2 and name in _ABBREVIATIONS


def _stands_below_registry(name: str, ending: str) -> bool:
    return f"{name}.{ending}" in _SHARED_HOSTS or (len(ending) == 2 and name in SECOND_LEVEL)


def _is_chat(name: str) -> bool:
    return name in CHAT_WORDS or _LAUGHTER.fullmatch(name) is not None


def _is_mixed(labels: list[str], ending: str) -> bool:
    """Find `RCTI.info`, `Safari.app`: below long endings, domains are in lower case or have a hyphen or digit."""
    name = labels[-2]
    if len(ending) == 2 or name.islower():
        return False
    return name.isupper() and name.isalpha() if ending in _PLAIN else not _WITH_SIGN.fullmatch(name)


def _has_further_sign(labels: list[str], ending: str) -> bool:
    """Find `cx.parcel24.in`, `my.acme-bank.click`: three labels, none a word of chat; file names may have dots too."""
    names = labels[:-1]
    if len(names) < 2 or ending in _FILES or not labels[-1].islower():
        return False
    if len(ending) > 2 and "-" not in names[-1].strip("-"):
        return False
    if min(map(len, names)) < 2 or _is_chat(names[-1].lower()) or names[0].isdigit():
        return False
    return all(map(str.islower, names)) or any(map(_LETTER_AND_DIGIT.search, names))


def _begins_sentence(labels: list[str]) -> bool:
    """Find a capital after a full stop (`klik.Info`) and capitals after lower case (`System.IO`, `cancelled.MTN`)."""
    name, ending = labels[-2:]
    if len(labels) > 2 and name.istitle() and len(name) > 1 and labels[-3].islower():
        return True  # `news.Ne.ws`
    if ending.istitle() and len(ending) > 1:
        return not (len(ending) == 2 and name.lower() in SECOND_LEVEL)
    return ending.isupper() and name.upper() != name


def is_mail_provider(host: str) -> bool:
    """Return whether a host is the rest of an e-mail address without its `@`: `gmail.com`, `bob7gmail.com`."""
    name = host.partition(".")[0].lower()
    return name in _MAIL_PROVIDERS or name.endswith(_GLUED_PROVIDERS)
