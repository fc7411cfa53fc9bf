"""NAVER SENS's wire format, field by field: SMS and FriendTalk."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from shortener.accounts.authentication import authenticate
from shortener.receipts.advance import News, advance
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Message, Sending
from shortener.vendors.sens import times
from tests.conftest import running
from tests.support import database_faults, sens
from tests.support.factories import BROWSER, NOW, TARGET, Sender, make_account

BASE = "https://s.example.com"
DAY = dt.timedelta(days=1)


def sent(client: FlaskClient, sender: Sender, *recipients: str, **fields: Any) -> list[dict[str, Any]]:
    """The entries of an answer to a request for SMS."""
    answer = sens.post(client, sender, sens.SMS, sens.sms(*recipients, **fields))
    assert answer.status_code == 202, answer.json
    found: list[dict[str, Any]] = answer.json["messages"]
    return found


def talked(client: FlaskClient, sender: Sender, *messages: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    answer = sens.post(client, sender, sens.TALK, sens.talk(*messages, **fields))
    assert answer.status_code == 202, answer.json
    found: list[dict[str, Any]] = answer.json["messages"]
    return found


def refused(client: FlaskClient, sender: Sender, target: str, document: Any) -> list[str]:
    """The sentences of an error with 400, in the vendor's form."""
    answer = sens.post(client, sender, target, document)
    assert (answer.status_code, list(answer.json)) == (400, ["status", "errors", "errorMessage"]), answer.json
    assert answer.json["status"] == 400
    sentences: list[str] = answer.json["errors"]
    return sentences


def one(client: FlaskClient, sender: Sender, target: str, msgid: str) -> Any:
    answer = sens.get(client, sender, f"{target}/{msgid}")
    assert answer.status_code == 200
    return answer.json if target == sens.TALK else answer.json["messages"][0]


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


def set_state(msgid: str, news: News) -> None:
    with db.write() as session:
        id_ = session.scalars(select(Message.id).where(Message.msgid == msgid)).one()
        assert advance(session.connection(), id_, news, now=NOW)


# SMS


def test_a_request_is_answered_with_its_id(client: FlaskClient, sender: Sender) -> None:
    answer = sens.post(client, sender, sens.SMS, sens.sms())
    assert answer.status_code == 202
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["statusCode"], answer.json["statusName"]) == ("202", "success")
    assert len(answer.json["requestId"]) == 32
    requested = dt.datetime.strptime(answer.json["requestTime"], "%Y-%m-%dT%H:%M:%S.%f")  # noqa: DTZ007 - it is Korean
    assert abs(requested - dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(hours=9)) < DAY / 24


def test_each_recipient_gets_a_link(client: FlaskClient, sender: Sender) -> None:
    first, second = sent(client, sender, "01011112222", "01033334444")
    assert first["shortlink"] != second["shortlink"]
    for entry, to in ((first, "01011112222"), (second, "01033334444")):
        assert entry["text"] == sens.CONTENT.replace(TARGET, entry["shortlink"])
        assert (entry["to"], entry["statusCode"], entry["statusName"]) == (to, "202", "success")
        followed = client.get(entry["shortlink"].removeprefix(BASE), headers={"User-Agent": BROWSER})
        assert followed.headers["Location"] == TARGET


