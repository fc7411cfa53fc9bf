"""Receipts are taken in once, for the messages of one account."""

import datetime as dt
import itertools
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select

from shortener.accounts import senders
from shortener.receipts import matching, take_in
from shortener.receipts.incoming import IncomingReceipt
from shortener.receipts.storing import MOST
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import db
from shortener.storage.models import Callback, Link, Message, Part, Receipt, Sending
from tests.support import sendings
from tests.support.factories import NOW, Sender, make_account, make_message

LATER = NOW + dt.timedelta(hours=1)
WITHIN = 60  # seconds
URL = "http://127.0.0.1:9/receipts"


def receipt(state: str = "delivered", **fields: Any) -> IncomingReceipt:
    given: dict[str, Any] = {"gateway": "acme", "gateway_ref": "ref-1", **fields}
    return IncomingReceipt(state=MessageState(state), **given)


def take(sender: Sender, *receipts: IncomingReceipt, msgid: str | None = None) -> int:
    with db.write() as session:
        account = senders.Sender.of(senders.named(session, sender.name))
        return take_in.take_all(session, account, receipts, msgid=msgid, now=LATER)


def rows() -> Sequence[Receipt]:
    with db.read() as session:
        return session.scalars(select(Receipt).order_by(Receipt.id)).all()


def stored(message: Message) -> Message:
    with db.read() as session:
        return session.get_one(Message, message.id)


@pytest.fixture
def message(sender: Sender) -> Message:
    return make_message(sender, client_tag="order-1", now=NOW).message


@pytest.mark.parametrize("at", [dt.datetime(1, 1, 2, tzinfo=dt.UTC), dt.datetime(9999, 1, 1, tzinfo=dt.UTC)])
def test_unlikely_times_become_that_of_receipt(sender: Sender, message: Message, at: dt.datetime) -> None:
    assert take(sender, receipt(msgid=message.msgid, at=at)) == 1
    assert (rows()[0].happened_on, stored(message).state_on) == (LATER, LATER)


class TestMatching:
    def test_a_message_is_found_by_its_msgid(self, sender: Sender, message: Message) -> None:
        assert take(sender, receipt(msgid=message.msgid)) == 1
        assert stored(message).state == "delivered"

    def test_the_request_may_name_the_message(self, sender: Sender, message: Message) -> None:
        assert take(sender, receipt(gateway_ref=""), msgid=message.msgid) == 1
        assert stored(message).state == "delivered"

    @pytest.mark.parametrize("place", ["gateway_ref", "references"])
    def test_an_id_of_the_gateway_may_be_our_msgid(self, sender: Sender, message: Message, place: str) -> None:
        value: Any = message.msgid if place == "gateway_ref" else ("campaign", message.msgid)
        assert take(sender, receipt(**{place: value})) == 1

    def test_a_reference_may_be_the_client_tag(self, sender: Sender, message: Message) -> None:
        assert take(sender, receipt(references=("campaign", "order-1"))) == 1
        assert stored(message).state == "delivered"

    def test_the_gateways_reference_comes_first(self, sender: Sender, message: Message) -> None:
        sent = make_message(sender).message
        with db.write() as session:
            sendings.add(session, sent, "acme", gateway_ref="ref-1", settled_on=NOW, lease_token=None)
        assert take(sender, receipt(references=("order-1",))) == 1
        assert (stored(sent).state, stored(message).state) == ("delivered", None)

    def test_the_same_reference_of_another_gateway_is_another(self, sender: Sender) -> None:
        with db.write() as session:
            sendings.add(session, make_message(sender).message, "kannel", gateway_ref="ref-1", settled_on=NOW)
        assert take(sender, receipt()) == 0

    def test_a_gateways_number_is_no_client_tag(self, sender: Sender) -> None:
        make_message(sender, client_tag="1001")
        assert take(sender, receipt(gateway_ref="1001")) == 0

    def test_a_named_message_is_the_only_one(self, sender: Sender, message: Message) -> None:
        assert take(sender, receipt(msgid="0" * 32, gateway_ref=message.msgid, references=("order-1",))) == 0

    def test_another_accounts_messages_are_unknown(
        self, sender: Sender, other_sender: Sender, message: Message
    ) -> None:
        with db.write() as session:
            sendings.add(session, message, "acme", gateway_ref="ref-1", settled_on=NOW)
        assert take(other_sender, receipt(references=("order-1", message.msgid))) == 0
        assert take(other_sender, receipt(), msgid=message.msgid) == 0
        assert (rows(), stored(message).state) == ([], None)

    @pytest.mark.parametrize("name", ["", "x", "é" * 32, "0" * 32])
    def test_an_unknown_name_is_not_stored(self, sender: Sender, name: str) -> None:
        assert take(sender, receipt(gateway_ref=name, references=(name,))) == 0
        assert rows() == []

    def test_known_and_unknown_ones_may_come_together(self, sender: Sender, message: Message) -> None:
        assert take(sender, receipt(gateway_ref="x"), receipt(references=("order-1",)), receipt(gateway_ref="y")) == 1
        assert len(rows()) == 1

    def test_no_receipts_are_taken_too(self, sender: Sender) -> None:
        assert take(sender) == 0


