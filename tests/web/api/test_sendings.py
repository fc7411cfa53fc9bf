"""What a sender decides about its messages: cancel, repeat, give up."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from shortener.sending.gateway import Taken
from shortener.storage import db
from shortener.storage.models import Account, Callback, Message
from tests.support.factories import Sender, make_message
from tests.support.hand_overs import claim, held, message, put, sending, settle


def ask(client: FlaskClient, sender: Sender, message_id: int, decision: str) -> tuple[int, str | None]:
    """The status, and the code of an error."""
    answer = client.post(f"/v1/messages/{message(message_id).msgid}/{decision}", headers=sender.bearer)
    return answer.status_code, answer.get_json().get("code")


def test_a_waiting_message_is_canceled(client: FlaskClient, sender: Sender) -> None:
    message_id = put(sender)
    assert ask(client, sender, message_id, "cancel") == (200, None)
    assert ask(client, sender, message_id, "cancel") == (200, None)
    assert message(message_id).state == "canceled"


def test_a_held_message_is_repeated(client: FlaskClient, sender: Sender) -> None:
    message_id = held(sender)
    assert ask(client, sender, message_id, "cancel") == (409, "not_cancelable")
    assert ask(client, sender, message_id, "repeat") == (202, None)
    assert sending(message_id).state == "pending"
    assert ask(client, sender, message_id, "repeat") == (409, "not_held")


def test_a_repeated_message_tells_that_it_is_sent(client: FlaskClient, sender: Sender) -> None:
    """Its state goes back, because a person decided so; the next hand-over has its event."""
    with db.write() as session:
        session.execute(update(Account).values(receipts_url="https://example.com/receipts"))
    message_id = held(sender)
    report = client.get(f"/v1/messages/{message(message_id).msgid}", headers=sender.bearer).get_json()["receipt"]
    assert (report["state"], report["reason"]) == ("unknown", None)
    assert report["explanation"] == "Nobody has said what became of it."
    answer = client.post(f"/v1/messages/{message(message_id).msgid}/repeat", headers=sender.bearer).get_json()
    assert (answer["receipt"]["state"], answer["receipt"]["explanation"]) == ("queued", None)
    [claimed] = claim(sending(message_id).due_on)
    settle(claimed, Taken(reference="again"), sending(message_id).due_on)
    assert message(message_id).state == "sent"
    with db.read() as session:
        told = session.execute(select(Callback.about, Callback.body).order_by(Callback.id)).all()
    assert [about for about, _ in told] == ["unknown", "sent"]
    assert b"Nobody has said what became of it." in told[0].body


def test_a_delivered_message_cannot_be_canceled(client: FlaskClient, sender: Sender) -> None:
    message_id = put(sender)
    with db.write() as session:
        session.execute(update(Message).values(state="delivered"))
    assert ask(client, sender, message_id, "cancel") == (409, "not_cancelable")
    assert sending(message_id).state == "pending"


def test_a_held_message_is_given_up(client: FlaskClient, sender: Sender) -> None:
    message_id = held(sender)
    assert ask(client, sender, message_id, "give-up") == (200, None)
    assert sending(message_id).exhausted_because == "given up by account shop"
    assert ask(client, sender, message_id, "give-up") == (409, "not_held")


def test_a_message_without_gateway_has_nothing_to_decide(client: FlaskClient, sender: Sender) -> None:
    message_id = make_message(sender).message.id
    assert ask(client, sender, message_id, "cancel") == (409, "not_cancelable")
    assert ask(client, sender, message_id, "repeat") == (409, "not_held")
    assert ask(client, sender, message_id, "give-up") == (409, "not_held")


@pytest.mark.parametrize("decision", ["cancel", "repeat", "give-up"])
def test_nobody_decides_about_anothers_message(
    client: FlaskClient, sender: Sender, other_sender: Sender, decision: str
) -> None:
    message_id = put(sender)
    assert ask(client, other_sender, message_id, decision) == (404, "message_not_found")
    assert client.post(f"/v1/messages/{message(message_id).msgid}/{decision}").status_code == 401
    assert sending(message_id).state == "pending"