def test_an_sms_is_found_with_its_fields(client: FlaskClient, sender: Sender) -> None:
    [entry] = sent(client, sender, contentType="AD")
    found = one(client, sender, sens.SMS, entry["messageId"])
    assert dt.datetime.strptime(found.pop("requestTime"), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    assert len(found.pop("requestId")) == 32
    assert found == {
        "messageId": entry["messageId"],
        "type": "SMS",
        "contentType": "AD",
        "countryCode": "82",
        "from": "0215441234",
        "to": "01012345678",
        "content": entry["text"],
        "status": "READY",
        "statusCode": None,
        "statusName": None,
        "statusMessage": None,
        "completeTime": None,
        "telcoCode": None,
        "shortlink": entry["shortlink"],
        "state": None,
    }


def test_the_number_is_stored_in_international_form(client: FlaskClient, sender: Sender) -> None:
    sent(client, sender, "01012345678")
    sent(client, sender, "9012345678", countryCode="81")
    with db.read() as session:
        assert session.scalars(select(Message.recipient).order_by(Message.id)).all() == [
            "+821012345678",
            "+819012345678",
        ]
        assert "12345678" not in str(session.scalars(select(Message.vendor_fields)).all())


@pytest.mark.parametrize(("storage", "shown"), [("full", "01012345678"), ("masked", "*********5678"), ("none", None)])
def test_a_recipient_is_shown_as_stored(client: FlaskClient, database_kind: str, storage: str, shown: str) -> None:
    sender = make_account("quiet", recipient_storage=storage)
    [entry] = sent(client, sender)
    assert entry["to"] == "01012345678"
    assert one(client, sender, sens.SMS, entry["messageId"])["to"] == shown
    [friend] = talked(client, sender)
    assert one(client, sender, sens.TALK, friend["messageId"])["to"] == shown


def test_a_recipients_own_text_wins(client: FlaskClient, sender: Sender) -> None:
    messages = [{"to": "01011112222", "content": "own"}, {"to": "01033334444"}, {"to": "01055556666", "content": " "}]
    assert [entry["text"] for entry in sent(client, sender, content="of all", messages=messages)] == [
        "own",
        "of all",
        "of all",
    ]
    assert [entry["text"] for entry in sent(client, sender, content=" ", messages=messages[:1])] == ["own"]


def test_a_text_is_needed_somewhere(client: FlaskClient, sender: Sender) -> None:
    for content in (" ", "", None):
        [sentence] = refused(client, sender, sens.SMS, sens.sms(content=content))
        assert sentence == "messages[0].content is required, here or for all messages."


@pytest.mark.parametrize(("kind", "most"), [("SMS", 90), ("lms", 2000), ("MMS", 2000)])
def test_each_type_has_a_longest_text(client: FlaskClient, sender: Sender, kind: str, most: int) -> None:
    for letter, count in (("a", most), ("안", most // 2)):
        assert sent(client, sender, type=kind, content=letter * count)
        [sentence] = refused(client, sender, sens.SMS, sens.sms(type=kind, content=letter * count + "a"))
        assert sentence.startswith(f"messages[0].content has {most + 1} bytes")


def test_the_text_that_is_sent_is_measured(client: FlaskClient, sender: Sender) -> None:
    shortlink = f"{BASE}/{'x' * 10}"
    long_link = "https://shop.example.com/" + "x" * 100
    fits, too_long = "a" * (89 - len(shortlink)), "a" * (90 - len(shortlink))
    [entry] = sent(client, sender, content=f"{fits} {long_link}")
    assert len(entry["text"]) == 90
    refused(client, sender, sens.SMS, sens.sms(content=f"{too_long} {long_link}"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": "FAX"}, "type must be"),
        ({"type": None}, "type must be"),
        ({"from": None}, "from must be text"),
        ({"from": "x" * 201}, "from must be at most 200 characters"),
        ({"contentType": "X"}, "contentType must be"),
        ({"countryCode": "+82"}, "countryCode"),
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages must be a list"),
        ({"messages": [5]}, "messages[0]"),
        ({"messages": [{"to": "010-1234-5678"}]}, "messages[0].to must be the digits"),
        ({"messages": [{}]}, "messages[0].to is required"),
        ({"messages": [{"to": 1012345678}]}, "messages[0].to must be text"),
        ({"messages": [{"to": "01012345678"}] * 101}, "messages must have at most 100 entries"),
        ({"content": "a\0"}, "content must not contain the character NUL"),
        ({"content": {"a": 1}}, "content must be text"),
        ({"subject": "안" * 21}, "subject must be at most 40 bytes"),
        ({"files": [{"name": "a.jpg", "body": "aGk="}]}, "files[0] must have the fileId"),
        ({"reserveTime": "tomorrow"}, "reserveTime must be a time like"),
        ({"reserveTime": "2020-01-01 00:00"}, "reserveTime must be in the next 180 days"),
        ({"reserveTime": "9999-12-31 23:59"}, "reserveTime must be"),
        ({"reserveTime": "2026-12-01 00:00", "reserveTimeZone": "Seoul"}, "reserveTimeZone must be a time zone"),
    ],
)
def test_what_is_wrong_with_sms_is_named(
    client: FlaskClient, sender: Sender, changes: dict[str, Any], said: str
) -> None:
    assert refused(client, sender, sens.SMS, sens.sms(**changes))[0].startswith(said)
    assert stored() == 0


def test_fields_that_are_unknown_or_null_are_passed_over(client: FlaskClient, sender: Sender) -> None:
    nothing = dict.fromkeys(("contentType", "countryCode", "subject", "files", "reserveTime", "reserveTimeZone"))
    messages = [{"to": "01012345678", "subject": None, "content": None, "id": "x"}]
    assert sent(client, sender, **nothing, messages=messages, scheduleCode="x", other={})


def test_pictures_are_named_by_their_id(client: FlaskClient, sender: Sender) -> None:
    assert sent(client, sender, type="MMS", subject="안녕", files=[{"fileId": "f1"}])


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_a_reservation_waits_for_its_time(client: FlaskClient, sender: Sender, zone: str | None) -> None:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    due = tomorrow.replace(hour=12, minute=0, second=0, microsecond=0)  # no clock changes then
    written = due.astimezone(ZoneInfo(zone or "Asia/Seoul")).strftime("%Y-%m-%d %H:%M")
    sent(client, sender, reserveTime=written, reserveTimeZone=zone)
    with db.read() as session:
        assert session.scalars(select(Message.send_on)).one() == due


# FriendTalk


def test_a_friendtalk_message_has_two_stages(client: FlaskClient, sender: Sender) -> None:
    [entry] = talked(client, sender)
    assert entry == {
        "messageId": entry["messageId"],
        "countryCode": "82",
        "to": "01012345678",
        "content": sens.CONTENT.replace(TARGET, entry["shortlink"]),
        "requestStatusCode": "A000",
        "requestStatusName": "success",
        "requestStatusDesc": "success",
        "useSmsFailover": False,
        "text": entry["content"],
        "shortlink": entry["shortlink"],
    }
    found = one(client, sender, sens.TALK, entry["messageId"])
    assert (found["requestStatusName"], found["messageStatusName"]) == ("success", "processing")
    assert (found["plusFriendId"], found["content"], found["messageStatusCode"]) == ("@shop", entry["content"], None)


@pytest.mark.parametrize(
    ("news", "code", "name"),
    [
        (News(MessageState.DELIVERED, NOW), "0000", "success"),
        (News(MessageState.FAILED, NOW, code="3018", reason=Reason.OPTED_OUT), "3018", "fail"),
        (News(MessageState.SENT, NOW), None, "processing"),
    ],
)
def test_the_message_stage_shows_what_became_of_it(
    client: FlaskClient, sender: Sender, news: News, code: str | None, name: str
) -> None:
    [entry] = talked(client, sender)
    set_state(entry["messageId"], news)
    found = one(client, sender, sens.TALK, entry["messageId"])
    assert (found["messageStatusCode"], found["messageStatusName"]) == (code, name)
    assert found["completeTime"] == (times.seconds(NOW) if news.state.is_final else None)
    assert found["requestStatusCode"] == "A000"


@pytest.mark.parametrize(
    ("news", "status", "code", "name", "said"),
    [
        (News(MessageState.DELIVERED, NOW), "COMPLETED", "0", "success", "success"),
        (News(MessageState.FAILED, NOW, code="6", reason=Reason.SPAM), "COMPLETED", "3001", "fail",
         "The carrier's filter took the text for spam."),
        (News(MessageState.SENT, NOW), "PROCESSING", None, None, None),
    ],
)  # fmt: skip
def test_an_sms_shows_what_became_of_it(
    client: FlaskClient, sender: Sender, news: News, status: str, code: str | None, name: str | None, said: str | None
) -> None:
    [entry] = sent(client, sender)
    set_state(entry["messageId"], news)
    found = one(client, sender, sens.SMS, entry["messageId"])
    assert (found["status"], found["statusCode"], found["statusName"]) == (status, code, name)
    assert found["statusMessage"] == said
    assert found["completeTime"] == (times.spaced(NOW) if news.state.is_final else None)


def test_a_bad_link_or_number_refuses_one_message(client: FlaskClient, sender: Sender) -> None:
    button = {"type": "WL", "name": "Shop", "linkMobile": "https://#{shop}", "linkPc": "https://shop.example.com"}
    good = {"buttons": [{**button, "linkMobile": "https://shop.example.com"}], "isAd": False, "useSmsFailover": True}
    messages = ({"buttons": [button]}, good, {"to": "010-1234-5678"}, {"image": {"imageId": "1", "imageLink": "x"}})
    bad, taken, number, picture = talked(client, sender, *messages)
    assert [entry["requestStatusCode"] for entry in (bad, taken, number, picture)] == ["K208", "A000", "K220", "K208"]
    assert bad["requestStatusDesc"].startswith("buttons[0].linkMobile: ")
    assert picture["requestStatusDesc"].startswith("image.imageLink: ")
    for entry in (bad, number, picture):
        assert (entry["requestStatusName"], entry["messageId"], entry["text"]) == ("fail", None, None)
        assert entry["content"] == sens.CONTENT
    assert taken["useSmsFailover"] is True
    assert stored() == 1


def test_nothing_is_stored_if_all_are_refused(client: FlaskClient, sender: Sender) -> None:
    answer = sens.post(client, sender, sens.TALK, sens.talk({"to": "x"}, {"to": "y"}))
    assert (answer.status_code, stored()) == (202, 0)
    found = sens.get(client, sender, f"{sens.TALK}?requestId={answer.json['requestId']}")
    assert found.json == {"messages": [], "itemCount": 0, "hasMore": False, "nextToken": None}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"plusFriendId": None}, "plusFriendId"),
        ({"messages": []}, "messages"),
        ({"reserveTime": "x"}, "reserveTime"),
        ({"reserveTime": "2020-01-01 00:00"}, "reserveTime"),
        ({"messages": [{"to": "01012345678"}]}, "messages[0].content"),
        ({"messages": [{"to": "01012345678", "content": "x" * 1001}]}, "messages[0].content"),
        ({"messages": [{"to": "01012345678", "content": "x", "buttons": [{}]}]}, "messages[0].buttons[0].type"),
        ({"messages": [{"to": "01012345678", "content": "x", "buttons": [{"type": "WL"}] * 6}]}, "messages[0].buttons"),
        ({"messages": [{"to": "01012345678", "content": "x", "isAd": "perhaps"}]}, "messages[0].isAd"),
        ({"messages": [{"to": "01012345678", "content": "x", "image": {}}]}, "messages[0].image.imageId"),
    ],
)
def test_what_is_wrong_with_friendtalk_is_named(
    client: FlaskClient, sender: Sender, document: dict[str, Any], said: str
) -> None:
    assert refused(client, sender, sens.TALK, sens.talk(**document))[0].startswith(said)
    assert stored() == 0


