"""Classify a visitor as a person, a preview fetcher, a bot, a scanner, or unknown.

Uses only the user agent, a few headers and, if the operator has listed networks, the address. It looks nothing up and
raises for no agent, however strange. The tokens and networks are data: see `marks` and `agents`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from shortener.rules.visitors import agents
from shortener.rules.visitors.marks import Rules, Token, Visitor, default_rules, one_of, parse_rules
from shortener.rules.visitors.threshold import Threshold

__all__ = [
    "HEADERS",
    "LONGEST_AGENT",
    "MEANINGS",
    "Rules",
    "Token",
    "Verdict",
    "Visitor",
    "classify",
    "default_rules",
    "is_prefetch",
    "parse_rules",
    "reaches",
]

LONGEST_AGENT: Final = 512
_REMEMBERED: Final = 2048  # agents whose verdicts are cached: about a megabyte; most visitors share a few agents

MEANINGS: Final[dict[Visitor, str]] = {
    Visitor.PERSON: "A browser, or the browser built into an app: somebody opened the link.",
    Visitor.UNKNOWN: "Neither a known browser nor a known machine; possibly a person.",
    Visitor.PREVIEW: "A messenger, a mail client or a social network that fetched the link to show a preview of it.",
    Visitor.BOT: "A program: an HTTP library, a crawler, a monitor, or a client that sent no user agent.",
    Visitor.SCANNER: "A security service that checks links, recognised by its user agent or by the operator's list.",
}

_REACHED: Final[dict[str, frozenset[Visitor]]] = {
    Threshold.PERSON: frozenset({Visitor.PERSON}),
    Threshold.PERSON_OR_UNKNOWN: frozenset({Visitor.PERSON, Visitor.UNKNOWN}),
    Threshold.ANY: frozenset(Visitor),
}

HEADERS: Final = (
    ("sec-purpose", "HTTP_SEC_PURPOSE"),
    ("purpose", "HTTP_PURPOSE"),
    ("x-moz", "HTTP_X_MOZ"),
    ("x-purpose", "HTTP_X_PURPOSE"),
    ("sec-fetch-mode", "HTTP_SEC_FETCH_MODE"),
    ("sec-ch-ua", "HTTP_SEC_CH_UA"),
    ("sec-ch-ua-mobile", "HTTP_SEC_CH_UA_MOBILE"),
    ("sec-ch-ua-platform", "HTTP_SEC_CH_UA_PLATFORM"),
    ("x-requested-with", "HTTP_X_REQUESTED_WITH"),
    ("accept-language", "HTTP_ACCEPT_LANGUAGE"),
)
"""The headers that a verdict or a device may depend on: lower-case name and WSGI environ key."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class and its reason: at most 64 characters of printable ASCII, always the same for the same visitor."""

    visitor: Visitor
    reason: str


def is_prefetch(headers: Mapping[str, str]) -> bool:
    """Whether a browser fetches the link before a click that may never happen. `X-Purpose: preview` does not count."""
    return any("prefetch" in headers.get(name, "").lower() for name in ("sec-purpose", "purpose", "x-moz"))


def reaches(visitor: Visitor, threshold: str) -> bool:
    """Whether a click by `visitor` counts at `threshold`, a value of `Threshold`; KeyError for any other value."""
    return visitor in _REACHED[threshold]


def classify(agent: str, headers: Mapping[str, str], rules: Rules, address: str | None = None) -> Verdict:
    """Classify a visitor. `headers` has the sent ones of HEADERS by lower-case name; `agent` is "" if none was sent."""
    network = rules.network_of(address)
    if network is not None:
        return Verdict(Visitor.SCANNER, f"network:{network}")
    if "preview" in headers.get("x-purpose", "").lower() or "preview" in headers.get("purpose", "").lower():
        return Verdict(Visitor.PREVIEW, "purpose-preview")
    verdict = _by_agent(agent[:LONGEST_AGENT], rules)
    return _by_headers(verdict, headers) if headers and verdict.reason in _OPEN else verdict


_BROWSER: Final = Verdict(Visitor.PERSON, "browser")
_NO_BROWSER: Final = Verdict(Visitor.UNKNOWN, "no-browser")
_PROGRAM: Final = Verdict(Visitor.BOT, "program")
_NAVIGATES: Final = Verdict(Visitor.PERSON, "navigate")
_IN_APP: Final = {
    app: Verdict(Visitor.PERSON, f"in-app:{app}")
    for app in (*(app for _, app in agents.IN_APP), *agents.PACKAGES.values())
}
_ANY_APP: Final = one_of(mark for mark, _ in agents.IN_APP)
_OTHER_BROWSER: Final = one_of(agents.BROWSERS)
_OPEN: Final = frozenset(verdict.reason for verdict in (_BROWSER, _NO_BROWSER, _PROGRAM, *_IN_APP.values()))
"""The reasons of verdicts that headers may still change."""


@lru_cache(maxsize=_REMEMBERED)
def _by_agent(agent: str, rules: Rules) -> Verdict:
    """Return the verdict from the agent alone."""
    name = agent.lower()
    if not name or name.isspace():
        return Verdict(Visitor.BOT, "empty-agent")
    browser = _names_browser(name)
    token = rules.token_of(name, browser=browser)
    if token is not None:
        return Verdict(token.visitor, f"token:{token.text}")
    if not browser:
        return _NO_BROWSER if agents.DEVICE.search(name) else _PROGRAM
    if _ANY_APP.search(name) is None:
        return _BROWSER
    return next(_IN_APP[app] for mark, app in agents.IN_APP if mark in name)


def _names_browser(name: str) -> bool:
    """Whether a lower-cased agent names an engine or a browser. Most name WebKit, so this is checked first."""
    return (
        "applewebkit" in name or any(map(name.__contains__, agents.ENGINES)) or _OTHER_BROWSER.search(name) is not None
    )


def _by_headers(verdict: Verdict, headers: Mapping[str, str]) -> Verdict:
    """Return `verdict`, or another one if the headers contradict it."""
    if "headless" in headers.get("sec-ch-ua", "").lower():
        return Verdict(Visitor.BOT, "headless")
    mode = headers.get("sec-fetch-mode", "").strip().lower()
    if mode and mode != "navigate":
        return Verdict(Visitor.BOT, "not-navigate")  # a script, in a page or in Node.js: nobody opened the link
    app = agents.PACKAGES.get(headers.get("x-requested-with", ""))
    if app and verdict is _BROWSER:
        return _IN_APP[app]
    if mode and verdict in (_BROWSER, _NO_BROWSER, _PROGRAM):
        return _NAVIGATES  # only a browser window sends it
    if verdict is _PROGRAM and headers.get("accept-language", "*") != "*":
        return _NO_BROWSER  # an app may give its web view any name, and programs rarely ask for a language
    return verdict
