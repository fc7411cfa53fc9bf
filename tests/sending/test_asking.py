"""Which messages a gateway is asked about, and when again."""

import datetime as dt
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask

from shortener.delivery.judgements import Hooks
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.message_state import MessageState
from shortener.sending import asking, settling
from shortener.sending.asking import AT_ONCE, Question
from shortener.sending.gateway import HandOver, NotNow, Taken, Unsure
from shortener.sending.kind import SENDINGS, result
from shortener.storage import db
from tests.support import databases, plans
from tests.support.factories import NOW, Sender
from tests.support.hand_overs import (
    DOUBT,
    HOOKS,
    NUMBER,
    SECOND,
    claim,
    message,
    put,
    receive,
    sending,
    set_on_unsure,
    settle,
)

FIRST = NOW + 5 * SECOND


def handed(sender: Sender, gateway: str = "acme", **given: Any) -> int:
    """A message that its gateway took; its id."""
    message_id = put(sender, now=NOW, gateway=gateway)
    [claimed] = claim()
    settle(claimed, taken(**given))
    return message_id


def taken(**given: Any) -> HandOver:
    return Taken(**{"reference": "A1", "ask_after": 5.0, **given})


def claimed(now: dt.datetime = FIRST) -> list[Question]:
    with db.write() as session:
        return asking.claim(session, "acme", now=now)


def is_due(now: dt.datetime = FIRST) -> bool:
    with db.read() as session:
        return asking.is_due(session, "acme", now=now)


def test_a_message_is_asked_about_after_its_hand_over(sender: Sender) -> None:
    message_id = handed(sender)
    assert sending(message_id).ask_on == FIRST
    assert not is_due(FIRST - SECOND) and is_due()
    [question] = claimed()
    asked = question.asked
    assert (asked.msgid, asked.reference, asked.recipient, asked.sent_on) == (
        message(message_id).msgid,
        "A1",
        NUMBER,
        NOW,
    )


def test_a_gateway_that_reports_itself_is_not_asked(sender: Sender) -> None:
    message_id = handed(sender, ask_after=None)
    assert sending(message_id).ask_on is None
    assert not is_due(NOW + dt.timedelta(days=3))


def test_a_claimed_message_is_not_asked_about_twice(sender: Sender) -> None:
    message_id = handed(sender)
    assert len(claimed()) == 1
    assert claimed() == []
    assert sending(message_id).ask_on == FIRST + 5 * SECOND
    assert len(claimed(FIRST + 5 * SECOND)) == 1


def test_only_the_gateways_own_messages_are_claimed(sender: Sender) -> None:
    handed(sender, gateway="zenith")
    assert claimed() == []


def test_only_a_few_are_claimed_at_once(sender: Sender) -> None:
    for number in range(AT_ONCE + 1):
        handed(sender, reference=f"A{number}")
    assert (len(claimed()), len(claimed())) == (AT_ONCE, 1)


def test_what_was_not_asked_is_claimed_again_soon(sender: Sender) -> None:
    open_, ended, late = (handed(sender, reference=f"A{number}") for number in range(3))
    questions = claimed(FIRST + dt.timedelta(hours=1))
    receive(sender, ended, MessageState.DELIVERED)
    with db.write() as session:
        asking.give_back(session, questions[:2], now=FIRST + dt.timedelta(hours=1))
    again = FIRST + dt.timedelta(hours=1) + asking.SOON
    assert [sending(one).ask_on for one in (open_, ended)] == [again, None]
    assert sending(late).ask_on == FIRST + dt.timedelta(hours=2)
    assert len(claimed(again)) == 1


def in_doubt(sender: Sender, asked: frozenset[str] = frozenset({"acme"})) -> int:
    """A message that its gateway may have taken; its id."""
    message_id = put(sender, now=NOW, gateway="acme")
    [one] = claim()
    with db.write() as session:
        settled = [(one, result(Unsure(sentence="no answer")))]
        SENDINGS.settle(session, settled, now=NOW, waits=(), chance=lambda: 0.5, hooks=hooks(asked))
    return message_id


def hooks(asked: frozenset[str]) -> Hooks:
    return replace(HOOKS, on_settled=partial(settling.on_settled, asked=asked))


def judge(now: dt.datetime, asked: frozenset[str] = frozenset({"acme"})) -> list[Any]:
    with db.write() as session:
        return SENDINGS.claim(session, now=now, limit=9, lease=60 * SECOND, per_destination=9, hooks=hooks(asked))


def test_a_doubtful_hand_over_is_asked_about(sender: Sender) -> None:
    message_id = in_doubt(sender)
    assert sending(message_id).ask_on == FIRST
    [question] = claimed()
    assert (question.asked.reference, question.asked.sent_on, question.asked.in_doubt) == ("", NOW, True)
    assert sending(message_id).ask_on == FIRST + 5 * SECOND
    receipts = [IncomingReceipt(gateway="acme", state=MessageState.DELIVERED)]
    with db.write() as session:
        asking.take(session, question, receipts, now=FIRST)
    found = sending(message_id)
    assert (message(message_id).state, found.state, found.ask_on) == ("delivered", "delivered", None)


