"""Messages that wait for their time."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from shortener.rules.deed import Deed
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import AuditEntry, Message
from shortener.vendors.aicross import reservations, times
from shortener.web import face_messages
from tests.support.factories import TARGET, TEXT, Sender, make_account
from tests.support.sending_rows import put_state

Call = Callable[..., dict[str, Any]]
DAY = dt.timedelta(days=1)
LATER = 3 * DAY


@pytest.fixture
def now() -> dt.datetime:
    """The time at which the test begins."""
    return dt.datetime.now(dt.UTC)


@pytest.fixture
def reserve(send: Call, now: dt.datetime) -> Call:
    """Send a message for another day."""

    def call(client_tag: str, wait: dt.timedelta = DAY, **fields: Any) -> dict[str, Any]:
        answer = send(clientTag=client_tag, scheduleTime=times.written_minute(now + wait), **fields)
        assert answer["responseCode"] == 0
        return answer

    return call


def told(answer: dict[str, Any]) -> str:
    return f"{answer['responseCode']} {answer['responseMessage']}"


def states() -> dict[str | None, MessageState | None]:
    with db.read() as session:
        return {found.client_tag: found.state for found in session.scalars(select(Message))}


def tags(answer: dict[str, Any]) -> list[str]:
    assert answer["count"] == len(answer["status"])
    return [found["clientTag"] for found in answer["status"]]


# Looking


def test_a_reservation_is_found_by_its_tag(reserve: Call, ask: Call, now: dt.datetime) -> None:
    shortlink = reserve("order-1")["shortlink"]
    assert ask("checkreservation", smsCode="50123", clientTag="order-1") == {
        "responseCode": 0,
        "responseMessage": "Success.",
        "count": 1,
        "status": [
            {
                "scheduleTime": times.written_minute(now + DAY),
                "phoneNumber": "+819012345678",
                "message": TEXT.replace(TARGET, shortlink),
                "smsCode": 50123,
                "clientTag": "order-1",
            }
        ],
    }


def test_reservations_are_found_by_time_and_group(reserve: Call, ask: Call, now: dt.datetime) -> None:
    reserve("order-1", groupTag="spring")
    reserve("order-2", DAY + dt.timedelta(minutes=1))
    reserve("order-3", LATER, groupTag="spring")
    minute, day = times.written_minute(now + DAY), times.written_day(now + DAY)
    assert tags(ask("checkreservation", smsCode="50123", scheduleTime=minute)) == ["order-1"]
    assert "order-1" in tags(ask("checkreservation", smsCode="50123", scheduleDate=day))
    assert tags(ask("checkreservation", smsCode="50123", scheduleDate=day, groupTag="spring")) == ["order-1"]
    assert tags(ask("checkreservation", smsCode="50124", scheduleDate=day)) == []
    later = {"scheduleTime": times.written_minute(now + LATER), "scheduleDate": day}
    assert tags(ask("checkreservation", smsCode="50123", **later)) == ["order-3"]
    assert tags(ask("checkreservation", smsCode="50123", clientTag="order-2", **later)) == ["order-2"]


def test_what_was_sent_is_no_reservation(send: Call, reserve: Call, ask: Call) -> None:
    send(clientTag="now")
    reserve("later")
    assert told(ask("checkreservation", smsCode="50123", clientTag="now")) == "130 Already send."
    with db.read() as session:
        later = session.scalars(select(Message).where(Message.client_tag == "later")).one()
    put_state(later, MessageState.SENT)
    assert told(ask("checkreservation", smsCode="50123", clientTag="later")) == "130 Already send."


def test_an_unknown_or_canceled_one_is_none(reserve: Call, ask: Call) -> None:
    assert tags(ask("checkreservation", smsCode="50123", clientTag="order-1")) == []
    reserve("order-1")
    ask("cancelreservation", clientTag="order-1")
    assert tags(ask("checkreservation", smsCode="50123", clientTag="order-1")) == []


def test_quiet_hours_make_no_reservation(send: Call, ask: Call) -> None:
    quiet = make_account("quiet", quiet_hours="00:00-23:59", quiet_mode="hold")
    send(token=quiet.token, clientTag="order-1")
    assert told(ask("cancelreservation", token=quiet.token, clientTag="order-1")) == "130 Already send."


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "100 Required smsCode."),
        ({"smsCode": "50123"}, "100 Required clientTag."),
        ({"smsCode": "50123", "groupTag": "spring"}, "100 Required clientTag."),
        ({"smsCode": "50123", "scheduleTime": "2020-01-01 12:00"}, "140 Past scheduleTime."),
        ({"smsCode": "50123", "scheduleDate": "20200101"}, "140 Past scheduleDate."),
        ({"smsCode": "50123", "scheduleDate": "x"}, "110 Invalid scheduleDate."),
        ({"smsCode": "50123", "clientTag": "x" * 201}, "120 clientTag too long."),
    ],
)
def test_a_wrong_question_is_refused(ask: Call, parameters: dict[str, str], expected: str) -> None:
    assert told(ask("checkreservation", **parameters)) == expected


# Taking back


def test_a_reservation_is_taken_back(reserve: Call, ask: Call) -> None:
    reserve("order-1")
    expected = {"responseCode": 0, "responseMessage": "Success.", "clientTag": "order-1"}
    assert ask("cancelreservation", clientTag="order-1") == expected
    assert states() == {"order-1": MessageState.CANCELED}
    assert ask("cancelreservation", clientTag="order-1") == expected


def test_only_a_reservation_is_taken_back(send: Call, ask: Call) -> None:
    send(clientTag="order-1")
    assert told(ask("cancelreservation", clientTag="order-1")) == "130 Already send."
    assert told(ask("cancelreservation", clientTag="order-2")) == "110 Invalid clientTag."
    assert told(ask("cancelreservation")) == "100 Required clientTag."
    assert states() == {"order-1": MessageState.QUEUED}


def test_another_accounts_reservation_stays(reserve: Call, ask: Call, other_sender: Sender) -> None:
    reserve("order-1")
    other = {"token": other_sender.token}
    assert told(ask("cancelreservation", **other, clientTag="order-1")) == "110 Invalid clientTag."
    assert told(ask("cancelreservationall", **other)) == "0 Success."
    assert states() == {"order-1": MessageState.SCHEDULED}


@pytest.mark.parametrize(
    ("parameters", "canceled"),
    [
        ({}, {"order-1", "order-2", "order-3"}),
        ({"startDate": LATER}, {"order-3"}),
        ({"endDate": DAY}, {"order-1", "order-2"}),
        ({"startDate": DAY, "endDate": DAY}, {"order-1", "order-2"}),
        ({"groupTag": "spring"}, {"order-1", "order-3"}),
        ({"groupTag": "spring", "startDate": LATER}, {"order-3"}),
        ({"groupTag": "autumn"}, set()),
    ],
)
def test_reservations_are_taken_back_together(
    send: Call,
    reserve: Call,
    ask: Call,
    now: dt.datetime,
    monkeypatch: pytest.MonkeyPatch,
    parameters: dict[str, Any],
    canceled: set[str],
) -> None:
    monkeypatch.setattr(reservations, "FOUND_AT_ONCE", 2)
    monkeypatch.setattr(face_messages, "CANCELED_AT_ONCE", 1)
    reserve("order-1", groupTag="spring")
    reserve("order-2")
    reserve("order-3", LATER, groupTag="spring")
    send(clientTag="now")
    days = {name: v if isinstance(v, str) else times.written_day(now + v) for name, v in parameters.items()}
    assert ask("cancelreservationall", **days) == {"responseCode": 0, "responseMessage": "Success."}
    assert {tag for tag, state in states().items() if state is MessageState.CANCELED} == canceled
    assert states()["now"] is MessageState.QUEUED


def test_a_period_that_ends_early_is_invalid(ask: Call) -> None:
    answer = ask("cancelreservationall", startDate="20261130", endDate="20261129")
    assert told(answer) == "110 Invalid endDate."


def test_a_message_of_our_own_api_stays(ask: Call, reserve: Call) -> None:
    reserve("order-1")
    with db.write() as session:
        session.execute(update(Message).values(face=None))
    ask("cancelreservationall")
    assert states() == {"order-1": MessageState.SCHEDULED}


def test_what_is_taken_back_is_recorded(reserve: Call, ask: Call) -> None:
    for client_tag in ("order-1", "order-2", "order-3"):
        reserve(client_tag)
    ask("cancelreservation", clientTag="order-1")
    ask("cancelreservationall")
    ask("cancelreservationall")  # nothing is left to take back, so there is nothing to record
    with db.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(one.deed, one.actor, one.details) for one in entries] == [
        (Deed.CANCELED, "main", None),
        (Deed.CANCELED, "main", {"messages": 2}),
    ]
