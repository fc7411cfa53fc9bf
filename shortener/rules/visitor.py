"""Who is this visitor: a person, a preview fetcher, a bot, a scanner, or unknown.

A pure judgement on the user agent, a few headers and, where the operator named networks, the address. Nothing is
looked up. It takes a few microseconds and never raises, whatever the agent holds.
"""

import enum
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import compress
from typing import Final

from shortener.rules import agents

LONGEST_AGENT: Final = 512
SHORTEST_AGENT: Final = 12
_SHORTEST_TOKEN, _LONGEST_TOKEN = 3, 50
_WIDEST: Final = {4: 8, 6: 16}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Visitor(enum.StrEnum):
    """The classes of a visitor."""

    PERSON = "person"
    UNKNOWN = "unknown"
    PREVIEW = "preview"
    BOT = "bot"
    SCANNER = "scanner"


MEANINGS: Final[dict[Visitor, str]] = {
    Visitor.PERSON: "A browser or an app's built-in browser: somebody opened the link.",
    Visitor.UNKNOWN: "Neither a known browser nor a known machine; may be a person.",
    Visitor.PREVIEW: "A messenger, mail client or social network that fetched the link to draw a preview of it.",
    Visitor.BOT: "A program: an HTTP library, a crawler, a monitor, or no user agent at all.",
    Visitor.SCANNER: "A mail gateway or security service that checks links, by its own name or by the operator's list.",
}

THRESHOLDS: Final = ("person", "person_or_unknown", "any")
_REACHED: Final = {
    "person": frozenset({Visitor.PERSON}),
    "person_or_unknown": frozenset({Visitor.PERSON, Visitor.UNKNOWN}),
    "any": frozenset(Visitor),
}

