"""Erase the text of a message, or all that says to whom it went."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shortener.accounts import senders
from shortener.errors import NotErasableError
from shortener.messages import erasing, lookup
from shortener.receipts import take_in
from shortener.receipts.incoming import IncomingReceipt
from shortener.rules.delivery.message_state import MessageState
from shortener.sending.gateway import NotNow, Refused
from shortener.storage import db
from shortener.storage.models import Account, Attachment, Attempt, Base, Callback, Message, Part, Sending
from tests.support.factories import BROWSER, NOW, TARGET, Made, Sender, make_message, slug_of
from tests.support.hand_overs import NUMBER, claim, held, put, sending
from tests.support.hand_overs import settle as settle_attempt

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
    assert found["attachments"] == []
    with db.read() as session:
        assert [session.scalar(select(func.count()).select_from(table)) for table in (Part, Attachment)] == [0, 0]


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


SECRET = "Zebra"  # a word of the text
DIGITS, OTHER = NUMBER[1:], "+818087654321"
SAID = f"{DIGITS}: {SECRET} {TARGET}"
HOOK = "https://crm.example.com/told"


def told(sender: Sender, message_id: int, state: MessageState, raw: str = SAID) -> None:
    """Let a gateway report, and repeat the message."""
    with db.write() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        ref = session.get_one(Message, message_id).msgid
        receipt = IncomingReceipt(gateway="kannel", state=state, msgid=ref, raw=raw)
        take_in.take_all(session, senders.Sender.of(account), [receipt], now=NOW)


def refused(client: FlaskClient, sender: Sender) -> int:
    """A message whose gateway refused it and repeats all of it; a receiver is told and repeats it too."""
    message_id = put(sender, text=f"{SECRET} {TARGET}", subject=SECRET, now=NOW, receipts_url=HOOK, lt_callbackurl=HOOK)
    with db.write() as session:
        session.execute(update(Sending).where(Sending.message_id == message_id).values(extras={"text": SECRET}))
    for handed in (NotNow(sentence=SAID, answer=SAID.encode()), Refused(sentence=SAID, answer=SAID.encode())):
        [claimed] = claim(sending(message_id).due_on)
        settle_attempt(claimed, handed, NOW)
    told(sender, message_id, MessageState.FAILED)
    with db.read() as session:
        slug = slug_of_message(session, message_id)
    client.get(f"/{slug}", headers={"User-Agent": BROWSER})
    with db.write() as session:
        for callback in session.scalars(select(Callback)):
            answered = {"callback_id": callback.id, "number": 1, "started_on": NOW, "answer": SAID.encode()}
            session.add(Attempt(**answered))
    return message_id


def slug_of_message(session: Session, message_id: int) -> str:
    return slug_of(lookup.links_of(session, [session.get_one(Message, message_id)])[message_id][0])


def places(word: str) -> set[str]:
    """The tables and columns in which a word is stored, in any form."""
    with db.read() as session:
        return {
            f"{table.name}.{name}"
            for table in Base.metadata.sorted_tables
            for row in session.execute(select(table)).mappings()
            for name, value in row.items()
            if word.casefold() in str(value).casefold()
        }


def test_an_erased_text_is_nowhere_stored(client: FlaskClient, sender: Sender) -> None:
    message_id = refused(client, sender)
    assert places(SECRET) >= {"part.text", "sending_attempt.answer", "sending_attempt.detail", "receipt.raw"}
    erase_text(message_id)
    assert places(SECRET) == {"attempt.answer"}  # its receiver had it from us, or from the sender


def test_an_erased_message_is_nowhere_stored(client: FlaskClient, sender: Sender) -> None:
    message_id = refused(client, sender)
    other = put(sender, OTHER, receipts_url=HOOK)
    with db.write() as session:
        settle(session, other, "sent")
    told(sender, other, MessageState.FAILED, raw=OTHER)
    assert places(DIGITS) >= {"message.recipient", "sending_attempt.answer", "callback.body", "receipt.raw"}
    erase_message(message_id)
    assert (places(SECRET), places(DIGITS)) == (set(), set())
    assert places(OTHER) >= {"message.recipient", "callback.body", "receipt.raw"}


def test_a_later_receipt_repeats_no_erased_text(app: Flask, sender: Sender) -> None:
    message_id = put(sender, text=f"{SECRET} {TARGET}")
    with db.write() as session:
        settle(session, message_id, "sent")
    erase_text(message_id)
    told(sender, message_id, MessageState.DELIVERED)
    assert places(SECRET) == set()
