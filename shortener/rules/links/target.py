"""Decide whether a text may be a target, and return it with its `Location`, or a reason for the refusal.

A target is an `http` or `https` URL, or a bare domain, that any recipient's browser can open. The reasons include those
that a vendor checks before it sends: remaining variables, a doubled scheme, a missing first character of the path, and
others. No name is resolved and nothing is fetched.
"""

import re
import unicodedata
from typing import Final, NamedTuple
from urllib.parse import quote

from shortener.rules.links import bare, placeholder
from shortener.rules.links import host as hosts
from shortener.rules.links.detection import BareDomains
from shortener.rules.links.skip_reason import SkipReason

LONGEST: Final = 8_000  # characters of the ASCII form

_WEB: Final = re.compile(r"https?://(?![/\\])", re.I | re.A)
_BROKEN_WEB: Final = re.compile(r"https?(?:[:;]|//)|[/\\]{2}", re.I | re.A)
_OTHER_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.I | re.A)
_AGAIN: Final = re.compile(r"(?:[a-z][a-z0-9+-]*:/|https?(?::|//))", re.I | re.A)
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_NOT_IN_LINK: Final = frozenset('<>"\\`')
_ASCII: Final = "".join(map(chr, range(0x21, 0x7F)))


class Target(NamedTuple):
    """A target: `link` as typed, with its scheme, and `location`, its ASCII form for the redirect."""

    link: str
    location: str


class Refusal(NamedTuple):
    """The refusal of a text that may not be a target."""

    reason: SkipReason


class _Parts(NamedTuple):
    scheme: str  # `https://` as typed; empty for a bare domain
    authority: str
    rest: str


def judge(
    candidate: str, *, own_hosts: frozenset[str] = frozenset(), bare_domains: BareDomains = BareDomains.CAREFUL
) -> Target | Refusal:
    """Judge a candidate as a whole. `own_hosts` are in ASCII and lower case, without ports. Never raises."""
    parts = _split(candidate)
    if isinstance(parts, SkipReason):
        return Refusal(parts)
    reason = _fault_of_text(candidate, parts)
    if reason:
        return Refusal(reason)
    name, port = _host_and_port(parts.authority)
    ascii_name = hosts.to_ascii(name)
    if ascii_name is None:
        return Refusal(SkipReason.IDN if name else SkipReason.HOST)
    reason = _fault_of_port(port)
    if not reason and not parts.scheme:
        reason = bare.fault(name, port, parts.rest, bare_domains)
    reason = reason or hosts.fault(ascii_name, own_hosts)
    if reason:
        return Refusal(reason)
    scheme = parts.scheme or "https://"
    location = scheme + ascii_name + port + quote(parts.rest, safe=_ASCII)
    if len(location) > LONGEST:
        return Refusal(SkipReason.LONG)
    return Target(link=scheme + parts.authority + parts.rest, location=location)


def _split(candidate: str) -> _Parts | SkipReason:
    """Return the candidate's parts, or the reason if its beginning is already wrong."""
    if not candidate or len(candidate) > LONGEST:
        return SkipReason.LONG if candidate else SkipReason.HOST
    web = _WEB.match(candidate)
    start = web.end() if web else 0
    if not web:
        reason = _fault_of_beginning(candidate)
        if reason:
            return reason
    elif candidate[start : start + 1].isspace():
        return SkipReason.SEPARATOR
    elif _AGAIN.match(candidate, start):
        return SkipReason.DOUBLED
    authority = _AUTHORITY.match(candidate, start)
    end = authority.end() if authority else start
    return _Parts(candidate[:start], candidate[start:end], candidate[end:])


def _fault_of_beginning(candidate: str) -> SkipReason | None:
    if _BROKEN_WEB.match(candidate):
        return SkipReason.SEPARATOR
    scheme = _OTHER_SCHEME.match(candidate)
    if not scheme:
        return None
    after = candidate[scheme.end() : scheme.end() + 1]
    is_port = after.isdigit() or ("." in scheme[0] and after != "/")
    return None if is_port else SkipReason.SCHEME


def _fault_of_text(candidate: str, parts: _Parts) -> SkipReason | None:
    if placeholder.inside(candidate):
        return SkipReason.VARIABLE
    reason = _fault_of_characters(candidate)
    if reason:
        return reason
    if "@" not in parts.authority:
        return None
    return SkipReason.USERINFO if parts.scheme or ":" in parts.authority else SkipReason.EMAIL


def _fault_of_characters(text: str) -> SkipReason | None:
    if text.isascii() and text.isprintable() and " " not in text:
        return None if _NOT_IN_LINK.isdisjoint(text) else SkipReason.CHARACTER
    for character in text:
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cs") or (kind == "Cf" and character not in "\u200c\u200d"):
            return SkipReason.CONTROL  # words in Persian and Indic scripts contain joiners
        if character.isspace():
            return SkipReason.CONTROL if kind in ("Zl", "Zp") else SkipReason.SPACE
    return None if _NOT_IN_LINK.isdisjoint(text) else SkipReason.CHARACTER


def _host_and_port(authority: str) -> tuple[str, str]:
    """Return host and port, as in `example.com` and `:8080`. An IPv6 address in brackets is one host."""
    if authority.startswith("["):
        inside, bracket, after = authority.partition("]")
        return inside + bracket, after
    name, colon, port = authority.partition(":")
    return name, colon + port


def _fault_of_port(port: str) -> SkipReason | None:
    if not port:
        return None
    number = port[1:]
    return None if port[0] == ":" and _PORT.fullmatch(number) and 0 < int(number) < 65_536 else SkipReason.PORT