HEADERS: Final = (
    ("sec-purpose", "HTTP_SEC_PURPOSE"),
    ("purpose", "HTTP_PURPOSE"),
    ("x-moz", "HTTP_X_MOZ"),
    ("x-purpose", "HTTP_X_PURPOSE"),
    ("sec-fetch-mode", "HTTP_SEC_FETCH_MODE"),
    ("sec-ch-ua", "HTTP_SEC_CH_UA"),
    ("x-requested-with", "HTTP_X_REQUESTED_WITH"),
    ("accept-language", "HTTP_ACCEPT_LANGUAGE"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class and its reason: printable ASCII, at most 64 characters."""

    visitor: Visitor
    reason: str


@dataclass(frozen=True, slots=True)
class Token:
    """A mark in the lower-cased agent. `^`, `$` bind it to an end of the agent, `|` to an end of a word."""

    text: str
    visitor: Visitor

    @property
    def needle(self) -> str:
        """The plain text that an agent must hold before the ends are looked at."""
        return self.text.strip("^$|")

    def found_in(self, agent: str) -> bool:
        """Whether the lower-cased `agent` carries the mark, ends and all."""
        return _pattern(self.text).search(agent) is not None


@cache
def _pattern(text: str) -> re.Pattern[str]:
    before = {"^": r"\A", "|": r"(?<![a-z0-9])"}.get(text[0], "")
    after = {"$": r"\Z", "|": r"(?![a-z0-9])"}.get(text[-1], "")
    return re.compile(before + re.escape(text.strip("^$|")) + after)


_ORDER: Final = (Visitor.PERSON, Visitor.PREVIEW, Visitor.SCANNER, Visitor.BOT)


@dataclass(frozen=True, slots=True)
class Rules:
    """What to look for: marks of machines (and of persons, where an operator says so), and scanners' networks."""

    tokens: tuple[Token, ...] = ()
    ignored: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    _needles: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _ranges: tuple[tuple[int, int, frozenset[int]], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.tokens, key=lambda token: _ORDER.index(token.visitor)))
        object.__setattr__(self, "tokens", ordered)
        object.__setattr__(self, "_needles", tuple(token.needle for token in ordered))
        object.__setattr__(self, "_ranges", _ranges(self.networks))

    def token_of(self, agent: str) -> Token | None:
        """The first mark that the lower-cased `agent` carries, or None. Persons, previews, scanners, bots in turn."""
        if not any(map(agent.__contains__, self._needles)):
            return None
        for fragment in self.ignored:
            agent = agent.replace(fragment, "")
        likely = compress(self.tokens, map(agent.__contains__, self._needles))
        return next((token for token in likely if token.found_in(agent)), None)

    def network_of(self, address: str | None) -> Network | None:
        """The narrowest of `self.networks` that holds `address`; None for no address or a bad one."""
        if not self._ranges or not address:
            return None
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        for version, length, starts in self._ranges:
            shift = ip.max_prefixlen - length
            if version == ip.version and int(ip) >> shift in starts:
                return ipaddress.ip_network((int(ip) >> shift << shift, length))
        return None


def _ranges(networks: Iterable[Network]) -> tuple[tuple[int, int, frozenset[int]], ...]:
    """Networks by version and length, so that a thousand of one length cost one look."""
    found: dict[tuple[int, int], set[int]] = {}
    for network in networks:
        start = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        found.setdefault((network.version, network.prefixlen), set()).add(start)
    return tuple((*key, frozenset(found[key])) for key in sorted(found, key=lambda key: (key[0], -key[1])))


def parse_rules(text: str, base: Rules) -> Rules:
    """`base` changed by an operator's file; ValueError names every faulty line.

    One entry a line: `+preview TOKEN` (or bot, scanner, person, ignore), `-TOKEN`, `scanner NETWORK`; `#` begins a
    comment at the start of a line or after white space. A later line wins over an earlier one.
    """
    tokens: dict[str, Visitor | None] = {token.text: token.visitor for token in base.tokens}
    tokens.update(dict.fromkeys(base.ignored))
    networks = dict.fromkeys(base.networks)
    faults: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        entry = re.split(r"(?:^|\s)#", line, maxsplit=1)[0].strip()
        try:
            _take(entry, tokens, networks)
        except ValueError as fault:
            faults.append(f"line {number}: {entry}: {fault}")
    if faults:
        raise ValueError("\n".join(faults))
    marks = tuple(Token(text, visitor) for text, visitor in tokens.items() if visitor is not None)
    return Rules(marks, tuple(text for text, visitor in tokens.items() if visitor is None), tuple(networks))


def _take(entry: str, tokens: dict[str, Visitor | None], networks: dict[Network, None]) -> None:
    """One entry into `tokens` or `networks`; ValueError says what is wrong with it."""
    word, _, rest = entry.partition(" ")
    if entry.startswith("-"):
        token = entry[1:].strip().lower()
        if token not in tokens:
            raise ValueError("no such token in the list")
        del tokens[token]
    elif word in _KINDS:
        token = _token(rest, _KINDS[word])
        tokens.pop(token, None)
        tokens[token] = _KINDS[word]
    elif word == "scanner":
        networks[_network(rest.strip())] = None
    elif entry:
        raise ValueError("expected +CLASS TOKEN, -TOKEN or scanner NETWORK")


_KINDS: Final[dict[str, Visitor | None]] = {
    **{f"+{visitor}": visitor for visitor in _ORDER},
    "+ignore": None,
}


def _token(text: str, visitor: Visitor | None) -> str:
    token = text.strip().lower()
    if not (len(token.strip("^$|")) >= _SHORTEST_TOKEN and len(token) <= _LONGEST_TOKEN):
        raise ValueError(f"a token has {_SHORTEST_TOKEN} to {_LONGEST_TOKEN} characters")
    if not (token.isascii() and token.isprintable()):
        raise ValueError("a token is printable ASCII")
    if visitor not in (None, Visitor.PERSON) and any(
        Token(token, Visitor.BOT).found_in(agent.lower()) for agent in agents.ORDINARY
    ):
        raise ValueError("would take ordinary browsers for machines")
    return token


def _network(text: str) -> Network:
    network = ipaddress.ip_network(text)
    if network.prefixlen < _WIDEST[network.version]:
        raise ValueError(f"too wide, /{_WIDEST[network.version]} at most")
    return network


@cache
def default_rules() -> Rules:
    """The built-in list."""
    return parse_rules(agents.MACHINES, Rules())


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether a browser fetches ahead of a click that may never come. `X-Purpose: preview` is not that."""
    return any("prefetch" in headers.get(name, "").lower() for name in ("sec-purpose", "purpose", "x-moz"))


def reaches(visitor: Visitor, threshold: str) -> bool:
    """Whether a click by `visitor` counts at `threshold`; KeyError for one that is not in THRESHOLDS."""
    return visitor in _REACHED[threshold]


def classify(agent: str, headers: Mapping[str, str], rules: Rules, address: str | None = None) -> Verdict:
    """Who came. `headers` holds those of HEADERS that were sent, by lower-case name."""
    network = rules.network_of(address)
    if network is not None:
        return Verdict(Visitor.SCANNER, f"network:{network}")
    if _draws_preview(headers):
        return Verdict(Visitor.PREVIEW, "purpose-preview")
    name = agent[:LONGEST_AGENT].lower()
    return _machine(name, headers, rules) or _browser(name, headers)


def _draws_preview(headers: Mapping[str, str]) -> bool:
    return "preview" in headers.get("x-purpose", "").lower() or "preview" in headers.get("purpose", "").lower()


def _machine(agent: str, headers: Mapping[str, str], rules: Rules) -> Verdict | None:
    if not agent.strip():
        return Verdict(Visitor.BOT, "empty-agent")
    token = rules.token_of(agent)
    if token is not None:
        return Verdict(token.visitor, f"token:{token.text}")
    if len(agent) < SHORTEST_AGENT:
        return Verdict(Visitor.BOT, "short-agent")
    if "headless" in headers.get("sec-ch-ua", "").lower():
        return Verdict(Visitor.BOT, "headless")
    return None


def _browser(agent: str, headers: Mapping[str, str]) -> Verdict:
    mode = headers.get("sec-fetch-mode", "navigate").strip().lower()
    if mode != "navigate":
        return Verdict(Visitor.UNKNOWN, "not-navigate")  # a script or an image on a page, not a visit
    if not any(map(agent.__contains__, agents.BROWSERS)):
        navigates = "sec-fetch-mode" in headers
        return Verdict(Visitor.PERSON, "navigate") if navigates else Verdict(Visitor.UNKNOWN, "no-browser")
    for token, app in agents.IN_APP:
        if token in agent:
            return Verdict(Visitor.PERSON, f"in-app:{app}")
    return Verdict(Visitor.PERSON, "navigate" if "sec-fetch-mode" in headers else "browser")