# Limits of the account


def at_limit(limit: int) -> Sender:
    return make_account("small", monthly_limit=limit)


def quiet() -> Sender:
    """An account with quiet hours around now."""
    now = dt.datetime.now(dt.UTC)
    hours = f"{now - dt.timedelta(hours=2):%H:%M}-{now + dt.timedelta(hours=2):%H:%M}"
    return make_account("quiet", quiet_hours=hours, time_zone="UTC")


def test_a_used_up_month_refuses_the_rest(client: FlaskClient, database_kind: str) -> None:
    sender = at_limit(3)
    taken, too_many = (
        sent(client, sender, "01011112222"),
        sent(client, sender, "01011112222", "01033334444", "01055556666"),
    )
    assert [entry["statusName"] for entry in taken + too_many] == ["success", "success", "success", "fail"]
    assert (too_many[-1]["statusCode"], too_many[-1]["text"]) == ("L429", None)
    answer = sens.post(client, sender, sens.SMS, sens.sms())
    assert (answer.status_code, answer.json["status"]) == (429, 429)
    assert int(answer.headers["Retry-After"]) > 0
    [friend] = talked(client, sender)
    assert (friend["requestStatusCode"], friend["requestStatusName"]) == ("L429", "fail")


def test_quiet_hours_refuse_both_kinds(client: FlaskClient, database_kind: str) -> None:
    sender = quiet()
    answer = sens.post(client, sender, sens.SMS, sens.sms())
    assert (answer.status_code, answer.json["status"]) == (403, 403)
    [friend] = talked(client, sender)
    assert (friend["requestStatusCode"], friend["requestStatusName"]) == ("K303", "fail")
    assert stored() == 0


