"""The list of tokens and networks by which machines are recognised, and how an operator changes it.

`agents.MACHINES` and the operator's file have the same syntax, explained in docs/integrate/visitors.md:

    +preview token      # also +bot, +scanner, +person, and +ignore for innocent text that looks like a mark
    -token              # removes a token from the list
    scanner 203.0.113.0/24
"""

import enum
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Final, Self

from shortener.rules.visitors import agents

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Visitor(enum.StrEnum):
    """The classes of a visitor."""

    PERSON = "person"
    UNKNOWN = "unknown"
    PREVIEW = "preview"
    BOT = "bot"
    SCANNER = "scanner"


# Matches `android 8.1.0; xbot senior build/o11019`. The device's name ends at the build.
_DEVICE: Final = re.compile(r"android[^()]*?(?:\([^()]*\)[^()]*?)*(?: build/[^;()]*|\))")

_ORDER: Final = (Visitor.PERSON, Visitor.PREVIEW, Visitor.SCANNER, Visitor.BOT)


@dataclass(frozen=True, slots=True)
class Token:
    """A text to look for in the lower-cased agent, and the class of the visitors that have it."""

    text: str  # as written in the list, including the anchors `^ $ |` and a leading `~`
    visitor: Visitor

    @property
    def needle(self) -> str:
        """The token without its anchors: an agent that does not contain it cannot match."""
        return _needle(self.text)

    def found_in(self, agent: str, *, browser: bool) -> bool:
        """Whether the lower-cased `agent` matches; `browser` says whether it also names a browser."""
        return not (browser and self.text.startswith("~")) and _pattern(self.text).search(agent) is not None


def _own_words(agent: str) -> str:
    """Remove the device's name and `(KHTML, like Gecko)` from a browser's agent: they do not identify the visitor."""
    device = _DEVICE.sub("", agent, count=1) if "android" in agent else agent
    return device.replace("(khtml, like gecko)", "()")


def _needle(text: str) -> str:
    return text.removeprefix("~").strip("^$|")


@cache
def _pattern(text: str) -> re.Pattern[str]:
    bound = text.removeprefix("~")
    before = {"^": r"\A", "|": r"(?<![a-z0-9])"}.get(bound[0], "")
    after = {"$": r"\Z", "|": r"(?![a-z0-9])"}.get(bound[-1], "")
    return re.compile(before + re.escape(_needle(text)) + after)


@dataclass(frozen=True, slots=True)
class _Search:
    """Tokens in their order, prepared so that one search is enough for an agent that matches none of them.

    `any` finds the shortest needles, which contain no other needle; at most one of them begins at any position of an
    agent. `holding` maps each of them to the positions in `tokens` of the tokens that contain it.
    """

    tokens: tuple[Token, ...]
    any: re.Pattern[str]
    holding: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, tokens: Sequence[Token]) -> Self:
        short = _without_longer(token.needle for token in tokens)
        holding = {needle: [place for place, token in enumerate(tokens) if needle in token.needle] for needle in short}
        return cls(tuple(tokens), one_of(short), holding)

    def likely(self, agent: str) -> Iterator[Token]:
        """Yield the tokens that have a shortest needle in `agent`, in their order; the others cannot match."""
        places: set[int] = set()
        match = self.any.search(agent)
        while match:
            places.update(self.holding[match.group()])
            match = self.any.search(agent, match.start() + 1)
        return (self.tokens[place] for place in sorted(places))


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Tokens to look for, innocent text that is removed from the agent first, and the networks of scanners."""

    tokens: tuple[Token, ...] = ()
    ignored: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    _alone: "_Search" = field(init=False, repr=False)
    _beside: "_Search" = field(init=False, repr=False)
    _starts: tuple[tuple[int, int, frozenset[int]], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        tokens = tuple(sorted(self.tokens, key=lambda token: _ORDER.index(token.visitor)))
        object.__setattr__(self, "tokens", tokens)
        object.__setattr__(self, "_alone", _Search.of(tokens))
        object.__setattr__(self, "_beside", _Search.of([token for token in tokens if not token.text.startswith("~")]))
        object.__setattr__(self, "_starts", _starts(self.networks))

    def token_of(self, agent: str, *, browser: bool) -> Token | None:
        """Return the first token that matches the lower-cased `agent`, or None.

        Tokens for persons are tried first, then those for previews, scanners and bots.
        """
        search = self._beside if browser else self._alone
        if browser:
            agent = _own_words(agent)
        if search.any.search(agent) is None:
            return None
        for innocent in self.ignored:
            agent = agent.replace(innocent, "")
        return next((token for token in search.likely(agent) if token.found_in(agent, browser=browser)), None)

    def network_of(self, address: str | None) -> Network | None:
        """Return the narrowest of `networks` with this address; None if there is none or the address is invalid."""
        if not self._starts or not address:
            return None
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return None
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        for version, length, starts in self._starts:
            rest = ip.max_prefixlen - length
            if version == ip.version and int(ip) >> rest in starts:
                return ipaddress.ip_network((int(ip) >> rest << rest, length))
        return None


def _without_longer(needles: Iterable[str]) -> tuple[str, ...]:
    """Drop needles that contain another needle: a text without the remaining ones contains none of them."""
    distinct = dict.fromkeys(needles)
    return tuple(long for long in distinct if not any(short in long for short in distinct if short != long))


def one_of(words: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that matches any of `words`; without words it never matches."""
    listed = list(words)
    return re.compile(_branches(listed) if listed else r"(?!)")


