"""The lists of messages, as NAVER's parameters choose them."""

import datetime as dt
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from shortener.receipts.advance import News, advance
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Message
from shortener.vendors.sens import times
from tests.support import sens
from tests.support.factories import DAY, Sender

SECOND = dt.timedelta(seconds=1)
SMS_LIST, TALK_LIST = sens.SMS, sens.TALK


def listed(client: FlaskClient, sender: Sender, target: str, **parameters: Any) -> Any:
    answer = sens.get(client, sender, f"{target}?{urlencode(parameters)}")
    assert answer.status_code == 200, answer.json
    return answer.json


def ids(client: FlaskClient, sender: Sender, target: str, **parameters: Any) -> list[str]:
    return [message["messageId"] for message in listed(client, sender, target, **parameters)["messages"]]


def faults(client: FlaskClient, sender: Sender, target: str, **parameters: Any) -> str:
    answer = sens.get(client, sender, f"{target}?{urlencode(parameters)}")
    assert answer.status_code == 400
    said: str = answer.json["errorMessage"]
    return said


def send(client: FlaskClient, sender: Sender, target: str, document: Any) -> list[str]:
    answer = sens.post(client, sender, target, document)
    assert answer.status_code == 202, answer.json
    return [message["messageId"] for message in answer.json["messages"]]


def now() -> dt.datetime:
    with db.read() as session:
        return db.now(session)


def around(name: str, moment: dt.datetime, days: float = 0.01) -> dict[str, str]:
    """The period of this name around a moment."""
    start, end = moment - days * DAY / 2, moment + days * DAY / 2
    return {f"{name}StartTime": times.seconds(start), f"{name}EndTime": times.seconds(end)}


def set_message(msgid: str, state: MessageState | None = None, **values: Any) -> None:
    with db.write() as session:
        session.execute(update(Message).where(Message.msgid == msgid).values(values or {"msgid": msgid}))
        id_ = session.query(Message.id).filter_by(msgid=msgid).scalar()
        assert state is None or advance(session.connection(), id_, News(state, db.now(session)), now=db.now(session))


@pytest.mark.parametrize("target", [SMS_LIST, TALK_LIST])
def test_a_list_needs_a_request_or_a_period(client: FlaskClient, sender: Sender, target: str) -> None:
    assert "requestId is required" in faults(client, sender, target, pageSize=1)
    assert "requestEndTime is required" in faults(client, sender, target, requestStartTime="2026-11-28 00:00:00")
    assert "completeStartTime is required" in faults(client, sender, target, completeEndTime="2026-11-28 00:00:00")


@pytest.mark.parametrize(("target", "days"), [(SMS_LIST, 30), (TALK_LIST, 31)])
def test_a_period_has_a_longest_length(client: FlaskClient, sender: Sender, target: str, days: int) -> None:
    assert ids(client, sender, target, **around("request", now(), days)) == []
    assert ids(client, sender, target, **around("complete", now(), 1)) == []
    assert f"{days} days" in faults(client, sender, target, **around("request", now(), days + 0.001))
    assert "24 hours" in faults(client, sender, target, **around("complete", now(), 1.001))
    assert "not before" in faults(client, sender, target, **around("request", now(), -1))


def test_only_friendtalk_excludes_two_periods(client: FlaskClient, sender: Sender) -> None:
    both = around("request", now()) | around("complete", now())
    assert ids(client, sender, SMS_LIST, **both) == []
    assert "together" in faults(client, sender, TALK_LIST, **both)


@pytest.mark.parametrize(
    "wrong",
    [{"requestId": ""}, {"requestId": "a\0"}, {"requestId": "a", "pageSize": "0"},
     {"requestId": "a", "pageSize": "9" * 99}, {"requestId": "a", "nextToken": "x"},
     {"requestId": "a", "countryCode": "+82"},
     {"requestStartTime": "now", "requestEndTime": "2026-11-28 00:00:00"},
     {"requestStartTime": "0001-01-01 00:00:00", "requestEndTime": "9999-12-31 23:59:59"}],
)  # fmt: skip
@pytest.mark.parametrize("target", [SMS_LIST, TALK_LIST])
def test_wrong_parameters_are_named(client: FlaskClient, sender: Sender, target: str, wrong: dict[str, str]) -> None:
    last = [*wrong][-1]
    assert last in faults(client, sender, target, **wrong) or "requestStartTime" in wrong