class TestStoring:
    def test_everything_is_stored(self, sender: Sender, message: Message) -> None:
        fields = {"code": "2", "reason": Reason.ABSENT_TEMPORARY, "at": NOW, "raw": '{"a":1}'}
        take(sender, receipt("buffered", references=("order-1",), **fields))
        [row] = rows()
        assert (row.account_id, row.message_id, row.gateway, row.gateway_ref) == (
            *(message.account_id, message.id, "acme", "ref-1"),
        )
        assert (row.state, row.code, row.reason) == ("buffered", "2", "absent_temporary")
        assert (row.happened_on, row.received_on, row.raw) == (NOW, LATER, b'{"a":1}')
        found = stored(message)
        assert (found.state, found.state_on, found.code, found.reason) == ("buffered", NOW, "2", "absent_temporary")

    def test_without_a_time_it_happened_now(self, sender: Sender, message: Message) -> None:
        take(sender, receipt(), msgid=message.msgid)
        assert (rows()[0].happened_on, stored(message).state_on) == (LATER, LATER)

    @pytest.mark.parametrize("storage", ["masked", "none"])
    def test_a_hidden_recipient_is_not_kept_in_the_text(self, app: Flask, storage: str) -> None:
        masked = make_account("masked", recipient_storage=storage)
        make_message(masked, client_tag="order-1")
        assert take(masked, receipt(references=("order-1",), raw='{"to":"+819012345678"}')) == 1
        assert rows()[0].raw is None

    def test_a_repetition_changes_nothing(self, sender: Sender, message: Message) -> None:
        for _ in range(3):
            assert take(sender, receipt("failed"), receipt("failed"), msgid=message.msgid) == 2
        assert len(rows()) == 1

    def test_receipts_may_come_in_any_order(self, sender: Sender) -> None:
        for order in itertools.permutations(["sent", "accepted", "delivered"]):
            message = make_message(sender).message
            for state in order:
                take(sender, receipt(state), msgid=message.msgid)
            assert stored(message).state == "delivered"

    def test_a_second_final_state_is_logged(
        self, sender: Sender, message: Message, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.WARNING, "shortener.receipts"):
            take(sender, receipt("delivered"), receipt("delivered", code="0"), msgid=message.msgid)
            assert caplog.messages == []
            take(sender, receipt("failed"), msgid=message.msgid)
        assert caplog.messages == [f"message {message.msgid} is delivered; acme says later: failed"]
        assert (stored(message).state, len(rows())) == ("delivered", 3)


class TestLimits:
    def test_thousands_of_receipts_leave_two_hundred(self, sender: Sender, message: Message) -> None:
        flood = [receipt("buffered", code=str(number)) for number in range(3000)]
        for start in range(0, len(flood), 100):
            assert take(sender, *flood[start : start + 100], msgid=message.msgid) == 100
        assert len(rows()) < MOST
        assert take(sender, receipt("unknown"), receipt("delivered"), receipt("failed"), msgid=message.msgid) == 3
        assert stored(message).state == "delivered"
        assert [row.state for row in rows()][-2:] == ["unknown", "delivered"]
        assert len(rows()) <= MOST

    def test_one_message_does_not_use_up_anothers_places(self, sender: Sender, message: Message) -> None:
        take(sender, *(receipt("buffered", code=str(number)) for number in range(300)), msgid=message.msgid)
        other = make_message(sender).message
        take(sender, receipt("buffered"), msgid=other.msgid)
        assert rows()[-1].message_id == other.id


class TestConcurrency:
    def test_the_same_receipt_at_once_is_stored_once(self, app: Flask, sender: Sender) -> None:
        message = make_message(sender).message
        with db.write() as session:
            session.get_one(Message, message.id).receipts_url = URL

        def in_a_thread(_: int) -> int:
            with app.app_context():
                return take(sender, receipt("sent"), receipt("delivered"), msgid=message.msgid)

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(in_a_thread, range(24), timeout=WITHIN)) == [2] * 24
        with db.read() as session:
            told = session.scalars(select(Callback.about).order_by(Callback.id)).all()
        assert (len(rows()), told, stored(message).state) == (2, ["sent", "delivered"], "delivered")

    def test_different_final_states_at_once_leave_one(self, app: Flask, sender: Sender) -> None:
        message = make_message(sender).message
        finals = [state for state in MessageState if state.is_final]

        def in_a_thread(state: MessageState) -> int:
            with app.app_context():
                return take(sender, receipt(state), msgid=message.msgid)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(in_a_thread, finals * 4, timeout=WITHIN)) == 4 * len(finals)
        assert len(rows()) == len(finals)
        assert stored(message).state in finals

    def test_a_message_deleted_meanwhile_is_unknown(
        self, sender: Sender, message: Message, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is found, and then deleted before it is locked."""
        find, other = matching.find, make_message(sender).message

        def find_too_early(*given: Any) -> matching.Found:
            return [found or message.id for found in find(*given)]

        with db.write() as session:
            session.execute(delete(Part).where(Part.message_id == message.id))
            session.execute(delete(Link).where(Link.message_id == message.id))
            session.execute(delete(Message).where(Message.id == message.id))
        monkeypatch.setattr(matching, "find", find_too_early)
        assert take(sender, receipt(msgid=message.msgid), receipt(msgid=other.msgid)) == 1
        assert [row.message_id for row in rows()] == [other.id]

    def test_receipts_of_many_messages_do_not_deadlock(self, app: Flask, sender: Sender) -> None:
        """Each thread takes in receipts of the same messages, in an order of its own."""
        messages = [make_message(sender, client_tag=f"order-{number}").message for number in range(20)]
        with db.write() as session:
            for message in reversed(messages):
                sendings.add(session, message, "acme")

        def in_a_thread(number: int) -> int:
            order = messages[number % 20 :] + messages[: number % 20]
            states = ["accepted", "delivered"] if number % 2 else ["sent", "failed"]
            with app.app_context():
                return take(sender, *(receipt(state, msgid=one.msgid) for one in order for state in states))

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(in_a_thread, range(16), timeout=WITHIN)) == [40] * 16
        with db.read() as session:
            kept = session.scalar(select(func.count()).where(Sending.recipient.is_not(None)))
        assert (len(rows()), kept) == (80, 0)
