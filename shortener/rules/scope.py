"""What a token may be used for."""

import enum
from collections.abc import Collection
from typing import Final


class Scope(enum.StrEnum):
    """The scopes of a token. Every route of the API and of a vendor's wire format needs one of them."""

    SEND = "send"  # preprocess messages, check what would become of a text
    READ = "read"  # reports, lists and exports
    MANAGE = "manage"  # change what became of messages: off, cancel, repeat, give up, replay, erase
    RECEIPTS = "receipts"  # report what became of messages, as a gateway does


ALL: Final = frozenset(Scope)


def parse(text: str) -> frozenset[Scope]:
    """Return the scopes of a text such as `send,read`; ValueError with a sentence if there are none or others."""
    names = {name.strip() for name in text.split(",") if name.strip()}
    if not names or not names <= {scope.value for scope in Scope}:
        raise ValueError(f"must be one or more of {', '.join(Scope)}, separated by commas")
    return frozenset(map(Scope, names))


def words(scopes: Collection[Scope]) -> str:
    """Return scopes as a text, always in the same order."""
    return ",".join(scope for scope in Scope if scope in scopes)


def stored(scopes: Collection[Scope]) -> str | None:
    """Return how scopes are stored: None for all, which includes those of later versions."""
    return None if set(scopes) >= ALL else words(scopes)


def read(text: str | None) -> frozenset[Scope]:
    """Return the scopes that are stored; a name that this version does not know allows nothing."""
    return ALL if text is None else frozenset(scope for scope in Scope if scope in text.split(","))
