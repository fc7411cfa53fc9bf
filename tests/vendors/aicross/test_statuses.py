"""What became of messages, and how many parts were delivered."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import db
from shortener.storage.models import Message
from shortener.vendors.aicross import listing, times
from shortener.web import message_reports
from tests.support.factories import TARGET, TEXT, Sender
from tests.support.sending_rows import put_state

Call = Callable[..., dict[str, Any]]
AT = dt.datetime(2026, 11, 28, 12, 10, 3, 120_000, tzinfo=dt.UTC)


def message_of(client_tag: str) -> Message:
    with db.read() as session:
        return session.scalars(select(Message).where(Message.client_tag == client_tag)).one()


def receive_on(moment: dt.datetime, client_tag: str) -> None:
    """Let a message have been received at another time."""
    with db.write() as session:
        session.execute(update(Message).where(Message.client_tag == client_tag).values(received_on=moment))


def test_a_delivered_message_has_all_fields(send: Call, ask: Call) -> None:
    shortlink = send(clientTag="order-1")["shortlink"]
    put_state(message_of("order-1"), MessageState.DELIVERED, now=AT)
    assert ask("status", clientTag="order-1") == {
        "responseCode": 0,
        "responseMessage": "Success.",
        "status": [
            {
                "dateTime": "20261128 211003120",
                "phoneNumber": "+819012345678",
                "message": TEXT.replace(TARGET, shortlink),
                "smsCode": 50123,
                "carrierId": None,
                "carrierName": "",
                "statusId": "2",
                "clientTag": "order-1",
                "detailedStatusId": "00000",
                "separatedSuccessCount": 1,
            }
        ],
    }


def test_a_failed_message_has_its_class(send: Call, ask: Call) -> None:
    send(clientTag="order-1")
    put_state(message_of("order-1"), MessageState.FAILED, reason=Reason.ABSENT_PERMANENT, code="3")
    [found] = ask("status", clientTag="order-1")["status"]
    assert (found["statusId"], found["detailedStatusId"], found["separatedSuccessCount"]) == ("3", "00732", 0)


def test_an_unknown_tag_has_no_messages(ask: Call) -> None:
    assert ask("status", clientTag="order-1") == {"responseCode": 0, "responseMessage": "Success.", "status": []}


def test_a_day_has_the_messages_sent_on_it(send: Call, ask: Call) -> None:
    for number in range(3):
        send(clientTag=f"order-{number}")
        receive_on(AT + dt.timedelta(hours=2 * number), f"order-{number}")
    assert [found["clientTag"] for found in ask("status", date="20261128")["status"]] == ["order-1", "order-0"]
    assert [found["clientTag"] for found in ask("status", date="20261129")["status"]] == ["order-2"]
    assert ask("status", date="20261127")["status"] == []


def test_a_message_without_a_tag_has_an_empty_one(send: Call, ask: Call) -> None:
    send()
    [found] = ask("status", date=times.written_day(dt.datetime.now(dt.UTC)))["status"]
    assert (found["clientTag"], found["statusId"]) == ("", "1")


def test_a_reservation_belongs_to_its_day(send: Call, ask: Call) -> None:
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    send(clientTag="order-1", scheduleTime=times.written_minute(later))
    assert ask("status", date=times.written_day(dt.datetime.now(dt.UTC)))["status"] == []
    [found] = ask("status", date=times.written_day(later))["status"]
    assert found["statusId"] == ask("status", clientTag="order-1")["status"][0]["statusId"] == "1"


def test_the_tag_wins_over_the_day(send: Call, ask: Call) -> None:
    send(clientTag="order-1")
    assert len(ask("status", clientTag="order-1", date="20200101")["status"]) == 1
    assert len(ask("status", clientTag="order-1", date="x")["status"]) == 1


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, "100 Required clientTag."),
        ({"date": "2026-11-28"}, "110 Invalid date."),
        ({"clientTag": "x" * 204}, "120 clientTag too long."),
        ({"clientId": "", "clientTag": "x"}, "100 Required clientId."),
        ({"token": "", "clientTag": "x"}, "100 Required token."),
        ({"date": "20261128", "cursor": "x"}, "110 Invalid cursor."),
    ],
)
def test_a_wrong_question_is_refused(ask: Call, parameters: dict[str, str], expected: str) -> None:
    answer = ask("status", **parameters)
    assert f"{answer['responseCode']} {answer['responseMessage']}" == expected


def test_a_shortened_url_is_no_message(client: FlaskClient, sender: Sender, ask: Call) -> None:
    client.post("/p1/api/shortenurl.json", data={"token": sender.token, "clientId": "1", "longUrl": TARGET})
    assert ask("status", date=times.written_day(dt.datetime.now(dt.UTC)))["status"] == []


def test_another_accounts_message_is_not_found(send: Call, ask: Call, other_sender: Sender) -> None:
    send(clientTag="order-1")
    assert ask("status", token=other_sender.token, clientTag="order-1")["status"] == []
    today = times.written_day(dt.datetime.now(dt.UTC))
    assert ask("status", token=other_sender.token, date=today)["status"] == []


def test_a_long_list_leads_to_its_next_page(
    client: FlaskClient, sender: Sender, send: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_LISTED", 2)
    for number in range(3):
        send(clientTag=f"order-{number}")
    query = f"clientId=1&date={times.written_day(dt.datetime.now(dt.UTC))}"
    first = client.get(f"/p5/api/status.json?token={sender.token}&{query}")
    link = first.headers["Link"]
    assert sender.token not in link
    path = link.removeprefix("<https://s.example.com").removesuffix('>; rel="next"')
    second = client.get(f"{path}&token={sender.token}")
    tags = [found["clientTag"] for answer in (first, second) for found in answer.json["status"]]
    assert (tags, "Link" in second.headers) == (["order-2", "order-1", "order-0"], False)


# Parts


def test_parts_of_a_month_are_added_up(send: Call, ask: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_reports, "now", lambda: AT + dt.timedelta(days=1))
    for tag, text in (("short", "a"), ("long", "あ" * 140), ("failed", "a"), ("earlier", "a")):
        send(clientTag=tag, message=text)
        receive_on(AT - dt.timedelta(days=30 if tag == "earlier" else 0), tag)
        put_state(message_of(tag), MessageState.FAILED if tag == "failed" else MessageState.DELIVERED)
    assert ask("separatedsuccesscount", month="202611")["separatedSuccessCount"] == [{"999": 4, "clientId": 12345}]
    assert ask("separatedsuccesscount", month="202610", clientId="all")["separatedSuccessCount"] == [{"999": 1}]


def test_today_is_not_counted_yet(send: Call, ask: Call) -> None:
    send(clientTag="order-1")
    put_state(message_of("order-1"), MessageState.DELIVERED)
    month = times.written_day(dt.datetime.now(dt.UTC))[:6]
    assert ask("separatedsuccesscount", month=month) == {
        "responseCode": 0,
        "responseMessage": "Success.",
        "separatedSuccessCount": [],
    }
    assert ask("separatedsuccesscount", month="209901")["separatedSuccessCount"] == []
    assert ask("separatedsuccesscount")["responseMessage"] == "Required month."
