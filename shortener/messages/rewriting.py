"""The text of a message with its shortlink in it, and what it costs by SMS."""

from typing import Any

from shortener.installation.site import Site
from shortener.rules import sms_parts
from shortener.storage.models import Link, Message


def rewritten_text(message: Message, link: Link | None, site: Site) -> str:
    """The text to send: the one that came, with the shortlink where the link was."""
    return rewritten(message.text, link, site.shortlink_of(link)) if link else message.text


def rewritten(text: str, link: Link, shortlink: str) -> str:
    """A text with the shortlink in place of the link."""
    return text[: link.starts_at] + shortlink + text[link.ends_at :]


def sms(before: str, after: str) -> dict[str, Any]:
    """How many SMS parts the text takes, as it came and as it goes out."""
    sent = sms_parts.count(after)
    return {"encoding": sent.encoding, "parts_before": sms_parts.count(before).parts, "parts_after": sent.parts}
