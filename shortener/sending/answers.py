"""What gateways answer: as it may be stored and shown, without the recipient; and what a status of HTTP means."""

import re
from collections.abc import Set as AbstractSet
from typing import Any, Final

from shortener.outbound.client import Answer
from shortener.rules.delivery.reason import Reason
from shortener.rules.delivery.retry import parse_retry_after
from shortener.sending.gateway import NotNow, Refused, Unsure

# Our configuration is wrong or the gateway is busy, so the message waits; it is not refused.
OUR_FAULT: Final = frozenset({401, 404, 405, 407, 408, 425, 429})
STORED: Final = 2048  # bytes of an answer
# A proxy gave the message to the gateway, and got no answer that it understands; 520 and 524 are Cloudflare's.
_PROXY: Final = frozenset({502, 504, 520, 524})

# Answers may be long, so each pattern costs a bounded number of steps for a character: an address is looked for only
# where a word begins, and a number has few digits.
_MAILBOX: Final = re.compile("<?(?<![^\\s<>])[^\\s<>]+@[^\\s<>:;]+>?")
_SEPARATOR: Final = "[ ().-]?"
_ENOUGH: Final = 7  # of a number's last digits name somebody, whatever stands before them
_BEFORE: Final = 13  # digits of a number before these: 15 together, and as many as open a call abroad
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


def seen(answer: Answer, who: str, recipient: str) -> dict[str, Any]:
    """The fields of an outcome that tell of the answer of a gateway, which a sentence calls `who`."""
    body = hidden(answer.body, recipient)[:STORED]
    said = words(body)
    sentence = f"{who} answered {answer.status}: {said}" if said else f"{who}: {answer.detail}"
    return {"sentence": sentence, "status": answer.status, "answer": body or None, "total_us": answer.total_us}


def by_status(
    answer: Answer, who: str, recipient: str, our_fault: AbstractSet[int] = OUR_FAULT
) -> Refused | NotNow | Unsure:
    """What an answer means that does not say by itself that the message was taken.

    A missing one means that the message was not taken only if nothing of it was written.
    """
    status, told = answer.status, seen(answer, who, recipient)
    if answer.is_sent if status is None else status < 300 or status in _PROXY:
        return Unsure(**told)
    if status is None or not 400 <= status < 500 or status in our_fault:
        wait = parse_retry_after(answer.retry_after)
        return NotNow(retry_after=wait if isinstance(wait, float) else None, **told)
    return Refused(code=str(status), reason=Reason.BAD_MESSAGE, **told)


def _number(recipient: str) -> list[str]:
    """Patterns for a phone number: all of it with any separators, and its end with what stands before."""
    digits = re.sub("[^0-9]", "", recipient)
    if len(digits) < 3:
        return []
    end = digits[-_ENOUGH:]
    return [rf"\+?{_SEPARATOR.join(digits)}", rf"\+?[0-9]{{0,{_BEFORE}}}{_SEPARATOR.join(end)}"]


def _names(recipient: str) -> list[str]:
    """Patterns for what stands in front of the `@`, with and without what follows a `+`."""
    local = recipient.rpartition("@")[0]
    names = {local, local.partition("+")[0]} - {""}
    return [rf"(?<!\w){re.escape(name)}(?!\w)" for name in sorted(names, key=len, reverse=True)]
