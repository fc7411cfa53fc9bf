"""Choose the links of an HTML part beside a text: what has the target of a link of the text shares its shortlink.

A mail program shows one of the two parts. So the first place of a target in the HTML belongs to its first place in the
text, the second to the second, and so on; what is left over has no counterpart.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from shortener.rules.links.body import LONGEST_SKIPPED, MOST_SKIPPED, Finding, Found, Skipped
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.tracking import Track


def pairs(targets: Sequence[str], html: Iterable[Found]) -> Iterator[tuple[int, Found]]:
    """Yield the links of the HTML that have a counterpart, each with the index of its target in the text.

    Reads no further than needed, because HTML can be long.
    """
    waiting: dict[str, deque[int]] = defaultdict(deque)
    for place, target in enumerate(targets):
        waiting[target].append(place)
    left = len(targets)
    for found in html if left else ():
        if counterparts := waiting.get(found.target.link):
            yield counterparts.popleft(), found
            left -= 1
        if not left:
            return


def beside(text: Finding, html: Finding, track: Track, most: int) -> Finding:
    """Return the links of the HTML that need a shortlink of their own; `html` has all links of the HTML.

    With `first` that is at most one, and none if the text has a link. A message has at most `most` shortlinks.
    """
    paired = {found.start for _, found in pairs([found.target.link for found in text.links], html.links)}
    alone = [found for found in html.links if found.start not in paired]
    if track == Track.FIRST:
        wanted, reason = (0 if text.links else 1), SkipReason.LATER
    else:
        wanted, reason = most - len(text.links), SkipReason.MANY
    left = [Skipped(found.target.link[:LONGEST_SKIPPED], reason, found.start) for found in alone[wanted:]]
    earlier = [replace(each, reason=reason) if each.reason == SkipReason.MANY else each for each in html.skipped]
    skipped = sorted([*earlier, *left], key=lambda each: each.start)
    return Finding(tuple(alone[:wanted]), tuple(skipped[:MOST_SKIPPED]))
