"""States of messages: only a higher rank replaces one, and each new one is told once."""

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from shortener.receipts.advance import News, advance, advance_all
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import db
from shortener.storage.models import Account, Attachment, Callback, Message
from tests.support import sendings
from tests.support.factories import NOW, Sender, make_account, make_message

RECEIPTS_URL = "http://127.0.0.1:9/receipts"


@pytest.fixture
def message(sender: Sender) -> Message:
    return make_message(sender, client_tag="order-1", recipient="+819012345678", tags=["a"], metadata={"k": 1}).message


def change(message: Message, state: str, **fields: Any) -> bool:
    with db.write() as session:
        return advance(session.connection(), message.id, News(MessageState(state), NOW, **fields), now=NOW)


def stored(message: Message) -> Message:
    with db.read() as session:
        return session.get_one(Message, message.id)


def put_url(message: Message, url: str | None) -> None:
    with db.write() as session:
        session.get_one(Message, message.id).receipts_url = url


def callbacks() -> list[Callback]:
    with db.read() as session:
        return list(session.scalars(select(Callback).order_by(Callback.id)))


def pairs() -> Iterator[tuple[str | None, str]]:
    yield from itertools.product([None, *map(str, MessageState)], map(str, MessageState))


def test_only_a_higher_rank_replaces_a_state(sender: Sender) -> None:
    """All pairs of states, those of messages without one included."""
    finals = {"expired", "failed", "rejected", "delivered", "canceled"}
    for present, new in pairs():
        message = make_message(sender).message
        if present is not None:
            assert change(message, present)
        order = [*map(str, MessageState)]
        may = present is None or (present not in finals and order.index(new) > order.index(present))
        assert change(message, new) is may, (present, new)
        assert stored(message).state == (new if may else present)


def test_a_new_state_brings_its_details(message: Message) -> None:
    assert change(message, "failed", code="3", reason=Reason.ABSENT_PERMANENT)
    found = stored(message)
    assert (found.state_on, found.code, found.reason) == (NOW, "3", "absent_permanent")


def test_details_of_the_earlier_state_go(message: Message) -> None:
    assert change(message, "buffered", code="2", reason=Reason.ABSENT_TEMPORARY)
    assert change(message, "delivered")
    assert (stored(message).code, stored(message).reason) == (None, None)


def test_each_new_state_is_told_once(message: Message) -> None:
    put_url(message, RECEIPTS_URL)
    for state in ("queued", "sent", "accepted", "buffered", "accepted", "delivered", "delivered", "failed"):
        change(message, state)
    assert [callback.about for callback in callbacks()] == ["sent", "accepted", "delivered"]
    assert {callback.url for callback in callbacks()} == {RECEIPTS_URL}
    assert len({callback.event_id for callback in callbacks()}) == 3


def test_what_the_sender_knows_is_not_told(message: Message) -> None:
    put_url(message, RECEIPTS_URL)
    assert change(message, "scheduled") and change(message, "queued")
    assert callbacks() == []


def test_the_event_has_every_field(message: Message) -> None:
    put_url(message, RECEIPTS_URL)
    change(message, "failed", code="4711")
    [callback] = callbacks()
    assert json.loads(callback.body) == {
        "type": "message.receipt",
        "timestamp": "2026-11-22T09:00:00.000000Z",
        "data": {
            "msgid": message.msgid,
            "client_tag": "order-1",
            "recipient": "+819012345678",
            "state": "failed",
            "code": "4711",
            "reason": "unknown",
            "explanation": "The gateway says 4711, which is not in our table.",
            "final": True,
            "at": "2026-11-22T09:00:00.000000Z",
            "tags": ["a"],
            "metadata": {"k": 1},
        },
    }


