"""NAVER's words for our states and reasons."""

import datetime as dt
from typing import Any

import pytest

from shortener.rules.delivery.face_message import FaceMessage
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.sens import codes

NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
READY, PROCESSING, ARRIVED = ("READY", "processing"), ("PROCESSING", "processing"), ("COMPLETED", "success")
FAILED = ("COMPLETED", "fail")
STATES = {
    None: READY,
    MessageState.SCHEDULED: READY,
    MessageState.QUEUED: READY,
    MessageState.SENT: PROCESSING,
    MessageState.BUFFERED: PROCESSING,
    MessageState.ACCEPTED: PROCESSING,
    MessageState.UNKNOWN: FAILED,
    MessageState.EXPIRED: FAILED,
    MessageState.FAILED: FAILED,
    MessageState.REJECTED: FAILED,
    MessageState.DELIVERED: ARRIVED,
    MessageState.CANCELED: FAILED,
}


def message(state: MessageState | None, **fields: Any) -> FaceMessage:
    return FaceMessage(id=1, msgid="m", sid="s", fields={}, text="", received_on=NOW, state=state, **fields)


@pytest.mark.parametrize("state", [None, *MessageState])
def test_each_state_has_its_two_words(state: MessageState | None) -> None:
    assert (codes.status(message(state)), codes.outcome(message(state))) == STATES[state]


@pytest.mark.parametrize("state", [None, *MessageState])
def test_each_state_is_found_by_its_word(state: MessageState | None) -> None:
    assert [name for name, states in codes.STATES.items() if state in states] == [STATES[state][1]]


@pytest.mark.parametrize(
    ("state", "reason", "code", "sms", "talk"),
    [
        (MessageState.SENT, None, "", None, None),
        (MessageState.DELIVERED, Reason.NONE, "0", "0", "0000"),
        (MessageState.FAILED, Reason.UNREACHABLE, "12", "3001", "3008"),
        (MessageState.FAILED, Reason.OPTED_OUT, "3018", "3001", "3018"),
        (MessageState.FAILED, Reason.OPTED_OUT, "9", "3001", "3020"),
        (MessageState.REJECTED, Reason.QUIET_HOURS, "", "3001", "3022"),
        (MessageState.FAILED, Reason.SPAM, "3018", "3001", "3001"),
        (MessageState.EXPIRED, None, "", "3001", "3001"),
    ],
)
def test_each_end_has_its_code(
    state: MessageState, reason: Reason | None, code: str, sms: str | None, talk: str | None
) -> None:
    ended = message(state, reason=reason, code=code)
    assert (codes.sms_code(ended), codes.talk_code(ended)) == (sms, talk)


@pytest.mark.parametrize("state", [state for state, words in STATES.items() if words == FAILED])
def test_each_failure_has_a_sentence(state: MessageState) -> None:
    assert codes.sentence(message(state))
    assert codes.sentence(message(state, reason=Reason.SPAM)) == "The carrier's filter took the text for spam."
    assert "77" in (codes.sentence(message(state, code="77")) or "")


def test_before_the_end_there_is_no_sentence() -> None:
    assert codes.sentence(message(MessageState.SENT)) is None
    assert codes.sentence(message(MessageState.DELIVERED)) == "success"
