"""The parts of a message with its shortlinks in them, and how many SMS parts its text takes."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Annotated, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shortener.installation.site import Site
from shortener.messages.rows import StoredLink
from shortener.rules import sms_parts
from shortener.rules.links import body
from shortener.rules.links.html import find as html_links
from shortener.rules.links.same_target import pairs
from shortener.rules.slug import LENGTH
from shortener.storage.models import Link, PartKind

Links = Sequence[Link | StoredLink]  # of one message, in their order
_TEXT: Final = PartKind.TEXT.value
Place = tuple[int, int, str]  # start and end in the part as submitted, and what stands there instead


class SmsParts(TypedDict):
    """How many SMS parts a text takes."""

    encoding: Literal["GSM-7", "UCS-2"]
    parts_before: Annotated[int, Field(description="SMS parts of the text as received.")]
    parts_after: Annotated[int, Field(description="SMS parts of the text to send.")]


def text(submitted: str, links: Links, site: Site) -> str:
    """Return the text to send: as submitted, with the shortlinks of its links."""
    return body.rewrite(submitted, text_places(links, site))


def text_with(submitted: str, links: Links, shortlinks: Iterable[str]) -> str:
    """Return the text to send, as `text` does, with shortlinks that are already known."""
    places = zip(links, shortlinks, strict=True)
    return body.rewrite(submitted, [(link.starts_at, link.ends_at, new) for link, new in places if link.part == _TEXT])


def foreseen(submitted: str, finding: body.Finding, site: Site) -> str:
    """Return the text to send before it has shortlinks: with others, which are as long and of the same characters."""
    shortlink = f"{site.base_url}/{'0' * LENGTH}"
    return body.rewrite(submitted, [(link.start, link.end, shortlink) for link in finding.links])


def html(submitted: str, links: Links, site: Site) -> str:
    """Return the HTML to send: as submitted, with the shortlinks of its links and of those that the text has too."""
    return html_links.rewrite(submitted, html_places(submitted, links, site))


def text_places(links: Links, site: Site) -> list[Place]:
    """Return where the links of the text are, with their shortlinks, in order."""
    return [(link.starts_at, link.ends_at, site.shortlink_of(link)) for link in links if link.part == PartKind.TEXT]


def html_places(submitted: str, links: Links, site: Site) -> list[Place]:
    """Return where the links of the HTML are and those that the text has too, with their shortlinks, in order."""
    places = [(link.starts_at, link.ends_at, site.shortlink_of(link)) for link in links if link.part == PartKind.HTML]
    in_text = [link for link in links if link.part == PartKind.TEXT]
    # The table has one place for each link; that in the HTML of a link of the text is found again, as at first.
    found = (each for each in html_links.judged(submitted, own_hosts=site.own_hosts) if isinstance(each, body.Found))
    for place, each in pairs([link.target for link in in_text], islice(found, body.MOST_LINKS)):
        places.append((each.start, each.end, site.shortlink_of(in_text[place])))
    return sorted(places)


def sms(before: str, after: str) -> SmsParts:
    """Return the encoding of the text to send, and how many SMS parts the text takes before and after rewriting."""
    sent = sms_parts.count(after)
    return {"encoding": sent.encoding, "parts_before": sms_parts.count(before).parts, "parts_after": sent.parts}