def test_a_callback_is_due_at_once(message: Message) -> None:
    put_url(message, RECEIPTS_URL)
    change(message, "sent")
    [callback] = callbacks()
    assert (callback.message_id, callback.link_id, callback.face) == (message.id, None, None)
    assert (callback.state, callback.due_on, callback.account_id) == ("pending", NOW, message.account_id)
    assert callback.destination == f"{message.account_id} http://127.0.0.1:9"


def test_without_a_url_nobody_is_told(message: Message) -> None:
    assert change(message, "delivered")
    assert callbacks() == []


@pytest.mark.parametrize(("own", "expected"), [(None, "http://account/"), ("http://message/", "http://message/")])
def test_the_accounts_url_is_the_default(message: Message, own: str | None, expected: str) -> None:
    with db.write() as session:
        session.get_one(Account, message.account_id).receipts_url = "http://account/"
    put_url(message, own)
    change(message, "sent")
    assert [callback.url for callback in callbacks()] == [expected]


def test_a_masked_recipient_stays_masked(app: Flask) -> None:
    masked = make_account("masked", recipient_storage="masked", receipts_url=RECEIPTS_URL)
    change(make_message(masked, recipient="+819012345678").message, "sent")
    assert b"+819012345678" not in callbacks()[0].body


@pytest.mark.parametrize("state", MessageState)
def test_a_final_state_erases_what_was_kept(message: Message, state: MessageState) -> None:
    with db.write() as session:
        sending = sendings.add(session, message, closes_on=NOW)
        attachment = Attachment(
            message_id=message.id, position=1, name="a", content_type="b", size=1, sha256=b"", content=b"x"
        )
        session.add(attachment)
    change(message, state)
    with db.read() as session:
        session.add_all([sending, attachment])
        session.refresh(sending)
        session.refresh(attachment)
        kept = sending.recipient, sending.extras, sending.closes_on, attachment.content
    if state.is_final:
        assert kept == (None, None, None, None)
    else:
        assert kept == ("+819012345678", {"buttons": []}, NOW, b"x")


def test_many_messages_change_at_once(sender: Sender) -> None:
    made = [make_message(sender).message for _ in range(3)]
    change(made[1], "delivered")
    later = NOW + dt.timedelta(seconds=1)
    news = {
        made[0].id: News(MessageState.SENT, NOW),
        made[1].id: News(MessageState.SENT, NOW),
        made[2].id: News(MessageState.REJECTED, later, "6", Reason.SPAM),
    }
    with db.write() as session:
        changed = advance_all(session.connection(), news, now=NOW)
    assert changed == {made[0].id, made[2].id}
    assert [stored(message).state for message in made] == ["sent", "delivered", "rejected"]
    assert stored(made[2]).state_on == later


def test_no_news_change_nothing(app: Flask) -> None:
    with db.write() as session:
        assert advance_all(session.connection(), {}, now=NOW) == set()


@pytest.mark.parametrize(("told", "expected"), [(None, 2), (["delivered"], 1), ([], 0)])
def test_a_face_may_tell_only_some_states(message: Message, told: list[str] | None, expected: int) -> None:
    put_url(message, RECEIPTS_URL)
    with db.write() as session:
        stored = session.get_one(Message, message.id)
        stored.told_states, stored.face = told, "acme"
    change(message, "sent")
    change(message, "delivered")
    assert [callback.face for callback in callbacks()] == ["acme"] * expected


@pytest.mark.parametrize("order", [("sent", "accepted", "delivered"), ("accepted", "sent", "delivered")])
def test_states_of_one_word_are_told_once(message: Message, order: tuple[str, ...]) -> None:
    """A receipt that overtakes the gateway's answer included."""
    put_url(message, RECEIPTS_URL)
    with db.write() as session:
        stored = session.get_one(Message, message.id)
        stored.told_states = {"sent": "sent", "buffered": "sent", "accepted": "sent", "delivered": "delivered"}
    for state in order:
        change(message, state)
    assert [callback.about for callback in callbacks()] == ["sent", "delivered"]
    assert json.loads(callbacks()[0].body)["data"]["state"] == order[0]
