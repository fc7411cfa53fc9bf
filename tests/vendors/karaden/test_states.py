"""The vendor's three words for what became of a message."""

import itertools

import pytest

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.karaden import states
from shortener.vendors.karaden.states import TOLD, WORDS, has, words


def test_every_state_has_its_words() -> None:
    told = {state: (found.result, found.status, found.sent_result) for state, found in WORDS.items()}
    waiting, sent = ("processing", "waiting", "none"), ("processing", "done", "none")
    assert told == {
        None: waiting,
        "scheduled": waiting,
        "queued": waiting,
        "sent": sent,
        "buffered": sent,
        "accepted": sent,
        "unknown": ("done", "done", "unknown"),
        "expired": ("done", "done", "unconnected"),
        "failed": ("done", "done", "error"),
        "rejected": ("done", "error", "error"),
        "delivered": ("done", "done", "received"),
        "canceled": ("done", "canceled", "none"),
    }


@pytest.mark.parametrize("reason", [*Reason, None])
def test_some_failures_mean_out_of_reach(reason: Reason | None) -> None:
    is_out = reason in {Reason.ABSENT_TEMPORARY, Reason.ABSENT_PERMANENT, Reason.BUSY}
    assert words(MessageState.FAILED, reason).sent_result == ("unconnected" if is_out else "error")


def test_what_is_done_is_told_unless_canceled() -> None:
    done = {state for state in MessageState if WORDS[state].result == "done"}
    assert done - {MessageState.CANCELED} == TOLD


def test_wanted_words_select_every_state_that_has_them() -> None:
    """A state that is not selected never has the words, whatever its reason."""
    results, statuses = (None, "done", "processing"), (None, "done", "waiting", "error", "canceled")
    sent_results = (None, "none", "received", "unconnected", "error", "unknown")
    for wanted in itertools.product(results, statuses, sent_results):
        selected = states.states(*wanted)
        fitting = {state for state in WORDS for reason in (*Reason, None) if has(words(state, reason), *wanted)}
        assert fitting == set(WORDS if selected is None else selected), wanted
