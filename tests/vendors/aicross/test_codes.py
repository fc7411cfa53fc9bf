"""The vendor's numbers for states and reasons."""

import pytest

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.vendors.aicross import receipts
from shortener.vendors.aicross.codes import DESCRIPTIONS, detailed_status_id, status_id

FAILED = [MessageState.EXPIRED, MessageState.FAILED, MessageState.REJECTED, MessageState.CANCELED]


def test_every_state_has_its_number() -> None:
    numbers = {state: status_id(state) for state in MessageState}
    assert {state for state, number in numbers.items() if number == "3"} == set(FAILED)
    assert {state for state, number in numbers.items() if number == "2"} == {MessageState.DELIVERED}
    assert {state for state, number in numbers.items() if number == "0"} == {MessageState.UNKNOWN}
    assert len([number for number in numbers.values() if number == "1"]) == 5
    assert status_id(None) == "1"  # without a gateway


def test_descriptions_are_the_vendors_texts() -> None:
    assert DESCRIPTIONS == {
        "0": "Unknown",
        "1": "Message is Sending",
        "2": "Message delivered",
        "3": "Message delivery failed",
    }


@pytest.mark.parametrize("state", [None, *(state for state in MessageState if state not in FAILED)])
def test_only_a_failure_has_a_class(state: MessageState | None) -> None:
    assert detailed_status_id(state, Reason.BUSY, "11824") == "00000"


@pytest.mark.parametrize("state", FAILED)
@pytest.mark.parametrize(
    ("reason", "number"),
    [
        (Reason.NETWORK, "00721"),
        (Reason.RATE, "00721"),
        (Reason.DAILY_LIMIT, "00721"),
        (Reason.ABSENT_PERMANENT, "00732"),
        (Reason.UNREACHABLE, "00732"),
        (Reason.ABSENT_TEMPORARY, "00824"),
        (Reason.BUSY, "00833"),
        (Reason.SPAM, "00834"),
        (Reason.BARRED_BY_USER, "00834"),
        (Reason.BLOCKED_BY_CARRIER, "00834"),
        (Reason.OPTED_OUT, "00834"),
        (Reason.PORTABILITY, "00823"),
        (Reason.UNKNOWN, "00823"),
        (None, "00823"),
    ],
)
def test_a_reason_has_its_class(state: MessageState, reason: Reason | None, number: str) -> None:
    assert detailed_status_id(state, reason, "") == number
    assert detailed_status_id(state, reason, "6") == number  # another gateway's code


@pytest.mark.parametrize("reason", Reason)
def test_every_class_can_be_read_again(reason: Reason) -> None:
    number = detailed_status_id(MessageState.FAILED, reason, "")
    assert len(number) == 5 and number[2:] in receipts.REASONS


def test_the_vendors_own_code_stays() -> None:
    """It has the carrier, and may be of a class that we do not know."""
    assert detailed_status_id(MessageState.FAILED, Reason.BUSY, "11824") == "11824"
    assert detailed_status_id(MessageState.FAILED, None, "62999") == "62999"
    assert detailed_status_id(MessageState.FAILED, Reason.BUSY, "99824") == "00833"
