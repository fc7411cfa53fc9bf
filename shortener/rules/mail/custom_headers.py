"""The headers that a sender may add to a mail: those that neither we nor the mail's way write."""

import re
from typing import Final

from shortener.rules.mail import header_text

MOST: Final = 50  # in one mail
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}")
_OURS: Final = frozenset(
    ("to", "cc", "bcc", "from", "sender", "reply-to", "subject", "date", "message-id", "mime-version")
)
_OF_THE_WAY: Final = frozenset(
    ("return-path", "received", "received-spf", "delivered-to", "authentication-results", "domainkey-signature")
)
_GROUPS: Final = ("content-", "resent-", "dkim-", "arc-")


def fault(name: str, value: str) -> str | None:
    """Return what is wrong with a header; None if a mail can have it."""
    lower = name.lower()
    if not _NAME.fullmatch(name):
        return f"must name headers of letters, digits and hyphens, not {name[:80]!r}"
    if lower in _OURS | _OF_THE_WAY or lower.startswith(_GROUPS):
        return f"must not set {name}, which is written for every mail"
    if header_text.NO_LINE.search(value) or len(value) > header_text.LONGEST:
        return f"must have a value of one line and at most {header_text.LONGEST} characters for {name}"
    return None
