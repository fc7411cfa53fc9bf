"""May this be a target? Either the link with its `Location`, or a named reason why not.

A target is an `http` or `https` URL, or a bare domain, that any recipient's browser can open. The refusals begin with
the kinds that NAVER Cloud SENS checks before it sends (variables left in, a doubled scheme, the path's first character
lost, ...). Nothing is looked up, nothing is fetched.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import quote

from shortener.rules.links import bare, placeholder
from shortener.rules.links import host as hosts

LONGEST: Final = 8_000  # characters of the ASCII form
BARE_DOMAINS: Final = ("off", "careful", "any")

REASONS: Final[dict[str, str]] = {
    "variable": "A placeholder is in the link or touches it; fill it in before you send, or put a space between.",
    "doubled": "The scheme stands twice; keep one `https://`.",
    "separator": "After the scheme there must be exactly `://` and then the domain; remove or add slashes or spaces.",
    "torn": "A space tears the link, so that another domain would be the target; remove the space.",
    "scheme": "Only http and https links can be tracked; use such a link.",
    "userinfo": "User name or password before the domain is not allowed; remove everything up to the `@`.",
    "email": "This is an e-mail address, or a part of one, not a link.",
    "host": "The domain is missing, incomplete or not valid; write it in full, such as www.example.com.",
    "path": "The `/` between domain and path is missing or encoded as %2F; put a plain `/` there.",
    "localhost": "localhost is the reader's own device; use a public domain.",
    "private": "This is a private or reserved address that recipients cannot reach; use a public domain.",
    "address": "The address is written in an unusual form; write it as four decimal numbers, or use a domain.",
    "label": "The host is a single word; use a full domain such as www.example.com.",  # in stored messages
    "tld": "The top-level domain does not exist; check the end of the domain.",
    "port": "The port must be a number from 1 to 65535; correct it or leave it out.",
    "idn": "The domain holds characters that no registered name may have; write it as it is registered.",
    "script": "One label of the domain mixes scripts that look alike; write it in one script.",
    "control": "Control, invisible or direction characters or half of a surrogate pair are in the link; remove them.",
    "space": "White space is in the link; write it as %20 or remove it.",
    "character": "One of < > \" \\ ` is in the link; percent-encode it or put a space before it.",
    "long": f"The link is longer than {LONGEST} characters in its ASCII form; use a shorter one.",
    "own": "This is a link of the shortener itself; use the link that it leads to.",
    "bare": "Links without http:// or https:// are not taken here; put the scheme before it.",
    "word": "This looks like a word after a full stop or like a file; put https:// or www. before it if it is a link.",
    "glued": "The link touches other text; put a space before and after it, or use smart detection: it would take it.",
    "mark": "A mark such as * or _ may belong to the link or to the text; put a space between, or use smart detection, "
    "which would take the link without the mark.",
    "kept": "The message holds a live link of the shortener already, and was given back unchanged.",
    "later": "Another link of the message was shortened; only the first one is.",
}  # fmt: skip

_WEB: Final = re.compile(r"https?://(?![/\\])", re.I | re.A)
_BROKEN_WEB: Final = re.compile(r"https?(?:[:;]|//)|[/\\]{2}", re.I | re.A)
_OTHER_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*:", re.I | re.A)
_AGAIN: Final = re.compile(r"(?:[a-z][a-z0-9+-]*:/|https?(?::|//))", re.I | re.A)
_AUTHORITY: Final = re.compile(r"[^/?#]*")
_PORT: Final = re.compile(r"[0-9]{1,5}")
_NOT_IN_LINK: Final = frozenset('<>"\\`')
_ASCII: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads: `link` as typed with its scheme, `location` the same in ASCII for the redirect."""

    link: str
    location: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: a stable one-word code of `REASONS` and a sentence that says what to do."""

    reason: str
    sentence: str


class _Parts(NamedTuple):
    scheme: str  # `https://` as typed; empty for a bare domain
    authority: str
    rest: str


def judge(
    candidate: str, *, own_hosts: frozenset[str] = frozenset(), bare_domains: str = "careful"
) -> Target | Refusal:
    """Judge one whole candidate, nothing cut off; `own_hosts` in ASCII and lower case, without port. Never raises."""
    parts = _split(candidate)
    if isinstance(parts, str):
        return _refuse(parts)
    reason = _fault_of_text(candidate, parts)
    if reason:
        return _refuse(reason)
    name, port = _host_and_port(parts.authority)
    ascii_name = hosts.to_ascii(name)
    if ascii_name is None:
        return _refuse("idn" if name else "host")
    reason = _fault_of_port(port)
    if not reason and not parts.scheme:
        reason = bare.fault(name, port, parts.rest, bare_domains)
    reason = reason or hosts.fault(ascii_name, own_hosts)
    if reason:
        return _refuse(reason)
    scheme = parts.scheme or "https://"
    location = scheme + ascii_name + port + quote(parts.rest, safe=_ASCII)
    if len(location) > LONGEST:
        return _refuse("long")
    return Target(link=scheme + parts.authority + parts.rest, location=location)


def _refuse(reason: str) -> Refusal:
    return Refusal(reason=reason, sentence=REASONS[reason])


def _split(candidate: str) -> _Parts | str:
    """The candidate's parts, or a reason code where its beginning is already wrong."""
    if not candidate or len(candidate) > LONGEST:
        return "long" if candidate else "host"
    web = _WEB.match(candidate)
    start = web.end() if web else 0
    if not web:
        reason = _fault_of_beginning(candidate)
        if reason:
            return reason
    elif candidate[start : start + 1].isspace():
        return "separator"
    elif _AGAIN.match(candidate, start):
        return "doubled"
    authority = _AUTHORITY.match(candidate, start)
    end = authority.end() if authority else start
    return _Parts(candidate[:start], candidate[start:end], candidate[end:])


def _fault_of_beginning(candidate: str) -> str | None:
    if _BROKEN_WEB.match(candidate):
        return "separator"
    scheme = _OTHER_SCHEME.match(candidate)
    if not scheme:
        return None
    after = candidate[scheme.end() : scheme.end() + 1]
    is_port = after.isdigit() or ("." in scheme[0] and after != "/")
    return None if is_port else "scheme"


def _fault_of_text(candidate: str, parts: _Parts) -> str | None:
    if placeholder.inside(candidate):
        return "variable"
    reason = _fault_of_characters(candidate)
    if reason:
        return reason
    if "@" not in parts.authority:
        return None
    return "userinfo" if parts.scheme or ":" in parts.authority else "email"


def _fault_of_characters(text: str) -> str | None:
    if text.isascii() and text.isprintable() and " " not in text:
        return None if _NOT_IN_LINK.isdisjoint(text) else "character"
    for character in text:
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cs") or (kind == "Cf" and character not in "\u200c\u200d"):
            return "control"  # joiners are part of words in Persian and Indic scripts
        if character.isspace():
            return "control" if kind in ("Zl", "Zp") else "space"
    return None if _NOT_IN_LINK.isdisjoint(text) else "character"


def _host_and_port(authority: str) -> tuple[str, str]:
    """`example.com`, `:8080`; what stands in brackets is one host."""
    if authority.startswith("["):
        inside, bracket, after = authority.partition("]")
        return inside + bracket, after
    name, colon, port = authority.partition(":")
    return name, colon + port


def _fault_of_port(port: str) -> str | None:
    if not port:
        return None
    number = port[1:]
    return None if port[0] == ":" and _PORT.fullmatch(number) and 0 < int(number) < 65_536 else "port"
