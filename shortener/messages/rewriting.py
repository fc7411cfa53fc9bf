"""The text of a message with its shortlink in it, and what it costs by SMS."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from shortener.installation.site import Site
from shortener.rules import sms_parts
from shortener.storage.models import Link, Message


class SmsParts(TypedDict):
    """What the text costs by SMS."""

    encoding: Literal["GSM-7", "UCS-2"]
    parts_before: Annotated[int, Field(description="SMS parts of the text as received.")]
    parts_after: Annotated[int, Field(description="SMS parts of the text to send.")]


def rewritten_text(message: Message, link: Link | None, site: Site) -> str:
    """The text to send: the one received, with the shortlink in place of the link."""
    return rewritten(message.text, link, site.shortlink_of(link)) if link else message.text


def rewritten(text: str, link: Link, shortlink: str) -> str:
    """A text with the shortlink in place of the link."""
    return text[: link.starts_at] + shortlink + text[link.ends_at :]


def sms(before: str, after: str) -> SmsParts:
    """How many SMS parts the text takes, as received and as it is sent."""
    sent = sms_parts.count(after)
    return {"encoding": sent.encoding, "parts_before": sms_parts.count(before).parts, "parts_after": sent.parts}