@pytest.mark.parametrize("target", [SMS_LIST, TALK_LIST])
def test_the_last_day_of_time_is_no_error(client: FlaskClient, sender: Sender, target: str) -> None:
    end = {"requestStartTime": "9999-12-31 00:00:00", "requestEndTime": "9999-12-31 23:59:59"}
    assert ids(client, sender, target, **end) == []


def test_repeated_and_unknown_parameters(client: FlaskClient, sender: Sender) -> None:
    target = f"{SMS_LIST}?requestId=a&requestId=b"
    assert sens.get(client, sender, target).status_code == 400
    assert ids(client, sender, SMS_LIST, requestId="a", pageIndex=1) == []


def test_a_request_lists_its_own_messages(client: FlaskClient, sender: Sender) -> None:
    answer = sens.post(client, sender, sens.SMS, sens.sms("01011112222", "01033334444", "01055556666"))
    send(client, sender, sens.SMS, sens.sms())
    request_id = answer.json["requestId"]
    found = listed(client, sender, SMS_LIST, requestId=request_id)
    assert [message["to"] for message in found["messages"]] == ["01011112222", "01033334444", "01055556666"]
    assert (found["requestId"], found["itemCount"], found["hasMore"]) == (request_id, 3, False)
    assert {message["requestId"] for message in found["messages"]} == {request_id}


@pytest.mark.parametrize(("target", "document"), [(sens.SMS, sens.sms()), (sens.TALK, sens.talk())])
def test_a_period_lists_what_was_requested(client: FlaskClient, sender: Sender, target: str, document: Any) -> None:
    [earlier] = send(client, sender, target, document)
    set_message(earlier, received_on=now() - 2 * DAY)
    [later] = send(client, sender, target, document)
    assert ids(client, sender, target, **around("request", now())) == [later]
    assert ids(client, sender, target, **around("request", now(), 10)) == [later, earlier]


def test_the_last_second_belongs_to_the_period(client: FlaskClient, sender: Sender) -> None:
    [msgid] = send(client, sender, sens.SMS, sens.sms())
    set_message(msgid, received_on=(at := now().replace(microsecond=999_999) - DAY))
    second = times.spaced(at)
    assert ids(client, sender, SMS_LIST, requestStartTime=second, requestEndTime=second) == [msgid]


@pytest.mark.parametrize(("target", "document", "days"), [(sens.SMS, sens.sms(), 90), (sens.TALK, sens.talk(), 30)])
def test_old_messages_are_not_listed(
    client: FlaskClient, sender: Sender, target: str, document: Any, days: int
) -> None:
    answer = sens.post(client, sender, target, document)
    [message] = answer.json["messages"]
    set_message(message["messageId"], received_on=now() - days * DAY + 60 * SECOND)
    assert ids(client, sender, target, requestId=answer.json["requestId"]) == [message["messageId"]]
    set_message(message["messageId"], received_on=now() - days * DAY - SECOND)
    assert ids(client, sender, target, requestId=answer.json["requestId"]) == []


@pytest.mark.parametrize(("target", "document"), [(sens.SMS, sens.sms()), (sens.TALK, sens.talk())])
def test_only_completed_messages_have_that_time(
    client: FlaskClient, sender: Sender, target: str, document: Any
) -> None:
    sent, arrived = (send(client, sender, target, document)[0] for _ in range(2))
    set_message(sent, MessageState.SENT)
    set_message(arrived, MessageState.DELIVERED)
    assert ids(client, sender, target, **around("complete", now())) == [arrived]
    assert ids(client, sender, target, **around("complete", now() - DAY)) == []


