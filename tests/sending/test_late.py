"""Answers of gateways that come after the lease was lost."""

import datetime as dt
from collections.abc import Callable

import pytest

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.sending import decisions, sweeps
from shortener.sending.gateway import HandOver, NotNow, Refused, Taken, Unsure
from shortener.sending.kind import SENDINGS
from shortener.storage import db
from shortener.storage.models import Message
from tests.support.factories import DAY, NOW, Sender
from tests.support.hand_overs import (
    DOUBT,
    LEASE,
    NUMBER,
    SECOND,
    claim,
    message,
    outcomes,
    put,
    receive,
    sending,
    set_on_unsure,
    settle,
)

LATER = NOW + LEASE + DOUBT
REFUSED = Refused(sentence="no such number", code="13", reason=Reason.UNREACHABLE)
BUSY = NotNow(sentence="connection refused")


def decide(decision: Callable[..., None], message_id: int, **given: object) -> None:
    with db.write() as session:
        decision(session, session.get_one(Message, message_id), **given)


def give_up(message_id: int) -> None:
    decide(decisions.give_up, message_id, asked_by="account shop", now=LATER)


def leave(_message_id: int) -> None:
    with db.write() as session:
        assert sweeps.close(session, now=NOW + 4 * DAY) == 1


@pytest.mark.parametrize("is_held", [False, True])
def test_a_late_answer_ends_the_doubt(sender: Sender, is_held: bool) -> None:
    """The process was frozen: its lease was lost, but the gateway did take the message."""
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    claim(NOW + LEASE)
    if is_held:
        claim(NOW + LEASE + DOUBT)
    assert settle(claimed, Taken(reference="late"), NOW + LEASE + DOUBT) is None
    row = sending(message_id)
    assert (row.state, row.gateway_ref, row.exhausted_because) == ("delivered", "late", None)
    assert message(message_id).state == ("unknown" if is_held else "sent")
    assert outcomes(message_id) == ["taken"]


def test_a_late_answer_leaves_a_running_attempt_alone(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    set_on_unsure(sender, "repeat")
    [first] = claim()
    claim(NOW + LEASE)
    [second] = claim(NOW + LEASE + DOUBT)
    settle(first, Taken(reference="first"), NOW + LEASE + DOUBT)
    assert sending(message_id).state == "attempting"
    settle(second, Taken(reference="second"), NOW + LEASE + DOUBT)
    assert sending(message_id).gateway_ref == "second"


@pytest.mark.parametrize("end", [give_up, leave])
def test_a_late_answer_counts_after_giving_up(sender: Sender, end: Callable[[int], None]) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    claim(NOW + LEASE)
    claim(LATER)
    end(message_id)
    settle(claimed, Taken(reference="late"), NOW + 5 * DAY)
    row = sending(message_id)
    assert (row.state, row.gateway_ref, row.exhausted_because) == ("delivered", "late", None)
    assert (row.recipient, row.closes_on, message(message_id).state) == (None, None, "unknown")
    assert receive(sender, message_id, MessageState.DELIVERED, ref="late") == 1
    assert message(message_id).state == "delivered"


@pytest.mark.parametrize("is_held", [False, True])
def test_a_late_refusal_rejects_the_message(sender: Sender, is_held: bool) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    claim(NOW + LEASE)
    if is_held:
        claim(LATER)
    settle(claimed, REFUSED, LATER)
    found, row = message(message_id), sending(message_id)
    assert (found.state, found.code, found.reason) == ("rejected", "13", "unreachable")
    assert (row.state, row.exhausted_because, row.recipient) == ("exhausted", "no such number", None)
    assert (row.unsure_on, row.closes_on, claim(LATER + DAY)) == (None, None, [])


@pytest.mark.parametrize("is_held", [False, True])
def test_a_busy_gateway_is_asked_again(sender: Sender, is_held: bool) -> None:
    """It has not got the message, so there is nothing to decide."""
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    claim(NOW + LEASE)
    if is_held:
        claim(LATER)
    settle(claimed, BUSY, LATER)
    row = sending(message_id)
    assert (row.state, row.due_on, row.settled_on, row.unsure_on) == ("pending", LATER + 5 * SECOND, None, None)
    assert (row.recipient, row.closes_on, row.exhausted_because) == (NUMBER, None, None)
    assert len(claim(LATER + 5 * SECOND)) == 1
    assert outcomes(message_id) == ["busy", None]


def test_without_an_answer_the_doubt_stays(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    claim(NOW + LEASE)
    claim(LATER)
    settle(claimed, Unsure(sentence="no answer"), LATER)
    assert sending(message_id).state == "held"


@pytest.mark.parametrize("answer", [REFUSED, BUSY])
def test_only_the_latest_attempt_can_end_a_doubt(sender: Sender, answer: HandOver) -> None:
    message_id, now = put(sender, now=NOW), LATER
    set_on_unsure(sender, "repeat")
    [first] = claim()
    claim(NOW + LEASE)
    [second] = claim(now)
    settle(second, Unsure(sentence="no answer"), now)
    settle(first, answer, now)
    assert (sending(message_id).state, sending(message_id).unsure_on) == ("pending", now)


def test_an_earlier_attempt_proves_that_it_was_taken(sender: Sender) -> None:
    message_id, now = put(sender, now=NOW), LATER
    set_on_unsure(sender, "repeat")
    [first] = claim()
    claim(NOW + LEASE)
    [second] = claim(now)
    settle(first, Taken(reference="first"), now)
    settle(second, Unsure(sentence="no answer"), now)
    assert claim(now + dt.timedelta(seconds=120)) == []
    assert (sending(message_id).state, message(message_id).state) == ("delivered", "sent")


def test_an_answer_after_it_was_given_back_counts(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    with db.write() as session:
        SENDINGS.give_back(session, claimed, now=NOW)
    settle(claimed, REFUSED)
    assert (message(message_id).state, claim()) == ("rejected", [])
