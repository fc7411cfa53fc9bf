"""The documents about a message's state and its gateway's receipts."""

import datetime as dt

import pytest
from flask.testing import FlaskClient

from shortener.receipts.advance import News, advance
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import db
from shortener.storage.models import Message, Receipt
from tests.support.factories import NOW, Sender, make_message

pytestmark = pytest.mark.usefixtures("app")
MINUTE = dt.timedelta(minutes=1)


def put(message: Message, minutes: int, state: MessageState, code: str = "", reason: Reason | None = None) -> None:
    """Store a receipt, without what follows from it."""
    with db.write() as session:
        session.add(
            Receipt(
                account_id=message.account_id,
                message_id=message.id,
                gateway="kannel",
                gateway_ref="ref-1",
                state=state,
                code=code,
                reason=reason,
                happened_on=NOW + minutes * MINUTE,
                received_on=NOW + minutes * MINUTE,
            )
        )


def test_a_message_that_is_not_sent_has_no_state(sender: Sender, client: FlaskClient) -> None:
    message = make_message(sender).message
    report = client.get(f"/v1/messages/{message.msgid}", headers=sender.bearer).get_json()
    assert (report["receipt"], report["receipts"]) == (None, [])


def test_the_report_and_lists_explain_the_state(sender: Sender, client: FlaskClient) -> None:
    message = make_message(sender).message
    with db.write() as session:
        news = News(MessageState.FAILED, NOW, "3", Reason.ABSENT_PERMANENT)
        assert advance(session.connection(), message.id, news, now=NOW)
    expected = {
        "state": "failed",
        "code": "3",
        "reason": "absent_permanent",
        "explanation": "The number is no longer in use. Take it off your lists.",
        "final": True,
        "at": "2026-11-22T09:00:00.000000Z",
        "gateway": None,
    }
    assert client.get(f"/v1/messages/{message.msgid}", headers=sender.bearer).get_json()["receipt"] == expected
    [listed] = client.get("/v1/messages?state=failed", headers=sender.bearer).get_json()["messages"]
    assert listed["receipt"] == expected


def test_an_unlisted_code_is_shown_as_unknown(sender: Sender, client: FlaskClient) -> None:
    message = make_message(sender).message
    put(message, 0, MessageState.FAILED, "err:7777")
    [receipt] = client.get(f"/v1/messages/{message.msgid}", headers=sender.bearer).get_json()["receipts"]
    assert (receipt["code"], receipt["reason"]) == ("err:7777", "unknown")
    assert "err:7777" in receipt["explanation"]


def test_receipts_come_the_newest_first(sender: Sender, client: FlaskClient) -> None:
    message = make_message(sender).message
    put(message, 2, MessageState.DELIVERED)
    put(message, 1, MessageState.ACCEPTED)
    found = client.get(f"/v1/messages/{message.msgid}", headers=sender.bearer).get_json()["receipts"]
    assert [receipt["state"] for receipt in found] == ["delivered", "accepted"]
    assert found[1] == {
        "state": "accepted",
        "code": "",
        "reason": None,
        "explanation": None,
        "final": False,
        "at": "2026-11-22T09:01:00.000000Z",
        "gateway": "kannel",
        "gateway_ref": "ref-1",
        "received_on": "2026-11-22T09:01:00.000000Z",
    }


def test_a_receipts_gateway_is_the_messages(sender: Sender, client: FlaskClient) -> None:
    """A company that sends by itself has messages without a gateway of ours."""
    message = make_message(sender).message
    put(message, 1, MessageState.DELIVERED)
    with db.write() as session:
        assert advance(session.connection(), message.id, News(MessageState.DELIVERED, NOW), now=NOW)
    receipt = client.get(f"/v1/messages/{message.msgid}", headers=sender.bearer).get_json()["receipt"]
    assert (receipt["state"], receipt["gateway"]) == ("delivered", "kannel")
    [listed] = client.get("/v1/messages", headers=sender.bearer).get_json()["messages"]
    assert listed["receipt"] == receipt


def test_receipts_of_others_are_not_shown(sender: Sender, client: FlaskClient) -> None:
    put(make_message(sender).message, 1, MessageState.DELIVERED)
    other = make_message(sender).message
    assert client.get(f"/v1/messages/{other.msgid}", headers=sender.bearer).get_json()["receipts"] == []
