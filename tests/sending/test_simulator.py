"""The simulator: the end of a recipient chooses what happens."""

import pytest

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.sending.gateway import NotNow, Outgoing, Refused, Taken
from shortener.sending.simulator import Simulator, endings

State = MessageState
MSGID = "Zq3" * 10 + "ab"


def outgoing(recipient: str, number: int = 1) -> Outgoing:
    return Outgoing(msgid=MSGID, sender="Acme", recipient=recipient, text="Hello", number=number)


@pytest.mark.parametrize(
    ("digits", "word", "states"),
    [
        ("9901", "expired", [State.EXPIRED]),
        ("9902", "failed", [State.FAILED]),
        ("9903", "rejected", [State.REJECTED]),
        ("9904", "buffered", [State.BUFFERED]),
        ("9905", "accepted", [State.ACCEPTED]),
        ("9906", "unknown", [State.UNKNOWN]),
        ("9907", "refused", []),
        ("9908", "silent", []),
        ("9909", "away", [State.DELIVERED]),
        ("9910", "twice", [State.DELIVERED, State.DELIVERED, State.ACCEPTED]),
        ("9911", "else", [State.ACCEPTED, State.DELIVERED]),
    ],
)
def test_the_end_of_a_recipient_chooses_the_receipts(digits: str, word: str, states: list[MessageState]) -> None:
    assert [ending.state for ending in endings(f"+81 80-1234-{digits}")] == states
    assert [ending.state for ending in endings(f"anna+{word}@example.com")] == states


@pytest.mark.parametrize("recipient", ["990", "+8199020", "failed@example.com", "anna+9902@example.com", "+@", ""])
def test_any_other_recipient_gets_the_message(recipient: str) -> None:
    assert [ending.state for ending in endings(recipient)] == [State.ACCEPTED, State.DELIVERED]


def test_failures_have_their_reasons() -> None:
    reasons = [ending.reason for end in ("9901", "9902", "9903", "9906") for ending in endings(end)]
    assert reasons == [Reason.UNKNOWN, Reason.ABSENT_PERMANENT, Reason.SPAM, Reason.UNKNOWN]


def test_a_message_is_taken() -> None:
    taken = Simulator().hand_over(outgoing("+818012345678"))
    assert isinstance(taken, Taken) and taken.reference == f"simulated-{MSGID}"


def test_a_recipient_can_be_refused() -> None:
    assert isinstance(Simulator().hand_over(outgoing("9907")), Refused)


def test_an_absent_recipient_is_reached_at_last() -> None:
    kinds = [type(Simulator().hand_over(outgoing("anna+away@example.com", number))) for number in (1, 2, 3, 4)]
    assert kinds == [NotNow, NotNow, Taken, Taken]