def test_sms_are_chosen_by_their_fields(client: FlaskClient, sender: Sender) -> None:
    [first] = send(client, sender, sens.SMS, sens.sms("01011112222"))
    [second] = send(client, sender, sens.SMS, sens.sms("9011112222", countryCode="81", type="lms", contentType="AD"))
    period = around("request", now())
    choices = {"to": ("01011112222", None), "countryCode": ("82", "81"), "type": ("sms", "LMS"),
               "contentType": ("COMM", "AD"), "messageId": (first, second)}  # fmt: skip
    for name, values in choices.items():
        for msgid, value in zip((first, second), values, strict=True):
            assert value is None or ids(client, sender, SMS_LIST, **period, **{name: value}) == [msgid], name
    assert ids(client, sender, SMS_LIST, **period, **{"from": "0215441234"}) == [second, first]
    assert ids(client, sender, SMS_LIST, **period, to="9011112222", countryCode="81") == [second]
    assert ids(client, sender, SMS_LIST, **period, to="01000000000") == []


def test_friendtalk_is_chosen_by_its_fields(client: FlaskClient, sender: Sender) -> None:
    first, second = send(client, sender, sens.TALK, sens.talk({}, {"to": "01022223333"}))
    [other] = send(client, sender, sens.TALK, sens.talk(plusFriendId="@안녕"))
    period = around("request", now())
    assert ids(client, sender, TALK_LIST, **period, plusFriendId="@안녕") == [other]
    assert ids(client, sender, TALK_LIST, **period, plusFriendId="@shop") == [second, first]
    assert ids(client, sender, TALK_LIST, **period, to="01022223333") == [second]
    assert ids(client, sender, TALK_LIST, **period, messageId=first) == [first]
    assert ids(client, sender, TALK_LIST, **period, countryCode="81") == []


def test_friendtalk_is_chosen_by_its_two_stages(client: FlaskClient, sender: Sender) -> None:
    waiting, arrived, failed = send(client, sender, sens.TALK, sens.talk({}, {}, {}))
    set_message(arrived, MessageState.DELIVERED)
    set_message(failed, MessageState.EXPIRED)
    period = around("request", now())
    chosen = {"processing": [waiting], "success": [arrived], "fail": [failed]}
    for name, expected in chosen.items():
        assert ids(client, sender, TALK_LIST, **period, messageStatusName=name) == expected
    assert ids(client, sender, TALK_LIST, **period, requestStatusName="success") == [failed, arrived, waiting]
    assert ids(client, sender, TALK_LIST, **period, requestStatusName="fail") == []
    assert "messageStatusName" in faults(client, sender, TALK_LIST, **period, messageStatusName="maybe")
    assert "requestStatusName" in faults(client, sender, TALK_LIST, **period, requestStatusName="processing")


@pytest.mark.parametrize(("target", "document"), [(sens.SMS, sens.sms()), (sens.TALK, sens.talk())])
def test_pages_continue_with_the_token(client: FlaskClient, sender: Sender, target: str, document: Any) -> None:
    sent = [send(client, sender, target, document)[0] for _ in range(5)]
    period, seen, parameters = around("request", now()), list[str](), {"pageSize": 2}
    for expected in (2, 2, 1):
        page = listed(client, sender, target, **period, **parameters)
        assert (page["itemCount"], page["hasMore"]) == (expected, expected == 2)
        seen += [message["messageId"] for message in page["messages"]]
        parameters["nextToken"] = page["nextToken"]
    assert (seen, page["nextToken"]) == (sent[::-1], None)


def test_other_services_and_accounts_are_apart(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    [msgid] = send(client, sender, sens.SMS, sens.sms())
    period = around("request", now())
    other_service = sens.SMS.replace("shop", quote("안"))
    for who, target in ((sender, other_service), (other_sender, SMS_LIST), (sender, sens.TALK)):
        assert ids(client, who, target, **period) == []
        assert sens.get(client, who, f"{target}/{msgid}").status_code == 404
    assert ids(client, sender, SMS_LIST.replace(":", "%3A"), **period) == [msgid]
