"""Shortcuts to link detection: what would be rewritten, and the reasons for skipped text."""

from shortener.rules.links.body import find

OWN = frozenset({"s.example.com"})


def link(text: str, detection: str = "strict") -> str | None:
    """The stretch of text that is rewritten."""
    found = find(text, detection=detection, own_hosts=OWN).found
    return text[found.start : found.end] if found else None


def skipped(text: str, detection: str = "strict") -> list[tuple[str, str]]:
    """The skipped texts, each with its reason."""
    return [(each.text, each.reason) for each in find(text, detection=detection, own_hosts=OWN).skipped]


def reasons(text: str, detection: str) -> set[str]:
    """The reasons for skipped texts."""
    return {reason for _, reason in skipped(text, detection)}
