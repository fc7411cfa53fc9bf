"""Our states and reasons in the vendor's words."""

import pytest

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.twilio import statuses
from shortener.vendors.twilio.receipts import STATES


@pytest.mark.parametrize("state", [None, *MessageState])
@pytest.mark.parametrize("was_sent", [False, True])
def test_every_state_has_a_word(state: MessageState | None, was_sent: bool) -> None:
    assert statuses.word(state, was_sent=was_sent) in STATES


@pytest.mark.parametrize("state", statuses.FAILED)
def test_what_nobody_took_has_failed(state: MessageState) -> None:
    assert statuses.word(state, was_sent=False) == "failed"
    assert statuses.word(state, was_sent=True) == "undelivered"


@pytest.mark.parametrize("reason", Reason)
def test_every_failure_has_a_code(reason: Reason) -> None:
    code = statuses.error_code(MessageState.FAILED, reason, "", was_sent=True)
    assert code is not None and (30000 <= code < 31000 or code == 21610)


@pytest.mark.parametrize(
    ("state", "reason", "code", "was_sent", "expected"),
    [
        (MessageState.DELIVERED, Reason.NONE, "0", True, None),
        (MessageState.FAILED, Reason.ABSENT_PERMANENT, "3", True, 30005),
        (MessageState.FAILED, None, "30034", True, 30034),
        (MessageState.FAILED, None, "77", True, 30008),
        (MessageState.REJECTED, None, "", True, 30007),
        (MessageState.REJECTED, Reason.OPTED_OUT, "9", False, 21610),
        (MessageState.EXPIRED, None, "", False, 30036),
        (MessageState.EXPIRED, Reason.UNKNOWN, "1", True, 30003),
    ],
)
def test_a_code_follows_the_reason(
    state: MessageState, reason: Reason | None, code: str, was_sent: bool, expected: int | None
) -> None:
    assert statuses.error_code(state, reason, code, was_sent=was_sent) == expected