def _branches(words: Iterable[str]) -> str:
    """Return a pattern for any of `words` that shares common prefixes: three times as fast as trying one by one."""
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[0], []).append(word[1:])
    parts = [re.escape(first) + ("" if "" in rest else _branches(rest)) for first, rest in rests.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _starts(networks: Iterable[Network]) -> tuple[tuple[int, int, frozenset[int]], ...]:
    """Group networks by version and prefix length, narrow ones first: each group takes one look-up, however large."""
    found: dict[tuple[int, int], set[int]] = {}
    for network in networks:
        start = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        found.setdefault((network.version, network.prefixlen), set()).add(start)
    return tuple((*key, frozenset(found[key])) for key in sorted(found, key=lambda key: (key[0], -key[1])))


_KINDS: Final[dict[str, Visitor | None]] = {f"+{visitor}": visitor for visitor in _ORDER} | {"+ignore": None}
_SHORTEST_TOKEN, _LONGEST_TOKEN = 3, 50
_WIDEST: Final = {4: 8, 6: 16}  # prefix length by IP version; a wider network is probably a typing error
_COMMENT: Final = re.compile(r"(?:\A|\s)#")

_Tokens = dict[str, Visitor | None]  # None: ignored


@lru_cache(maxsize=4)  # parsed once to check the settings, and once to use it
def parse_rules(text: str, base: Rules) -> Rules:
    """Return `base` with the changes of an operator's file; ValueError with one line for each faulty line.

    Each line has one entry; `#` begins a comment at the start of a line or after white space. A token that is given
    again changes its class; a token that `base` does not have cannot be removed.
    """
    if not text:
        return base
    tokens: _Tokens = {token.text: token.visitor for token in base.tokens} | dict.fromkeys(base.ignored)
    networks = dict.fromkeys(base.networks)
    faults: list[str] = []
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        entry = _COMMENT.split(line, maxsplit=1)[0].strip()
        try:
            _take(entry, tokens, networks)
        except ValueError as fault:
            faults.append(f"line {number}: {ascii(entry)[1:-1]}: {fault}")
    if faults:
        raise ValueError("\n".join(faults))
    marks = tuple(Token(token, visitor) for token, visitor in tokens.items() if visitor is not None)
    return Rules(marks, tuple(token for token, visitor in tokens.items() if visitor is None), tuple(networks))


def _take(entry: str, tokens: _Tokens, networks: dict[Network, None]) -> None:
    """Apply one entry to `tokens` or `networks`; ValueError says what is wrong with it."""
    word, _, rest = entry.partition(" ")
    if entry.startswith("-"):
        token = entry[1:].strip().lower()
        if token not in tokens:
            raise ValueError("the list has no such token")
        del tokens[token]
    elif word in _KINDS:
        token = _token(rest.strip().lower(), _KINDS[word])
        tokens[token] = _KINDS[word]
    elif word == "scanner":
        networks[_network(rest.strip())] = None
    elif entry:
        raise ValueError("not one of: +CLASS TOKEN, -TOKEN, scanner NETWORK")


def _token(token: str, visitor: Visitor | None) -> str:
    """Return `token`; ValueError if it is malformed, or would classify ordinary browsers as machines."""
    if len(_needle(token)) < _SHORTEST_TOKEN or len(token) > _LONGEST_TOKEN:
        raise ValueError(f"a token has {_SHORTEST_TOKEN} to {_LONGEST_TOKEN} characters")
    if not (token.isascii() and token.isprintable()):
        raise ValueError("a token is printable ASCII")
    if visitor in (Visitor.PREVIEW, Visitor.BOT, Visitor.SCANNER):
        mark = Token(token, visitor)
        if any(mark.found_in(agent.lower(), browser=True) for agent in agents.ORDINARY):
            raise ValueError("would classify ordinary browsers as machines")
    return token


def _network(text: str) -> Network:
    """Return a network or a single address; ValueError if it is malformed or too wide."""
    network = ipaddress.ip_network(text)
    if network.prefixlen < _WIDEST[network.version]:
        raise ValueError(f"wider than /{_WIDEST[network.version]}")
    return network


@cache
def default_rules() -> Rules:
    """The built-in list."""
    return parse_rules(agents.MACHINES, Rules())
