"""Find the links of an HTML part and put shortlinks in their place.

A link is the `href` of an `<a>` or `<area>` with an http(s) URL that may be a target by the rules for texts. What the
sender marked with `data-track="off"` and what leads out of a list stays. Nothing but attribute values changes.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from shortener.rules.links import body
from shortener.rules.links.body import LONGEST_SKIPPED, MOST_LINKS, MOST_SKIPPED, Finding, Found, Skipped
from shortener.rules.links.detection import BareDomains
from shortener.rules.links.html import unsubscribe
from shortener.rules.links.html.anchors import Anchor, anchors
from shortener.rules.links.html.references import as_url, decode, encode
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.target import Target, judge
from shortener.rules.links.tracking import Track

_OTHER_SCHEME: Final = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.I | re.A)


def find(
    html: str,
    *,
    track: Track = Track.FIRST,
    own_hosts: frozenset[str] = frozenset(),
) -> Finding:
    """Return the first link of an HTML part or all of them. Never raises, whatever the HTML contains.

    `[start, end)` of a link is its attribute value as it stands in the HTML; the text of what was skipped is decoded.
    """
    most = 1 if track == Track.FIRST else MOST_LINKS
    full = SkipReason.LATER if track == Track.FIRST else SkipReason.MANY
    links: list[Found] = []
    skipped: list[Skipped] = []
    for each in judged(html, own_hosts=own_hosts):
        if isinstance(each, Found) and len(links) < most:
            links.append(each)
        elif len(skipped) < MOST_SKIPPED:
            left = Skipped(each.target.link[:LONGEST_SKIPPED], full, each.start) if isinstance(each, Found) else each
            skipped.append(left)
        elif len(links) == most:
            break
    return Finding(tuple(links), tuple(skipped))


def judged(html: str, *, own_hosts: frozenset[str] = frozenset()) -> Iterator[Found | Skipped]:
    """Yield every value that could be a link, in order: as a link, or with the reason why it stays."""
    for anchor in anchors(html):
        url = as_url(anchor.value)
        if not url or url.startswith("#"):
            continue  # a place in the mail itself
        verdict = _judge(anchor, url, own_hosts)
        if isinstance(verdict, Target):
            yield Found(anchor.start, anchor.end, verdict)
        else:
            yield Skipped(url[:LONGEST_SKIPPED], verdict, anchor.start)


def without_links(finding: Finding) -> Finding:
    """Return the finding of HTML that stays unchanged: its links become skipped texts."""
    kept = [Skipped(each.target.link[:LONGEST_SKIPPED], SkipReason.KEPT, each.start) for each in finding.links]
    skipped = sorted((*finding.skipped, *kept), key=lambda each: each.start)
    return Finding((), tuple(skipped[:MOST_SKIPPED]))


def own_slugs(html: str, public_hosts: frozenset[str]) -> list[str]:
    """Return the slugs that follow one of our own hosts, also where characters of them are written as references."""
    return body.own_slugs(decode(html), public_hosts)


def rewrite(html: str, places: Iterable[tuple[int, int, str]]) -> str:
    """Return the HTML with each value `[start, end)` replaced by its shortlink, escaped. The places are in order."""
    return body.rewrite(html, ((start, end, encode(shortlink)) for start, end, shortlink in places))


def _judge(anchor: Anchor, url: str, own_hosts: frozenset[str]) -> Target | SkipReason:
    if anchor.is_off:
        return SkipReason.OFF
    if _OTHER_SCHEME.match(url):
        return SkipReason.SCHEME
    verdict = judge(url, own_hosts=own_hosts, bare_domains=BareDomains.OFF)
    if not isinstance(verdict, Target):
        return verdict.reason
    leaves = unsubscribe.is_in_url(verdict.location) or unsubscribe.is_in_text(
        *map(_on_one_line, (anchor.before, anchor.label, anchor.after))
    )
    return SkipReason.UNSUBSCRIBE if leaves else verdict


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