# Keys, errors, gateways


def with_key(client: FlaskClient, sender: Sender, document: Any) -> TestResponse:
    headers = {**sens.headers(sender, "POST", sens.SMS), "Idempotency-Key": "k1"}
    return client.post(sens.SMS, json=document, headers=headers)


def test_a_repeated_key_returns_the_first_answer(client: FlaskClient, sender: Sender) -> None:
    document = sens.sms("01011112222", "01033334444")
    first, second = (with_key(client, sender, document).json for _ in range(2))
    assert first == second
    assert stored() == 2
    assert with_key(client, sender, sens.sms("01099998888")).status_code == 400


@pytest.mark.parametrize(
    "changed",
    [
        sens.sms("01011112222"),
        sens.sms("01011112222", "01033334444", "01055556666"),
        sens.sms("01011112222", "01033334444", contentType="AD"),
    ],
)
def test_another_request_with_the_key_stores_nothing(client: FlaskClient, sender: Sender, changed: Any) -> None:
    assert with_key(client, sender, sens.sms("01011112222", "01033334444")).status_code == 202
    assert with_key(client, sender, changed).status_code == 400
    assert stored() == 2


def test_another_friend_with_the_key_is_refused(client: FlaskClient, sender: Sender) -> None:
    headers = {**sens.headers(sender, "POST", sens.TALK), "Idempotency-Key": "k1"}
    assert client.post(sens.TALK, json=sens.talk(), headers=headers).status_code == 202
    other = client.post(sens.TALK, json=sens.talk(plusFriendId="@other"), headers=headers)
    assert (other.status_code, other.json["status"]) == (400, 400)
    assert stored() == 1


