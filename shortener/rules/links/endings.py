"""Find where a domain name ends if text is joined to it, with the list of top-level domains."""

import re
from typing import Final

from shortener.rules.links.host import TOP_LEVEL
from shortener.rules.links.word_lists import CHAT_WORDS, SECOND_LEVEL, WEB_FILES, WORDLIKE

_ENDINGS: Final = TOP_LEVEL | {
    ending[4:].encode("ascii").decode("punycode") for ending in TOP_LEVEL if ending.startswith("xn--")
}
_LONGEST: Final = max(map(len, _ENDINGS))
_WEB_FILES: Final = frozenset(WEB_FILES.split())
_CAPITALIZED: Final = re.compile("[A-Z][a-z]+")
_CAPITALS: Final = re.compile(r"(?<=[a-z])\.([A-Z]+)\Z")  # `www.acme.com.STOP`, `www.acme.com.T&C`
_AFTER_SLASH: Final = re.compile(r"\.(?=[A-WYZ][A-Za-z]*[.,;:!?]*\Z)")  # not `.Xresources`
_INITIAL: Final = re.compile(r"(?<=\w)\.(?=[A-Z][.,]\Z)")
_WORD_BEHIND: Final = re.compile(r"\.(?=([A-Z][a-z]+)[.,;:!?]*\Z)")
_MODULE: Final = re.compile(r"[A-Z][a-z]*(?:\.[A-Z]\w*)*")  # `Data.List`, `John.Smith`
_SHORT_LINK: Final = re.compile(r"(?:https?://)?[^/]+", re.I)  # before the only `/`
_SHORT_NAME: Final = re.compile(r"(?=.*(?:\d|[a-z][A-Z]|[A-Z]{2}))\w{4,}")  # `2Abc9`, as shorteners make them
_GLUED_WORD: Final = re.compile(r"[a-z]{2,}(?=[A-Z][a-z])")
_GLUED: Final = re.compile(r"[a-z]{2,}(?=[A-Z][a-z]|[0-9]+[a-z])")
_SIGN: Final = re.compile(r"[=&+*!$'(),;~|]|(?<![_-])[_-]++\Z")


def is_known(ending: str) -> bool:
    """Return whether a top-level domain is known, in ASCII or in its own script."""
    return ending.lower() in _ENDINGS


def has_known(name: str) -> bool:
    """Return whether a name has a dot and ends with a known top-level domain."""
    return "." in name and is_known(name.rpartition(".")[2])


def known_start(label: str) -> int:
    """Return the length of the longest known top-level domain that a label begins with; 0 if there is none."""
    return next((size for size in range(min(len(label), _LONGEST), 0, -1) if is_known(label[:size])), 0)


def without_text(name: str, *, certain: bool) -> str:
    """Return a name without the text that is joined to it.

    That is the next sentence (`acme.com.Call`), a word with a capital (`acme.comPlease`) and, if a scheme or `www.`
    makes it `certain` that a domain is meant, digits (`www.acme.com1win`) and signs (`acme.com=`).
    """
    if certain and (sign := _SIGN.search(name)) and has_known(name[: sign.start()]):
        name = name[: sign.start()]
    while (end := name.rfind(".")) >= 0 and _CAPITALIZED.fullmatch(name, end + 1):
        if not _begins_sentence(name[:end], name[end + 1 :]):
            break
        name = name[:end]
    if certain and (shouts := _CAPITALS.search(name)) and not is_known(shouts[1]) and has_known(name[: shouts.start()]):
        name = name[: shouts.start()]
    rest, dot, last = name.rpartition(".")
    if dot and not is_known(last):
        glued = (_GLUED if certain else _GLUED_WORD).match(last)
        if glued and is_known(glued[0]) and rest.lower() != "www":
            return f"{rest}.{glued[0]}"
    return name


def path_end(link: str) -> int:
    """Return where the next sentence begins that a full stop joins to a link's path; else the link's length.

    `acme.com/premium/.Call`, `acme.com/x1.S. Miller`, `acme.com/TopUp.Info`; not `/Data.List`, not `/Index2.Html`.
    """
    before, slash, last = link.rpartition("/")
    if not slash or before.endswith(":/") or "." not in last or not {"?", "#"}.isdisjoint(link):
        return len(link)
    short = _SHORT_LINK.fullmatch(before) is not None
    found = _AFTER_SLASH.match(last) or _next_sentence(last, short=short)
    return len(before) + 1 + found.start() if found else len(link)


def _next_sentence(last: str, *, short: bool) -> re.Match[str] | None:
    """Find the full stop before an initial or a word. `/wiki/U.S.`, `/V1.Final` and `/Data.List` are names."""
    if short and (initial := _INITIAL.search(last)) and _SHORT_NAME.fullmatch(last[: initial.start()]):
        return initial
    found = _WORD_BEHIND.search(last)
    if not found or found[1].lower() in _WEB_FILES:
        return None
    name = last[: found.start()]
    if _MODULE.fullmatch(name):
        return None
    return found if found[1].lower() in CHAT_WORDS or (short and _SHORT_NAME.fullmatch(name)) else None


def _begins_sentence(rest: str, word: str) -> bool:
    """Return whether a word begins a sentence: in `acme.com.Call`, `acme.co.uk.Help`, not in `acme.com.Tr`."""
    if not is_known(word):
        return True
    if word in ("Ltd", "Inc"):  # of a company's name
        return False
    if not has_known(rest):
        return False
    last = rest.rpartition(".")[2]
    if last.lower() in SECOND_LEVEL and len(word) == 2:
        return False
    return not last.istitle() or word.lower() in WORDLIKE
