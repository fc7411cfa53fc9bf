"""Erase the text of a message, or all that says to whom it went."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shortener.errors import NotErasableError
from shortener.messages import erasing
from shortener.storage import db
from shortener.storage.models import Attachment, Message, Part, Sending
from tests.support.factories import BROWSER, NOW, TARGET, Made, Sender, make_message, slug_of
from tests.support.hand_overs import NUMBER, held, put, sending

HTML = f'<p>See <a href="{TARGET}">it</a></p>'


def erase_text(message_id: int) -> None:
    with db.write() as session:
        erasing.erase_text(session, session.get_one(Message, message_id))


def erase_message(message_id: int) -> None:
    with db.write() as session:
        erasing.erase_message(session, session.get_one(Message, message_id))


def settle(session: Session, message_id: int, state: str = "delivered") -> None:
    session.execute(update(Sending).where(Sending.message_id == message_id).values(state="delivered", settled_on=NOW))
    session.execute(update(Message).where(Message.id == message_id).values(state=state, state_on=NOW))


@pytest.fixture
def made(sender: Sender) -> Made:
    """A message with all kinds of parts."""
    file = {"name": "a.txt", "content_type": "text/plain", "content": "aGVsbG8="}
    return make_message(sender, html=HTML, subject="Parcel", recipient="mina@example.com", attachments=[file])


def report(client: FlaskClient, sender: Sender, made: Made) -> dict[str, object]:
    answer = client.get(f"/v1/messages/{made.message.msgid}", headers=sender.bearer)
    assert answer.status_code == 200
    found: dict[str, object] = answer.get_json()
    return found


def test_an_erased_text_is_empty_in_reports(client: FlaskClient, sender: Sender, made: Made) -> None:
    erase_text(made.message.id)
    found = report(client, sender, made)
    assert (found["message"], found["original_message"], found["html"], found["original_html"]) == ("", "", None, None)
    assert (found["subject"], found["skipped"], found["recipient"]) == (None, [], "mina@example.com")
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Part)) == 0
        assert session.scalars(select(Attachment.content)).all() == [None]


def test_an_erased_text_is_empty_in_lists(client: FlaskClient, sender: Sender, made: Made) -> None:
    erase_text(made.message.id)
    [listed] = client.get("/v1/messages", headers=sender.bearer).get_json()["messages"]
    assert listed["message"] == ""
    exported = client.get("/v1/messages/export?format=csv", headers=sender.bearer).text
    assert made.message.msgid in exported and "parcel" not in exported


def test_a_link_outlives_its_text(client: FlaskClient, sender: Sender, made: Made) -> None:
    erase_message(made.message.id)
    clicked = client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
    assert (clicked.status_code, clicked.headers["Location"]) == (302, TARGET)
    assert report(client, sender, made)["accessed"] is True


def test_a_second_time_changes_nothing(client: FlaskClient, sender: Sender, made: Made) -> None:
    for _ in range(2):
        erase_text(made.message.id)
        erase_message(made.message.id)
    assert report(client, sender, made)["message"] == ""


def test_an_erased_message_has_no_recipient(client: FlaskClient, sender: Sender, made: Made) -> None:
    erase_message(made.message.id)
    assert report(client, sender, made)["recipient"] is None
    with db.read() as session:
        assert session.scalars(select(Message.vendor_fields)).one() == {"deleted": True}


def test_what_is_not_handed_over_stays(app: Flask, sender: Sender) -> None:
    for message_id in (held(sender), put(sender)):
        with pytest.raises(NotErasableError):
            erase_text(message_id)
        with pytest.raises(NotErasableError):
            erase_message(message_id)
        assert sending(message_id).recipient == NUMBER


def test_a_text_may_go_before_the_receipt(app: Flask, sender: Sender) -> None:
    message_id = put(sender)
    with db.write() as session:
        settle(session, message_id, "sent")
    erase_text(message_id)
    with pytest.raises(NotErasableError):
        erase_message(message_id)
    with db.write() as session:
        settle(session, message_id)
    erase_message(message_id)