def test_a_key_is_used_though_a_friend_was_refused(client: FlaskClient, sender: Sender) -> None:
    headers = {**sens.headers(sender, "POST", sens.TALK), "Idempotency-Key": "k1"}
    statuses = [
        client.post(sens.TALK, json=document, headers=headers).status_code
        for document in (sens.talk({}, {"to": "x"}), sens.talk({"to": "x"}, {}), sens.talk({}, {"to": "x"}))
    ]
    assert (statuses, stored()) == ([202, 400, 202], 1)


def test_a_text_that_stays_is_measured_as_it_is(client: FlaskClient, sender: Sender) -> None:
    """One with a live shortlink of ours is not rewritten."""
    [first] = sent(client, sender)
    long = f"{first['shortlink']} https://shop.example.com/{'x' * 60}"
    sentences = refused(client, sender, sens.SMS, sens.sms(content=long))
    assert any("bytes in EUC-KR" in sentence for sentence in sentences)


@pytest.mark.parametrize("target", [sens.SMS, sens.TALK])
def test_every_error_has_the_vendors_form(client: FlaskClient, sender: Sender, target: str) -> None:
    unknown = sens.get(client, sender, f"{target}/{'x' * 32}")
    signed = sens.headers(sender, "POST", target)
    answers = {
        404: unknown,
        405: client.put(target),
        413: client.post(target, data=b"x" * (2 * 1024 * 1024 + 1), content_type="application/json", headers=signed),
        415: client.post(target, data=b"x", content_type="text/plain", headers=signed),
        400: client.post(target, data=b"{", content_type="application/json", headers=signed),
    }
    for status, answer in answers.items():
        assert (answer.status_code, answer.json["status"]) == (status, status)
        assert answer.json["errors"] == [answer.json["errorMessage"]]
    assert client.get(target.replace("messages", "nothing")).json["status"] == 404
    assert client.head(target, headers=sens.headers(sender, "HEAD", target)).status_code == 400
    assert client.options(target).status_code == 200


@pytest.mark.parametrize("target", [sens.SMS, sens.TALK])
def test_large_requests_take_turns(client: FlaskClient, sender: Sender, services: Services, target: str) -> None:
    account, _ = authenticate(services.readers, sender.sid, sender.token)
    while services.long_calls.begin(account.id):
        pass
    signed = sens.headers(sender, "POST", target)
    small, large = (client.post(target, json={"x": "x" * size}, headers=signed) for size in (1, 600_000))
    assert (small.status_code, large.status_code) == (400, 429)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"[" * 100_000, b'{"a":NaN}', b'{"type":"\\ud800"}', b"\xff"])
def test_odd_bodies_get_the_vendors_error(client: FlaskClient, sender: Sender, body: bytes) -> None:
    for target in (sens.SMS, sens.TALK):
        headers = sens.headers(sender, "POST", target)
        answer = client.post(target, data=body, content_type="application/json", headers=headers)
        assert (answer.status_code, answer.json["status"]) == (400, 400)


