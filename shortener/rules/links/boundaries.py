"""The characters that end a link in a text, and the punctuation that is removed from both of its ends."""

import re
from typing import Final

# Chinese, Japanese and Korean letters, punctuation and full-width forms: kana, Han, Hangul, bopomofo and neighbouring
# Unicode blocks. Such text touches links, because these languages put no spaces between words.
CJK: Final = (
    "\u1100-\u11ff\u2e80-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
# Thai, Lao, Tibetan, Burmese and Khmer put no spaces between words either.
SPACELESS: Final = "\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff"
_SPACES: Final = "\\s\x00-\x1f\x7f-\x9f\xad\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
# Quotation marks, ellipsis, dashes, bullets, arrows, symbols, emoji.
_MARKS: Final = (
    "\xa1\xab\xb7\xbb\xbf\u2012\u2014\u2015\u2018-\u201f\u2020-\u2026\u2030-\u205e\u20e3"
    "\u2190-\u2bff\U0001f000-\U0001faff\ufe0f"
)
_CJK_MARKS: Final = "\u3000-\u3004\u3008-\u3020\u3030\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
_NEVER_IN_LINK: Final = '<>"`\\\\'

BORDER: Final = re.compile(f"[{_SPACES}{_NEVER_IN_LINK}{_MARKS}{CJK}{SPACELESS}]")
# A stretch of a link: no border, no bracket, no separator that the next link follows. Ideographs belong to the link
# where no URL can end: directly after `=`, `#` or `+` (`?q=犬`) and after a `/` of the path (`/wiki/日本語`).
_IDEOGRAPHS: Final = f"(?:(?![{_CJK_MARKS}])[{CJK}{SPACELESS}])"
RUN: Final = re.compile(
    f"(?:[^,;|()\\[\\]{_SPACES}{_NEVER_IN_LINK}{_MARKS}{CJK}{SPACELESS}]"
    "|(?!(?<=/),,)[,;|](?![,;|]{0,8}(?:https?://|www\\.))"
    f"|(?:(?<=[=#+])|(?<=[^/:]/)|(?<=_\\()){_IDEOGRAPHS}++(?:[_-]{_IDEOGRAPHS}++)*)*",
    re.I,
)
# Letters of those scripts without their punctuation and full-width forms: a host may consist of them.
_LETTER: Final = re.compile(f"(?![{_CJK_MARKS}])[{CJK}{SPACELESS}]")
_CJK_AFTER_ASCII: Final = re.compile(f"[A-Za-z0-9](?![{_CJK_MARKS}])[{CJK}{SPACELESS}]")
_ASCII_AFTER_CJK: Final = re.compile(f"[{CJK}][A-Za-z0-9]")
_AUTHORITY: Final = re.compile(r"[^/?#]*")
# The ideographic host of `https://例え.jp/` ends at punctuation.
IDEOGRAPHIC_HOST: Final = re.compile(f"[^{_SPACES}{_NEVER_IN_LINK}{_MARKS}/?#:@{_CJK_MARKS}]+")

_PAIRS: Final = dict(zip(")]}>）］｝＞｠」』】〉》〗〙〛｣〕", "([{<（［｛＜｟「『【〈《〖〘〚｢〔", strict=True))
_OPENERS: Final = {")": "(", "]": "["}
CLOSERS: Final = {"(": ")", "[": "]"}
DEEPEST: Final = 8  # brackets in brackets
QUOTES: Final = frozenset("\"'`“”„‟‘’‚‛«»‹›〝〞〟＂＇")
OPENING: Final = frozenset(_PAIRS.values()) | QUOTES
_SENTENCE_ENDS: Final = frozenset(".,;:!?")
_TRAILING: Final = _SENTENCE_ENDS | QUOTES


def strip(text: str, start: int, end: int, also: frozenset[str] = frozenset()) -> tuple[int, int]:
    """Remove punctuation from both ends of `text[start:end]` and return what is left, possibly nothing.

    At the front that is opening brackets and quotes; at the end `.,;:!?`, closing quotes, closing brackets without a
    partner in the rest, and the characters of `also`.
    """
    while start < end and text[start] in OPENING:
        start += 1
    excess: dict[str, int] = {}
    while end > start:
        last = text[end - 1]
        if last in _PAIRS:
            if last not in excess:
                excess[last] = text.count(last, start, end) - text.count(_PAIRS[last], start, end)
            if excess[last] <= 0:
                break
            excess[last] -= 1
        elif last not in _TRAILING and last not in also:
            break
        end -= 1
    return start, end


def run_end(text: str, start: int, end: int) -> int:
    """Return the end of the link at `start`: a border, or a bracket without a partner inside the link."""
    return walk(text, start, end)[0]


def walk(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the end of the link at `start`, and the offset up to which the text was read."""
    opened: list[int] = []
    place = start
    while True:
        run = RUN.match(text, place, end)
        place = run.end() if run else place
        bracket = text[place] if place < end else ""
        if bracket and bracket in CLOSERS and len(opened) < DEEPEST and text[place + 1 : place + 2] != "/":
            opened.append(place)
        elif bracket in _OPENERS and opened and text[opened[-1]] == _OPENERS[bracket]:
            opened.pop()
        else:
            return (opened[0] if opened else place), place
        place += 1


def is_balanced(text: str, start: int, end: int) -> bool:
    """Return whether each bracket of `text[start:end]` has its partner there."""
    link = text[start:end]
    return all(
        link.count(opener) == link.count(closer) and link.find(opener) <= link.find(closer)
        for closer, opener in _OPENERS.items()
        if opener in link or closer in link
    )


def touches_text(text: str, start: int, end: int, *, web: bool) -> bool:
    """Return whether `text[start:end]` contains a border, and so is not a link as a whole.

    Links may contain ideographs: in a host (`https://例え.jp/`), a path or a query (`/wiki/日本語?q=犬`). But where
    ASCII letters change to ideographs within a word (`/pathです`), or at a full-width mark, text follows the link.
    Without a scheme, text before the link looks the same.
    """
    authority = _AUTHORITY.match(text, text.find("://", start, end) + 3 if web else start, end)
    if authority is None or _CJK_AFTER_ASCII.search(text, start, end):
        return True
    if not web and _ASCII_AFTER_CJK.search(authority[0]):
        return True
    if any(not _LETTER.match(mark) for mark in BORDER.findall(authority[0])):
        return True
    return any(not _LETTER.match(mark) for mark in BORDER.findall(text, authority.end(), end))
