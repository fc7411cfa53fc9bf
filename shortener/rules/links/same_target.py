"""Choose the links of a mail with a text and HTML: what has the same target in both shares a shortlink.

A mail program shows one of the two parts. So the first place of a target in the HTML belongs to its first place in the
text, the second to the second, and so on; what is left over has no counterpart.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from shortener.rules.links.body import LONGEST_SKIPPED, MOST_SKIPPED, Finding, Found, Skipped
from shortener.rules.links.html import unsubscribe
from shortener.rules.links.skip_reason import SkipReason
from shortener.rules.links.target import Target
from shortener.rules.links.tracking import Track

ON_PURPOSE: Final = frozenset({SkipReason.OFF, SkipReason.UNSUBSCRIBE})


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


def of_mail(html: Finding, track: Track) -> Callable[[Target], SkipReason | None]:
    """Return what says why a link of a mail's text is left as it is; `html` has all links of its HTML.

    What leads out of a list stays, and so does what the HTML leaves on purpose. With `first`, only the first link of
    the HTML is taken, if there is one.
    """
    on_purpose = {each.text: each.reason for each in html.skipped if each.reason in ON_PURPOSE}
    first = html.found.target.link if html.found and track == Track.FIRST else None

    def leave(target: Target) -> SkipReason | None:
        if reason := on_purpose.get(target.link[:LONGEST_SKIPPED]):
            return reason
        if unsubscribe.is_in_url(target.location):
            return SkipReason.UNSUBSCRIBE
        return SkipReason.LATER if first is not None and target.link != first else None

    return leave


def beside(text: Finding, html: Finding, track: Track, most: int) -> Finding:
    """Return the links of the HTML that need a shortlink of their own; `html` has all links of the HTML.

    With `first` that is its first link, unless a link of the text was taken: that is the same one, or the HTML has
    none. A message has at most `most` shortlinks.
    """
    paired = {found.start for _, found in pairs([found.target.link for found in text.links], html.links)}
    alone = [found for found in html.links if found.start not in paired]
    if track == Track.FIRST:
        wanted, reason = (0 if text.links else 1), SkipReason.LATER
    else:
        wanted, reason = most - len(text.links), SkipReason.MANY
    left = [Skipped(found.target.link[:LONGEST_SKIPPED], reason, found.start) for found in alone[wanted:]]
    earlier = [each._replace(reason=reason) if each.reason == SkipReason.MANY else each for each in html.skipped]
    skipped = sorted([*earlier, *left], key=lambda each: each.start)
    return Finding(tuple(alone[:wanted]), tuple(skipped[:MOST_SKIPPED]))
