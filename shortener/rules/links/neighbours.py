"""Refuse links because of the text beside them: a scheme they were torn from, an e-mail address, invisible characters.

Each of these would make a stranger's domain the target, or leave a part of the link in front of the shortlink. Only a
few characters beside the link are read, so the cost grows with the text's length.
"""

import re
from typing import Final

from shortener.rules.links import placeholder
from shortener.rules.links.bare import is_mail_provider
from shortener.rules.links.boundaries import CJK, OPENING, SPACELESS
from shortener.rules.links.endings import has_known, is_known
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.word_lists import CHAT_WORDS

_LOOK: Final = 64  # characters
_SPACES: Final = "".join(each for each in map(chr, range(0x3001)) if each.isspace())
_OPENING_OR_SPACE: Final = "".join(OPENING) + _SPACES
_BROKEN_SCHEME: Final = re.compile(
    r"(?:h(?:tt|xx)ps?\s{0,3}(?:[:;：；﹕]\s{0,3}[/\\／]{0,4}|[/\\／]{1,4})|:[/\\／]{2,3})[\s:;：/\\／]*\Z", re.I
)
_SCHEME_PART: Final = frozenset(":;：；﹕/\\／")
_GLUED_SCHEME: Final = re.compile(r"(?:h(?:tt|xx)ps?)?[:;：；﹕]?[/\\／]{1,4}\Z", re.I)
_TORN: Final = re.compile(r"(?:https?://|(?<![\w.])(?=www\.))([^/?#:@,;!)\s]+)\Z", re.I)
_MIDDLE: Final = re.compile(r"[a-z0-9-]{2,}")
_LAST_LETTERS: Final = re.compile(r"(?<!\w)([a-z]{1,7}) \Z", re.I)
_REGISTRY: Final = re.compile(r"\.(?:com|co|net|org|gov|gob|edu|ac)\.[^.]", re.I)
_HOST_ONLY: Final = re.compile(r"(?:https?://)?[^/?#:]*", re.I)
_AT: Final = r"""(?:[@＠﹫]|&(?:\#64|\#x40|commat);|%40
    |[(\[{（［｛【〔]\s{0,2}(?:at|ät|@|＠|arroba|chez|kukac|アット(?:マーク)?|골뱅이)\s{0,2}[)\]}）］｝】〕]
    |(?<=\w)[(\[]a[)\]]|<at>)"""
_MAIL_BEFORE: Final = re.compile(rf"[\w.+'-]\s{{0,3}}{_AT}\s{{0,3}}\Z", re.I | re.X)
_MAIL_BEHIND: Final = re.compile(rf"\s{{0,3}}{_AT}\s{{0,3}}[\w-]{{1,63}}\.\w", re.I | re.X)
_INVISIBLE: Final = "\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_LETTER: Final = f"(?![{CJK}{SPACELESS}])[\\w.-]"
_JOINED_BEFORE: Final = re.compile(f"{_LETTER}[{_INVISIBLE}]{{1,8}}\\Z")
_JOINED_BEHIND: Final = re.compile(f"[{_INVISIBLE}]{{1,8}}{_LETTER}")
_INVISIBLES: Final = re.compile(f"[{_INVISIBLE}]")
# A symbol, except those that usually separate texts, followed by a name.
_SYMBOL_BEHIND: Final = re.compile(
    f"[^\\s\\w{CJK}{SPACELESS}/?#:.<>\"'`()\\[\\]{{}}\\\\]{{1,4}}((?:[\\w-]{{1,63}}\\.){{1,8}}[\\w-]{{1,63}})(?=[/?#:]|\\Z|\\s)"
)
_JOINED_HOST: Final = re.compile(r"(?:[．｡。](?!(?<=[^A-Za-z0-9].))[A-Za-z0-9][A-Za-z0-9.-]*)+")
_LOOK_AHEAD: Final = 254  # characters: one more than the longest host
WIDE_DOTS: Final = frozenset("．｡。")
_DOT_BEFORE: Final = re.compile(r"[A-Za-z0-9][．｡]\Z")
_TORN_ENDINGS: Final = frozenset({"com", "net"})  # `acme.co m`, `acme.ne t`
_NEXT: Final = re.compile(r"\s{1,3}(\.?[\w-]{1,63}(?:\.[\w-]{1,63})*)(/?)")


def fault(text: str, start: int, end: int) -> SkipReason | None:
    """Return why `text[start:end]`, a valid target by itself, is none in this text; None if it is one."""
    web = text[start : start + 4].lower() == "http"
    host_only = _HOST_ONLY.fullmatch(text, start, end) is not None
    reason = None if web else _fault_of_bare(text, start, end, host_only=host_only)
    if not reason and host_only:
        reason = _fault_after_host(text, start, end)
    return reason or (SkipReason.VARIABLE if placeholder.touches(text, start, end) else None)


