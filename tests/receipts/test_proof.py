"""A receipt proves that the gateway took a message, which is then not handed over again."""

import datetime as dt

import pytest
from sqlalchemy import func, insert, select

from shortener.errors import NotHeldError
from shortener.receipts.proof import OPEN
from shortener.rules.delivery.message_state import MessageState
from shortener.sending import decisions
from shortener.sending.gateway import NotNow, Refused, Taken, Unsure
from shortener.storage import db
from shortener.storage.models import Attachment, Message, Receipt
from tests.support.factories import DAY, NOW, Sender
from tests.support.hand_overs import (
    DOUBT,
    NUMBER,
    SECOND,
    claim,
    held,
    message,
    outcomes,
    put,
    receive,
    sending,
    set_on_unsure,
    settle,
)

FINAL = [state for state in MessageState if state.is_final and state is not MessageState.CANCELED]
STATES = [MessageState.SENT, MessageState.BUFFERED, MessageState.ACCEPTED, MessageState.UNKNOWN, *FINAL]


def repeat(message_id: int, now: dt.datetime) -> None:
    with db.write() as session:
        decisions.repeat(session, session.get_one(Message, message_id), now=now)


def files_left() -> int | None:
    with db.read() as session:
        return session.scalar(select(func.count(Attachment.content)))


def add_file(message_id: int) -> None:
    values = {"name": "a.pdf", "content_type": "application/pdf", "size": 3, "sha256": bytes(32), "content": b"pdf"}
    with db.write() as session:
        session.execute(insert(Attachment), [{"message_id": message_id, "position": 1, **values}])


@pytest.mark.parametrize("state", STATES)
def test_a_held_message_is_settled(sender: Sender, state: MessageState) -> None:
    message_id = held(sender)
    add_file(message_id)
    receive(sender, message_id, state, NOW + DAY)
    row = sending(message_id)
    assert (row.state, row.settled_on, row.sent_on, row.exhausted_because) == ("delivered", NOW + DAY, NOW + DAY, None)
    kept = (None, None) if state.is_final else (NUMBER, NOW + DAY + OPEN)
    assert (row.recipient, row.closes_on, files_left()) == (*kept, 0)
    with pytest.raises(NotHeldError):
        repeat(message_id, NOW + DAY)
    assert claim(NOW + 2 * DAY) == []


def test_a_repeated_message_is_not_claimed(sender: Sender) -> None:
    message_id = held(sender)
    repeat(message_id, NOW + DAY)
    receive(sender, message_id, MessageState.ACCEPTED, NOW + DAY)
    assert claim(NOW + DAY) == []
    assert (sending(message_id).state, outcomes(message_id)) == ("delivered", ["unsure"])


def test_a_message_that_waits_to_be_repeated_is_settled(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    set_on_unsure(sender, "repeat")
    [claimed] = claim()
    settle(claimed, Unsure(sentence="no answer"))
    [claimed] = claim(NOW + DOUBT)
    settle(claimed, NotNow(sentence="later"), NOW + DOUBT)
    receive(sender, message_id, MessageState.ACCEPTED, NOW + DOUBT)
    assert (sending(message_id).state, claim(NOW + DAY)) == ("delivered", [])


def test_a_receipt_during_an_attempt_is_seen_later(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    set_on_unsure(sender, "repeat")
    [claimed] = claim()
    settle(claimed, Unsure(sentence="no answer"))
    [claimed] = claim(NOW + DOUBT)
    receive(sender, message_id, MessageState.ACCEPTED, NOW + DOUBT)
    assert sending(message_id).state == "attempting"
    settle(claimed, NotNow(sentence="later"), NOW + DOUBT)
    assert claim(NOW + DAY) == []
    assert (sending(message_id).state, message(message_id).state) == ("delivered", "accepted")


def test_a_message_that_has_not_begun_still_goes_out(sender: Sender) -> None:
    """Its sender has reported something else under its name."""
    message_id = put(sender, now=NOW)
    receive(sender, message_id, MessageState.BUFFERED)
    assert sending(message_id).state == "pending"
    assert len(claim()) == 1


def test_settled_sendings_stay_as_they_are(sender: Sender) -> None:
    taken, refused = put(sender, now=NOW), put(sender, now=NOW)
    for claimed, answer in zip(claim(), (Taken(), Refused()), strict=True):
        settle(claimed, answer)
    for message_id in (taken, refused):
        receive(sender, message_id, MessageState.ACCEPTED, NOW + SECOND)
    assert (sending(taken).sent_on, sending(refused).state) == (NOW, "exhausted")


def test_a_proved_message_cannot_be_repeated(sender: Sender) -> None:
    """Held by a version that did not settle it."""
    message_id = held(sender)
    values = {"account_id": message(message_id).account_id, "gateway": "kannel", "state": MessageState.ACCEPTED}
    with db.write() as session:
        at = {"happened_on": NOW, "received_on": NOW}
        session.execute(insert(Receipt), [{"message_id": message_id, **values, **at}])
    with pytest.raises(NotHeldError):
        repeat(message_id, NOW + DAY)


def test_a_given_up_message_forgets_its_files(sender: Sender) -> None:
    message_id = held(sender)
    add_file(message_id)
    with db.write() as session:
        decisions.give_up(session, session.get_one(Message, message_id), asked_by="account shop", now=NOW)
    assert (files_left(), sending(message_id).recipient) == (0, None)
