"""The states of a message: their rank decides which replaces which."""

import pytest

from shortener.rules.delivery.message_state import MessageState

WORDS = [
    "scheduled",
    "queued",
    "sent",
    "buffered",
    "accepted",
    "unknown",
    "expired",
    "failed",
    "rejected",
    "delivered",
    "canceled",
]


def test_states_are_in_rank_order() -> None:
    assert [state.value for state in sorted(MessageState, key=lambda state: state.rank)] == WORDS


@pytest.mark.parametrize("state", MessageState)
def test_only_lower_open_states_are_replaced(state: MessageState) -> None:
    lower = [other for other in MessageState if other.rank < state.rank and not other.is_final]
    assert list(state.replaceable) == lower


def test_delivered_replaces_unknown_but_not_failed() -> None:
    assert MessageState.UNKNOWN in MessageState.DELIVERED.replaceable
    assert MessageState.FAILED not in MessageState.DELIVERED.replaceable


def test_late_accepted_leaves_delivered_alone() -> None:
    assert MessageState.DELIVERED not in MessageState.ACCEPTED.replaceable
    assert {state.value for state in MessageState if state.is_final} == set(WORDS[6:])
