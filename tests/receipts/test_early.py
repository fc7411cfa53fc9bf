"""Receipts that come before their sending is settled."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from shortener.accounts import senders
from shortener.receipts import early, take_in
from shortener.receipts.early import Referenced
from shortener.storage import db
from shortener.storage.models import Message, Sending
from tests.receipts.test_take_in import WITHIN, receipt, rows, stored, take
from tests.support import sendings
from tests.support.factories import NOW, Sender, make_message
from tests.support.waiting import until

LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture
def sent(sender: Sender) -> Message:
    """A message that is being handed over to a gateway."""
    message = make_message(sender, now=NOW).message
    with db.write() as session:
        sendings.add(session, message, "acme")
    return message


def settle(message: Message, gateway_ref: str = "ref-1", **fields: Any) -> int:
    """Store the gateway's reference, as settling does it."""
    with db.write() as session:
        session.execute(select(Sending.id).where(Sending.message_id == message.id).with_for_update()).all()
        values = {"gateway_ref": gateway_ref, "settled_on": NOW, "lease_token": None}
        session.execute(update(Sending).where(Sending.message_id == message.id).values(values))
        referenced = Referenced(message.id, message.account_id, "acme", gateway_ref)
        return early.match_all(session.connection(), [referenced], now=LATER)


def test_an_early_receipt_is_kept_and_matched(sender: Sender, sent: Message) -> None:
    assert take(sender, receipt("accepted"), receipt("delivered")) == 2
    assert [row.message_id for row in rows()] == [None, None]
    assert stored(sent).state is None
    assert settle(sent) == 2
    assert [row.message_id for row in rows()] == [sent.id, sent.id]
    assert stored(sent).state == "delivered"


def test_a_receipt_after_the_reference_is_matched_at_once(sender: Sender, sent: Message) -> None:
    assert settle(sent) == 0
    assert take(sender, receipt("delivered")) == 1
    assert stored(sent).state == "delivered"


def test_an_early_receipt_is_kept_once(sender: Sender, sent: Message) -> None:
    assert [take(sender, receipt("accepted")) for _ in range(3)] == [1, 1, 1]
    assert len(rows()) == 1
    assert settle(sent) == 1


def test_only_the_receipts_of_the_reference_are_matched(sender: Sender, other_sender: Sender, sent: Message) -> None:
    other = make_message(other_sender).message
    with db.write() as session:
        sendings.add(session, other, "acme")
    take(sender, receipt("delivered"), receipt("failed", gateway_ref="ref-2"))
    take(other_sender, receipt("failed"))
    assert settle(sent) == 1
    assert (stored(sent).state, stored(other).state) == ("delivered", None)
    assert settle(other) == 1
    assert stored(other).state == "failed"


@pytest.mark.parametrize(
    "changes",
    [
        {"lease_token": None},
        {"lease_token": None, "unsure_on": NOW},
        {"settled_on": NOW, "lease_token": None, "gateway_ref": "ref-2"},
    ],
)
def test_without_a_sending_in_flight_nothing_is_kept(sender: Sender, changes: dict[str, Any]) -> None:
    message = make_message(sender).message
    with db.write() as session:
        sendings.add(session, message, "acme", **changes)
    assert take(sender, receipt("delivered")) == 0
    assert rows() == []


def test_another_gateways_or_accounts_sending_does_not_count(
    sender: Sender, other_sender: Sender, sent: Message
) -> None:
    assert take(sender, receipt(gateway="emca")) == 0
    assert take(other_sender, receipt()) == 0
    assert take(sender, receipt(gateway_ref="")) == 0


def test_a_flood_of_early_receipts_is_bounded(sender: Sender, sent: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(early, "MOST", 5)
    assert take(sender, *(receipt(gateway_ref=str(number)) for number in range(20))) == 5
    assert len(rows()) == 5


def test_a_receipt_while_settling_is_not_lost(app: Flask, sender: Sender, sent: Message, database_kind: str) -> None:
    """The reference is stored, and not committed yet: the receipt waits, and then finds its message."""
    if database_kind != "postgresql":
        pytest.skip("SQLite has one writer at a time")

    def in_a_thread() -> int:
        with app.app_context():
            return take(sender, receipt("delivered"))

    with ThreadPoolExecutor(1) as pool:
        with db.write() as session:
            values = {"gateway_ref": "ref-1", "settled_on": NOW, "lease_token": None}
            session.execute(update(Sending).where(Sending.message_id == sent.id).values(values))
            referenced = Referenced(sent.id, sent.account_id, "acme", "ref-1")
            assert early.match_all(session.connection(), [referenced], now=LATER) == 0
            taken = pool.submit(in_a_thread)
            until(waits)
        assert taken.result(WITHIN) == 1
    assert stored(sent).state == "delivered"


def test_settling_waits_for_a_receipt_that_is_kept(
    app: Flask, sender: Sender, sent: Message, database_kind: str
) -> None:
    if database_kind != "postgresql":
        pytest.skip("SQLite has one writer at a time")

    def in_a_thread() -> int:
        with app.app_context():
            return settle(sent)

    with ThreadPoolExecutor(1) as pool:
        with db.write() as session:
            account = senders.Sender.of(senders.named(session, sender.name))
            assert take_in.take_all(session, account, [receipt("delivered")], now=LATER) == 1
            settled = pool.submit(in_a_thread)
            until(waits)
        assert settled.result(WITHIN) == 1
    assert stored(sent).state == "delivered"


def waits() -> bool:
    with db.db.engine.connect() as connection:
        waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(connection.scalar(waiting))
