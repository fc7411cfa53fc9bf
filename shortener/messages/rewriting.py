"""The text of a message with its shortlinks in it, and how many SMS parts it takes."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shortener.installation.site import Site
from shortener.messages.rows import StoredLink
from shortener.rules import sms_parts
from shortener.rules.links import body
from shortener.storage.models import Link


class SmsParts(TypedDict):
    """How many SMS parts a text takes."""

    encoding: Literal["GSM-7", "UCS-2"]
    parts_before: Annotated[int, Field(description="SMS parts of the text as received.")]
    parts_after: Annotated[int, Field(description="SMS parts of the text to send.")]


def rewritten_text(text: str, links: Sequence[Link | StoredLink], site: Site) -> str:
    """Return the text to send: the submitted text with a shortlink in place of each of these links."""
    return body.rewrite(text, ((link.starts_at, link.ends_at, site.shortlink_of(link)) for link in links))


def sms(before: str, after: str) -> SmsParts:
    """Return the encoding of the text to send, and how many SMS parts the text takes before and after rewriting."""
    sent = sms_parts.count(after)
    return {"encoding": sent.encoding, "parts_before": sms_parts.count(before).parts, "parts_after": sent.parts}