def test_a_message_that_its_gateway_knows_is_sent(sender: Sender) -> None:
    """So it is not repeated, and is asked about like any other."""
    set_on_unsure(sender, "repeat")
    message_id = in_doubt(sender)
    [question] = claimed()
    with db.write() as session:
        asking.take(session, question, [IncomingReceipt(gateway="acme", state=MessageState.SENT)], now=FIRST)
    assert (message(message_id).state, sending(message_id).state) == ("sent", "delivered")
    assert claim(NOW + DOUBT) == []
    [again] = claimed(FIRST + 5 * SECOND)
    assert not again.asked.in_doubt


def test_a_held_message_is_asked_about_too(sender: Sender) -> None:
    message_id = in_doubt(sender)
    assert judge(NOW + DOUBT) == []
    assert (sending(message_id).state, sending(message_id).ask_on) == ("held", NOW + DOUBT + 5 * SECOND)
    [question] = claimed(NOW + DOUBT + 5 * SECOND)
    receipts = [IncomingReceipt(gateway="acme", state=MessageState.DELIVERED)]
    with db.write() as session:
        asking.take(session, question, receipts, now=NOW + DOUBT + 5 * SECOND)
    assert (message(message_id).state, sending(message_id).state) == ("delivered", "delivered")


def test_a_repeated_message_is_not_asked_about(sender: Sender) -> None:
    set_on_unsure(sender, "repeat")
    message_id = in_doubt(sender)
    [again] = claim(NOW + DOUBT)
    assert sending(message_id).ask_on is None
    settle(again, NotNow(), NOW + DOUBT)
    assert not is_due(NOW + 2 * DOUBT)


def test_a_gateway_that_needs_a_reference_is_not_asked(sender: Sender) -> None:
    message_id = in_doubt(sender, frozenset({"zenith"}))
    assert sending(message_id).ask_on is None
    judge(NOW + DOUBT, frozenset())
    assert (sending(message_id).state, sending(message_id).ask_on) == ("held", None)


def test_a_final_receipt_ends_the_questions(sender: Sender) -> None:
    message_id = handed(sender)
    receive(sender, message_id, MessageState.ACCEPTED)
    assert sending(message_id).ask_on == FIRST
    receive(sender, message_id, MessageState.DELIVERED)
    assert (sending(message_id).ask_on, sending(message_id).recipient) == (None, None)


def test_a_receipt_before_the_answer_leaves_no_question(sender: Sender) -> None:
    message_id = put(sender, now=NOW, gateway="acme")
    [one] = claim()
    receive(sender, message_id, MessageState.DELIVERED)
    settle(one, taken())
    assert (message(message_id).state, sending(message_id).ask_on) == ("delivered", None)


def test_an_answer_changes_the_messages_state(sender: Sender) -> None:
    message_id = handed(sender)
    [question] = claimed()
    receipts = [IncomingReceipt(gateway="acme", state=MessageState.DELIVERED, gateway_ref="A1")]
    for _ in range(2):
        with db.write() as session:
            asking.take(session, question, receipts, now=FIRST)
    assert (message(message_id).state, sending(message_id).ask_on) == ("delivered", None)
    assert claimed(FIRST + 60 * SECOND) == []


def test_an_answer_about_a_deleted_account_is_dropped(app: Flask, sender: Sender) -> None:
    handed(sender)
    [question] = claimed()
    with db.write() as session:
        asking.take(session, Question(0, 0, question.asked), [], now=FIRST)


@pytest.mark.parametrize(
    ("age", "wait"),
    [(0, 5), (5, 5), (10, 10), (40, 40), (1800, 1800), (3600, 3600), (7200, 3600), (100_000, 3600), (-60, 5)],
)
def test_questions_become_rare(age: int, wait: int) -> None:
    now, closes = NOW + age * SECOND, NOW + dt.timedelta(hours=72)
    assert asking.next_on(NOW, closes, now) == now + wait * SECOND


def test_nothing_is_asked_when_no_receipt_is_expected() -> None:
    now = NOW + dt.timedelta(hours=71, minutes=30)
    assert asking.next_on(NOW, NOW + dt.timedelta(hours=72), now) is None
    assert asking.next_on(NOW, None, now) is None


def test_due_questions_are_found_by_their_index(sender: Sender, database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("plans of PostgreSQL depend on the number of rows")
    with databases.listening() as asked:
        handed(sender)
        assert is_due()
    [query] = [one for one in asked if "ask_on <= " in one[0]]
    assert any("ix_sending_ask_on" in step for step in plans.steps(*query))
    assert plans.scans(*query) == []
