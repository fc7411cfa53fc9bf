"""Decisions about a sending: take it back in time; repeat or give up a held one."""

import datetime as dt
import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import Session

from shortener.delivery.job import Claimed
from shortener.errors import NotCancelableError, NotHeldError
from shortener.rules.delivery.message_state import MessageState
from shortener.sending import decisions, judgement
from shortener.sending.gateway import NotNow, Taken
from shortener.sending.kind import SENDINGS
from shortener.storage import db
from shortener.storage.models import Message, Sending
from tests.support.factories import DAY, NOW, Sender, make_message
from tests.support.hand_overs import (
    DOUBT,
    HOOKS,
    LEASE,
    NUMBER,
    SECOND,
    claim,
    held,
    message,
    outcomes,
    put,
    receive,
    sending,
    settle,
)

GiveUp = Callable[[Session, Message], None]


def cancel(message_id: int, now: dt.datetime = NOW) -> None:
    with db.write() as session:
        decisions.cancel(session, session.get_one(Message, message_id), now=now)


def repeat(message_id: int, now: dt.datetime = NOW) -> None:
    with db.write() as session:
        decisions.repeat(session, session.get_one(Message, message_id), now=now)


def give_up(message_id: int, now: dt.datetime = NOW) -> None:
    with db.write() as session:
        decisions.give_up(session, session.get_one(Message, message_id), asked_by="account shop", now=now)


@pytest.mark.parametrize("due_on", [None, NOW + DAY])
def test_a_waiting_message_can_be_canceled(sender: Sender, due_on: dt.datetime | None) -> None:
    message_id = put(sender, now=NOW, due_on=due_on)
    cancel(message_id)
    assert (message(message_id).state, message(message_id).reason) == ("canceled", "canceled")
    row = sending(message_id)
    assert (row.state, row.settled_on, row.recipient) == ("canceled", NOW, None)
    assert claim(NOW + DAY) == []
    cancel(message_id)  # again


def test_a_message_in_hand_cannot_be_canceled(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    [claimed] = claim()
    with pytest.raises(NotCancelableError):
        cancel(message_id)
    settle(claimed, NotNow(sentence="later"))
    with pytest.raises(NotCancelableError):
        cancel(message_id)
    [claimed] = claim(NOW + DAY)
    settle(claimed, Taken())
    with pytest.raises(NotCancelableError):
        cancel(message_id)


def test_a_message_without_gateway_cannot_be_canceled(sender: Sender) -> None:
    with pytest.raises(NotCancelableError):
        cancel(make_message(sender).message.id)


def test_either_the_claim_or_the_cancellation_wins(app: Flask, sender: Sender) -> None:
    ids = [put(sender, now=NOW) for _ in range(20)]
    together, canceled, claimed = threading.Barrier(2), list[int](), list[Claimed]()

    def take() -> None:
        with app.app_context():
            together.wait()
            for _ in range(20):
                with db.write() as session:
                    claimed.extend(
                        SENDINGS.claim(session, now=NOW, limit=1, lease=LEASE, per_destination=99, hooks=HOOKS)
                    )

    thread = threading.Thread(target=take)
    thread.start()
    together.wait()
    for message_id in reversed(ids):
        try:
            cancel(message_id)
            canceled.append(message_id)
        except NotCancelableError:
            pass
    thread.join()
    assert sorted([*canceled, *(one.loaded.message_id for one in claimed)]) == ids


def test_a_held_message_can_be_repeated(sender: Sender) -> None:
    message_id = held(sender)
    repeat(message_id, NOW + DAY)
    [claimed] = claim(NOW + DAY)
    settle(claimed, Taken(reference="again"), NOW + DAY)
    row = sending(message_id)
    assert (row.state, row.gateway_ref, outcomes(message_id)) == ("delivered", "again", ["unsure", "taken"])
    with pytest.raises(NotHeldError):
        repeat(message_id)


def test_a_message_held_after_a_crash_can_be_repeated(sender: Sender) -> None:
    """Its last attempt was interrupted, which alone must not hold it again."""
    message_id = put(sender, now=NOW)
    claim()
    claim(NOW + LEASE)
    claim(NOW + LEASE + DOUBT)
    repeat(message_id, NOW + DAY)
    assert len(claim(NOW + DAY)) == 1
    assert claim(NOW + DAY + LEASE) == []  # it crashed again
    assert sending(message_id).due_on == NOW + DAY + LEASE + DOUBT
    claim(NOW + DAY + LEASE + DOUBT)
    assert sending(message_id).state == "held"


def test_a_repeated_message_has_an_hour_at_least(sender: Sender) -> None:
    message_id = held(sender, period=10 * SECOND)
    repeat(message_id, NOW + DAY)
    assert sending(message_id).expires_on == NOW + DAY + dt.timedelta(hours=1)
    assert len(claim(NOW + DAY)) == 1


def test_a_repeated_message_can_be_retried(sender: Sender) -> None:
    message_id = held(sender)
    repeat(message_id, NOW + DAY)
    [claimed] = claim(NOW + DAY)
    settle(claimed, NotNow(sentence="later"), NOW + DAY)
    assert len(claim(NOW + DAY + DOUBT)) == 1
    assert outcomes(message_id) == ["unsure", "busy", None]


def test_a_forgotten_recipient_cannot_be_repeated(sender: Sender) -> None:
    message_id = held(sender)
    with db.write() as session:
        session.execute(update(Sending).values(recipient=None))
    with pytest.raises(NotHeldError):
        repeat(message_id)


def test_a_held_message_can_be_given_up(sender: Sender) -> None:
    message_id = held(sender)
    give_up(message_id, NOW + DAY)
    row = sending(message_id)
    assert (row.state, decisions.given_up_by(row), row.settled_on) == ("exhausted", "account shop", NOW + DAY)
    assert (row.recipient, row.closes_on, message(message_id).state) == (None, None, "unknown")
    with pytest.raises(NotHeldError):
        give_up(message_id)
    receive(sender, message_id, MessageState.DELIVERED)  # whatever comes is still believed
    assert message(message_id).state == "delivered"


def test_a_waiting_message_is_not_held(sender: Sender) -> None:
    message_id = put(sender, now=NOW)
    for decide in (repeat, give_up):
        with pytest.raises(NotHeldError):
            decide(message_id)
    assert (sending(message_id).state, sending(message_id).recipient) == ("pending", NUMBER)
    assert judgement.UNKNOWN not in (sending(message_id).exhausted_because or "")
