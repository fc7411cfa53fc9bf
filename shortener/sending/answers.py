"""What gateways answer, as it may be stored and shown: without the recipient."""

import re
from typing import Final

_MAILBOX: Final = re.compile("<?[^\\s<>]+@[^\\s<>:;]+>?")
_SEPARATOR: Final = "[ ().-]?"
_ENOUGH: Final = 7  # of a number's last digits name somebody, whatever stands before them
_HIDDEN: Final = "..."


def hidden(answer: bytes, recipient: str) -> bytes:
    """The answer without any e-mail address, and without the recipient, its local part and its digits."""
    text = _MAILBOX.sub(_HIDDEN, answer.decode("utf-8", "surrogateescape"))
    for pattern in _number(recipient) if "@" not in recipient else _names(recipient):
        text = re.sub(pattern, _HIDDEN, text, flags=re.IGNORECASE)
    return text.encode("utf-8", "surrogateescape")


def words(answer: bytes) -> str:
    """The beginning of an answer as one line."""
    text = " ".join(answer[:200].decode("utf-8", "replace").split())
    return "".join(letter for letter in text if letter.isprintable())


def _number(recipient: str) -> list[str]:
    """Patterns for a phone number: all of it with any separators, and its end with what stands before."""
    digits = re.sub("[^0-9]", "", recipient)
    if len(digits) < 3:
        return []
    end = digits[-_ENOUGH:]
    return [rf"\+?{_SEPARATOR.join(digits)}", rf"\+?[0-9]*{_SEPARATOR.join(end)}"]


def _names(recipient: str) -> list[str]:
    """Patterns for what stands in front of the `@`, with and without what follows a `+`."""
    local = recipient.rpartition("@")[0]
    names = {local, local.partition("+")[0]} - {""}
    return [rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True)]
