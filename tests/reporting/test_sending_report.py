"""The sending of a message and its callbacks, as reports show them."""

import datetime as dt
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shortener.receipts.advance import News, advance
from shortener.reporting import callback_report, message_story
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Attempt, Callback, Message, SendingAttempt
from tests.support import sendings
from tests.support.databases import listening
from tests.support.factories import BROWSER, NOW, Sender, make_message, slug_of

SECOND = dt.timedelta(seconds=1)


def put(message: Message, attempts: int, **changes: Any) -> None:
    """Add the sending of a message, with this many attempts, the last of which has not ended."""
    with db.write() as session:
        sending = sendings.add(session, message, **changes)
        for number in range(1, attempts + 1):
            ended = number < attempts
            session.add(
                SendingAttempt(
                    sending_id=sending.id,
                    number=number,
                    started_on=NOW + number * SECOND,
                    ended_on=NOW + number * SECOND if ended else None,
                    outcome=AttemptOutcome.BUSY if ended else None,
                    detail="later, please" if ended else None,
                    status=503 if ended else None,
                    answer=b"busy\0" if ended else None,
                    total_us=1500 if ended else None,
                )
            )


def report(client: FlaskClient, sender: Sender, message: Message) -> Any:
    return client.get(f"/v1/messages/{message.msgid}", headers=sender.bearer).get_json()


def test_a_message_that_nobody_sends_has_no_sending(client: FlaskClient, sender: Sender) -> None:
    found = report(client, sender, make_message(sender).message)
    assert (found["sending"], found["callbacks"]) == (None, [])


def test_a_sending_is_shown_with_its_attempts(client: FlaskClient, sender: Sender) -> None:
    message = make_message(sender, now=NOW).message
    put(message, 2)
    found = report(client, sender, message)["sending"]
    assert (found["gateway"], found["channel"], found["state"], found["starts"]) == ("kannel", "sms", "pending", 2)
    assert found["next_attempt_on"] == "2026-11-22T10:00:00.000000Z"
    first, running = found["attempts"]
    assert first == {
        "number": 1,
        "started_on": "2026-11-22T09:00:01.000000Z",
        "ended_on": "2026-11-22T09:00:01.000000Z",
        "outcome": "busy",
        "detail": "later, please",
        "status": 503,
        "answer": "busy\N{REPLACEMENT CHARACTER}",
        "total_ms": 1.5,
    }
    assert (running["outcome"], running["ended_on"], running["answer"]) == ("running", None, None)


def test_a_held_sending_waits_for_nothing(client: FlaskClient, sender: Sender) -> None:
    message = make_message(sender).message
    put(message, 0, state=JobState.HELD, settled_on=NOW, exhausted_because="nobody knows")
    found = report(client, sender, message)["sending"]
    assert (found["state"], found["next_attempt_on"], found["exhausted_because"]) == ("held", None, "nobody knows")


def test_only_the_newest_attempts_are_shown(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message_story, "MOST_ATTEMPTS", 3)
    message = make_message(sender).message
    put(message, 10)
    found = report(client, sender, message)["sending"]
    assert (found["starts"], [attempt["number"] for attempt in found["attempts"]]) == (10, [8, 9, 10])


def test_callbacks_say_what_they_are_about(client: FlaskClient, sender: Sender) -> None:
    urls = {"lt_callbackurl": "http://127.0.0.1:9/clicked", "receipts_url": "http://127.0.0.1:9/receipts"}
    made = make_message(sender, **urls)
    with db.write() as session:
        for state in (MessageState.SENT, MessageState.DELIVERED):
            assert advance(session.connection(), made.message.id, News(state, NOW), now=NOW)
    client.get(f"/{slug_of(made.link)}", headers={"User-Agent": BROWSER})
    found = report(client, sender, made.message)
    told = [(callback["about"], callback["url"]) for callback in found["callbacks"]]
    assert told == [
        ("sent", urls["receipts_url"]),
        ("delivered", urls["receipts_url"]),
        ("click", urls["lt_callbackurl"]),
    ]
    assert found["callback"] == found["callbacks"][2]


def test_queries_do_not_grow_with_callbacks(sender: Sender) -> None:
    made = make_message(sender, receipts_url="http://127.0.0.1:9/receipts")
    counts = []
    for state in (MessageState.SENT, MessageState.ACCEPTED, MessageState.DELIVERED):
        with db.write() as session:
            assert advance(session.connection(), made.message.id, News(state, NOW), now=NOW)
        with db.read() as session:
            message = session.get_one(Message, made.message.id)
            with listening() as statements:
                assert message_story.of(session, message).callbacks[-1].about == state
        counts.append(len(statements))
    assert len(set(counts)) == 1


def test_only_the_newest_attempts_of_callbacks_are_read(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_report, "MOST_ATTEMPTS", 2)
    made = make_message(sender, receipts_url="http://127.0.0.1:9/receipts")
    with db.write() as session:
        assert advance(session.connection(), made.message.id, News(MessageState.SENT, NOW), now=NOW)
        callback_id = session.scalars(select(Callback.id)).one()
        for number in (1, 2, 3):
            session.add(Attempt(callback_id=callback_id, number=number, started_on=NOW + number * SECOND))
    [found] = report(client, sender, made.message)["callbacks"]
    assert [attempt["number"] for attempt in found["attempts"]] == [2, 3]
