"""The vendor's three words for what became of a message: `result`, `status` and `sent_result`."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason

Result = Literal["done", "processing"]
Status = Literal["done", "waiting", "error", "canceled"]
SentResult = Literal["none", "received", "unconnected", "error", "unknown"]
# The vendor calls back when `result` becomes `done`; who takes a message back knows it already.
TOLD: Final = frozenset(state for state in MessageState if state.is_final) - {MessageState.CANCELED} | {
    MessageState.UNKNOWN
}
# A failed message could not be reached for these reasons.
UNCONNECTED: Final = frozenset({Reason.ABSENT_TEMPORARY, Reason.ABSENT_PERMANENT, Reason.BUSY})


@dataclass(frozen=True, slots=True)
class Words:
    """The three words."""

    result: Result
    status: Status
    sent_result: SentResult


WAITING: Final = Words("processing", "waiting", "none")
SENT: Final = Words("processing", "done", "none")
UNREACHED: Final = Words("done", "done", "unconnected")
WORDS: Final[dict[MessageState | None, Words]] = {
    None: WAITING,  # without a gateway
    MessageState.SCHEDULED: WAITING,
    MessageState.QUEUED: WAITING,
    MessageState.SENT: SENT,
    MessageState.BUFFERED: SENT,
    MessageState.ACCEPTED: SENT,
    MessageState.UNKNOWN: Words("done", "done", "unknown"),
    MessageState.EXPIRED: UNREACHED,
    MessageState.FAILED: Words("done", "done", "error"),
    MessageState.REJECTED: Words("done", "error", "error"),
    MessageState.DELIVERED: Words("done", "done", "received"),
    MessageState.CANCELED: Words("done", "canceled", "none"),
}


def words(state: MessageState | None, reason: Reason | None) -> Words:
    """Return the words for a state and its reason."""
    return UNREACHED if state is MessageState.FAILED and reason in UNCONNECTED else WORDS[state]


def states(
    result: Result | None, status: Status | None, sent_result: SentResult | None
) -> Collection[MessageState | None] | None:
    """Return the states that may have these words, None if all of them may; the reason decides about some."""
    wanted = (result, status, sent_result)
    if wanted == (None, None, None):
        return None
    return [
        state
        for state in WORDS
        if any(has(words(state, reason), *wanted) for reason in (None, Reason.ABSENT_TEMPORARY))
    ]


def reasons(result: Result | None, status: Status | None, sent_result: SentResult | None) -> Collection[Reason | None]:
    """Return the reasons that a failed message with these words may have."""
    every = (None, *Reason)
    return [one for one in every if has(words(MessageState.FAILED, one), result, status, sent_result)]


def has(found: Words, result: Result | None, status: Status | None, sent_result: SentResult | None) -> bool:
    """Return whether words are those that are wanted; None stands for any."""
    pairs = ((result, found.result), (status, found.status), (sent_result, found.sent_result))
    return all(wanted is None or wanted == word for wanted, word in pairs)