def joined_host(text: str, start: int, end: int, *, web: bool) -> int:
    """Return the end of a host that continues at `start` with a dot that browsers read as `.`; else `start`.

    `．` and `｡` between ASCII letters or digits do not end a sentence. `。` does, except after a scheme if another host
    follows (`https://a.com。b.com/`).
    """
    found = _JOINED_HOST.match(text, start, min(end, start + _LOOK_AHEAD))
    if not found or not text[start - 1 : start].isascii() or not text[start - 1 : start].isalnum():
        return start
    if "．" in found[0] or "｡" in found[0]:
        return found.end()
    name = found[0].replace("。", ".").strip(".-")
    follows = is_known(name.rpartition(".")[2]) and ("." in name or text[found.end() : found.end() + 1] == "/")
    return found.end() if web and follows and not name.lower().startswith("www.") else start


def glued_scheme(text: str, start: int) -> int:
    """Return the start of a misspelt scheme (`http:/`, `https：//`) that touches `text[start:]`; else `start`."""
    broken = _GLUED_SCHEME.search(text, max(0, start - 12), start)
    return broken.start() if broken else start


def follows_scheme(text: str, start: int) -> bool:
    """Return whether a misspelt scheme precedes: `https:// `, `http//`, `http; //`, `https ://`, `https：//`."""
    before = text[max(0, start - _LOOK) : start].rstrip(_OPENING_OR_SPACE)
    return before[-1:] in _SCHEME_PART and _BROKEN_SCHEME.search(before) is not None


def _fault_of_bare(text: str, start: int, end: int, *, host_only: bool) -> SkipReason | None:
    if follows_scheme(text, start):
        return SkipReason.SEPARATOR
    www = text[start : start + 4].lower() == "www."
    if start and text[start - 1].isspace() and not www and _follows_torn(text, start):
        return SkipReason.TORN
    before = text[max(0, start - _LOOK) : start]
    if before[-1:] in WIDE_DOTS and _DOT_BEFORE.search(before[-2:]):
        return SkipReason.IDN
    if host_only and not www:
        if _MAIL_BEFORE.search(before[-24:]) or _MAIL_BEHIND.match(text, end):
            return SkipReason.EMAIL
        if text[end : end + 1] == "#" and not text[end + 1 : end + 2].isalnum():
            return SkipReason.WORD  # `ACME.ID# 12`
        if _is_rest_of_mail(text[start:end], before):
            return SkipReason.EMAIL
    return (
        SkipReason.CONTROL if before and _INVISIBLES.match(before[-1]) and _JOINED_BEFORE.search(before[-9:]) else None
    )


def _is_rest_of_mail(host: str, before: str) -> bool:
    """Return whether a host is the rest of an e-mail address: `gmail.com`, `bobgmail.com`, `bob gm ail.com`."""
    if before.endswith("/"):
        return False
    if is_mail_provider(host):
        return True
    torn = _LAST_LETTERS.search(before[-9:])
    return torn is not None and is_mail_provider(torn[1] + host)


def _follows_torn(text: str, start: int) -> bool:
    """Return whether one of the three pieces before begins a host that the pieces after it may continue.

    `http://acme `, `www.my `, `acme.gov.uk.x `, `www.acme account `, `http://acme.com .au `; not
    `http://acme or `.
    """
    before, behind = text[max(0, start - _LOOK) : start], ""
    if "." not in before and "://" not in before:
        return False
    for piece in reversed(before.split()[-3:]):
        if ("." in piece or "://" in piece) and _is_first_half(piece, behind):
            return True
        if not _may_be_middle(piece):
            return False
        behind = piece
    return False


def _may_be_middle(piece: str) -> bool:
    return "." in piece or (_MIDDLE.fullmatch(piece) is not None and piece not in CHAT_WORDS)


def _is_first_half(piece: str, behind: str) -> bool:
    torn = _TORN.search(piece)
    if not torn:
        return _REGISTRY.search(piece) is not None and not has_known(piece) and not _has_sign(piece)
    host = torn[1]
    return not has_known(host) or behind.startswith((".", "-")) or (host[:4].lower() == "www." and host.count(".") == 1)


def _has_sign(piece: str) -> bool:
    return any(sign in piece for sign in "/?#:@")


def _fault_after_host(text: str, start: int, end: int) -> SkipReason | None:
    behind = text[end : end + 1]
    if not behind:
        return None
    if behind.isspace():
        return SkipReason.TORN if _continues(text, start, end) else None
    if _INVISIBLES.match(behind) and _JOINED_BEHIND.match(text, end):
        return SkipReason.CONTROL
    if behind.isalnum() or behind in ".,;:!?'\"":
        return None
    symbol = _SYMBOL_BEHIND.match(text, end)
    return SkipReason.IDN if symbol and has_known(symbol[1]) else None


def _continues(text: str, start: int, end: int) -> bool:
    """Return whether the host continues after a space: `acme.com .mx`, `acme.app -bank.com`, `www.ac me.com`."""
    rest = _NEXT.match(text, end)
    if not rest:
        return False
    name = text[start:end]
    if rest[1].startswith("."):
        return rest[1].islower()
    if rest[1].startswith("-"):
        return has_known(rest[1]) and rest[1].islower()
    host = name.rpartition("/")[2]
    if host[:4].lower() == "www." and host.count(".") == 1:
        return has_known(rest[1])
    last = host.rpartition(".")[2]
    if last.lower() + rest[1] in _TORN_ENDINGS and len(rest[1]) == 1:
        return True
    return bool(rest[2]) and "." not in rest[1] and rest[1].islower() and is_known(last + rest[1])