@pytest.mark.parametrize("service", ["%00", "a%00b", "x" * 201])
def test_a_service_must_be_storable(client: FlaskClient, sender: Sender, service: str) -> None:
    for target, document in ((sens.SMS, sens.sms()), (sens.TALK, sens.talk())):
        other = f"{target.partition('ncp:')[0]}{service}/messages"
        assert refused(client, sender, other, document)[0].startswith("serviceId must")
        assert sens.get(client, sender, f"{other}?requestId=a").status_code == 400
        assert sens.get(client, sender, f"{other}/{'x' * 32}").status_code == 404
    assert stored() == 0


@pytest.mark.parametrize("msgid", ["%00", "%FF", "a" * 3000, "%F0%9F%98%80", "dabd8e76-390f-421c-87b5-57f31339d0c5"])
def test_any_other_id_is_not_found(client: FlaskClient, sender: Sender, msgid: str) -> None:
    for target in (sens.SMS, sens.TALK):
        assert sens.get(client, sender, f"{target}/{msgid}").status_code == 404


@pytest.mark.parametrize("service", ["%FF", "%ED%A0%80", "a%0Ab", "'--", "%F0%9F%98%80", "%25%32%46"])
def test_an_odd_service_is_as_good_as_any(client: FlaskClient, sender: Sender, service: str) -> None:
    target = f"/sms/v2/services/{service}/messages"
    answer = sens.post(client, sender, target, sens.sms())
    assert answer.status_code == 202
    found = sens.get(client, sender, f"{target}?requestId={answer.json['requestId']}").json
    assert found["itemCount"] == 1
    assert sens.get(client, sender, f"{target}/{found['messages'][0]['messageId']}").status_code == 200


def test_an_outage_has_the_vendors_form(client: FlaskClient, sender: Sender, database_url: str) -> None:
    with database_faults.read_only(database_url):
        answer = sens.post(client, sender, sens.SMS, sens.sms())
    assert (answer.status_code, answer.json["status"]) == (503, 503)
    assert "Retry-After" in answer.headers


def test_a_gateway_gets_what_only_it_needs(settings: Any) -> None:
    with running(settings.model_copy(update={"gateway": "simulator"})) as app:
        client, sender = app.test_client(), make_account("sends")
        button = {"type": "WL", "name": "Shop", "linkMobile": "https://shop.example.com"}
        failover = {"type": "LMS", "from": "0215441234", "content": "Instead"}
        friend = {"buttons": [button], "useSmsFailover": True, "failoverConfig": failover, "isAd": True}
        talked(client, sender, friend, plusFriendId="@안녕")
        sent(client, sender, type="LMS", subject="안녕", contentType="AD")
        with db.read() as session:
            found = session.scalars(select(Sending.extras).order_by(Sending.id)).all()
    assert found == [
        {**friend, "plusFriendId": "@안녕", "countryCode": "82"},
        {"type": "LMS", "contentType": "AD", "countryCode": "82", "subject": "안녕"},
    ]


def test_friendtalk_needs_a_gateway_for_it(settings: Any) -> None:
    given = {"gateway": "sms=kannel", "kannel_url": "http://u:p@127.0.0.1:1/cgi-bin/sendsms"}
    with running(settings.model_copy(update=given)) as app:
        client, sender = app.test_client(), make_account("other")
        said = refused(client, sender, sens.TALK, sens.talk({"buttons": [{"type": "WL", "name": "Shop"}]}))
        assert any("plusFriendId" in one and "kannel would send an SMS" in one for one in said), said
        assert stored() == 0
        assert sens.post(client, sender, sens.SMS, sens.sms()).status_code == 202


def test_a_sender_that_no_gateway_takes_is_named(settings: Any) -> None:
    with running(settings.model_copy(update={"gateway": "simulator"})) as app:
        client, sender = app.test_client(), make_account("sends")
        [sentence] = refused(client, sender, sens.SMS, sens.sms(**{"from": "안녕"}))
        assert sentence.startswith("from must be printable ASCII")


def test_the_face_is_described(client: FlaskClient, app: Flask) -> None:
    description = client.get("/openapi.json").json
    paths = {"/sms/v2/services/{service}/messages", "/friendtalk/v2/services/{service}/messages/{msgid}"}
    assert paths <= set(description["paths"])
