"""The list of marks: what to look for in a user agent and an address, and how an operator changes it.

`agents.MACHINES` and the operator's file are written in one language, explained in docs/integrate/visitors.md:

    +preview token      # also +bot, +scanner, +person, and +ignore for innocent text that looks like a mark
    -token              # no longer looked for
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


# `android 8.1.0; xbot senior build/o11019`. What follows the build is no name of a device.
_DEVICE: Final = re.compile(r"android[^()]*?(?:\([^()]*\)[^()]*?)*(?: build/[^;()]*|\))")

_ORDER: Final = (Visitor.PERSON, Visitor.PREVIEW, Visitor.SCANNER, Visitor.BOT)


@dataclass(frozen=True, slots=True)
class Token:
    """A mark to look for in the lower-cased agent, and the class that it gives."""

    text: str  # as written in the list: ends `^ $ |` and a leading `~` included
    visitor: Visitor

    @property
    def needle(self) -> str:
        """The plain text that an agent must hold before anything else is looked at."""
        return _needle(self.text)

    def found_in(self, agent: str, *, browser: bool) -> bool:
        """Whether the lower-cased `agent` carries the mark; `browser`: whether it names a browser too."""
        return not (browser and self.text.startswith("~")) and _pattern(self.text).search(agent) is not None


def _own_words(agent: str) -> str:
    """A browser's agent without the name of the device and `(KHTML, like Gecko)`: they do not say who it is."""
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
    """Tokens in their order, prepared so that an agent which holds none of them costs one search.

    `any` looks for the shortest needles: those that hold no other one. `holding` names by such a needle the places of
    the tokens that hold it. At one place of an agent at most one of them begins.
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
        """The tokens of which at least a part is in `agent`, in their order."""
        places: set[int] = set()
        match = self.any.search(agent)
        while match:
            places.update(self.holding[match.group()])
            match = self.any.search(agent, match.start() + 1)
        return (self.tokens[place] for place in sorted(places))


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """What to look for: tokens, innocent text that is taken out before looking, and scanners' networks."""

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
        """The first mark that the lower-cased `agent` carries: persons, previews, scanners, bots in turn; or None."""
        search = self._beside if browser else self._alone
        if browser:
            agent = _own_words(agent)
        if search.any.search(agent) is None:
            return None
        for innocent in self.ignored:
            agent = agent.replace(innocent, "")
        return next((token for token in search.likely(agent) if token.found_in(agent, browser=browser)), None)

    def network_of(self, address: str | None) -> Network | None:
        """The narrowest of `networks` that holds `address`; None for no address or one that cannot be read."""
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
    """`needles` without those that hold another one: where none of the rest is found, none of all is."""
    distinct = dict.fromkeys(needles)
    return tuple(long for long in distinct if not any(short in long for short in distinct if short != long))


def one_of(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of `words`; without words it is found nowhere."""
    listed = list(words)
    return re.compile(_branches(listed) if listed else r"(?!)")


def _branches(words: Iterable[str]) -> str:
    """A pattern for any of `words`, common beginnings shared: a third of the time of asking for each in turn."""
    rests: dict[str, list[str]] = {}
    for word in words:
        rests.setdefault(word[0], []).append(word[1:])
    parts = [re.escape(first) + ("" if "" in rest else _branches(rest)) for first, rest in rests.items()]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _starts(networks: Iterable[Network]) -> tuple[tuple[int, int, frozenset[int]], ...]:
    """Networks by version and length, narrow ones first, so that a thousand of one length cost one look."""
    found: dict[tuple[int, int], set[int]] = {}
    for network in networks:
        start = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
        found.setdefault((network.version, network.prefixlen), set()).add(start)
    return tuple((*key, frozenset(found[key])) for key in sorted(found, key=lambda key: (key[0], -key[1])))


_KINDS: Final[dict[str, Visitor | None]] = {f"+{visitor}": visitor for visitor in _ORDER} | {"+ignore": None}
_SHORTEST_TOKEN, _LONGEST_TOKEN = 3, 50
_WIDEST: Final = {4: 8, 6: 16}  # by version: a wider network is a slip of the pen
_COMMENT: Final = re.compile(r"(?:\A|\s)#")

_Tokens = dict[str, Visitor | None]  # None: ignored


@lru_cache(maxsize=4)  # the settings' check asks for the same that is then used
def parse_rules(text: str, base: Rules) -> Rules:
    """`base` changed by an operator's file; ValueError names every faulty line, one a line.

    One entry a line; `#` begins a comment at the start of a line or after white space. A token that is given again
    takes its new class; one that `base` does not have cannot be removed.
    """
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
    """One entry into `tokens` or `networks`; ValueError says what is wrong with it."""
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
    """`token`, if it can be looked for; ValueError if it cannot, or if it would take everybody for a machine."""
    if len(_needle(token)) < _SHORTEST_TOKEN or len(token) > _LONGEST_TOKEN:
        raise ValueError(f"a token has {_SHORTEST_TOKEN} to {_LONGEST_TOKEN} characters")
    if not (token.isascii() and token.isprintable()):
        raise ValueError("a token is printable ASCII")
    if visitor in (Visitor.PREVIEW, Visitor.BOT, Visitor.SCANNER):
        mark = Token(token, visitor)
        if any(mark.found_in(agent.lower(), browser=True) for agent in agents.ORDINARY):
            raise ValueError("would take ordinary browsers for machines")
    return token


def _network(text: str) -> Network:
    """A network or a single address; ValueError for anything else and for one that is too wide."""
    network = ipaddress.ip_network(text)
    if network.prefixlen < _WIDEST[network.version]:
        raise ValueError(f"wider than /{_WIDEST[network.version]}")
    return network


@cache
def default_rules() -> Rules:
    """The built-in list."""
    return parse_rules(agents.MACHINES, Rules())
