"""Messages that are sent, and URLs that are shortened."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from shortener.rules import sms_parts
from shortener.storage import db
from shortener.storage.models import Message, Sending
from tests.support.factories import BROWSER, TARGET, TEXT, Sender, make_account

Call = Callable[..., dict[str, Any]]
JAPAN = dt.timezone(dt.timedelta(hours=9))


def stored() -> Message:
    with db.read() as session:
        return session.scalars(select(Message)).one()


def test_a_message_comes_back_rewritten(send: Call) -> None:
    answer = send(clientTag="order-1", groupTag="spring", carrierId="103")
    text = TEXT.replace(TARGET, answer["shortlink"])
    assert answer == {
        "responseCode": 0,
        "responseMessage": "Success",
        "phoneNumber": "+819012345678",
        "smsMessage": text,
        "text": text,
        "shortlink": answer["shortlink"],
    }
    message = stored()
    assert (message.face, message.client_tag, message.sender, message.recipient) == (
        *("aicross", "order-1", "50123", "+819012345678"),
    )
    assert message.vendor_fields == {"clientId": "12345", "groupTag": "spring", "carrierId": "103", "parts": 1}


def test_the_shortlink_leads_to_the_target(client: FlaskClient, send: Call) -> None:
    path = send()["shortlink"].removeprefix("https://s.example.com")
    assert client.get(path, headers={"User-Agent": BROWSER}).headers["Location"] == TARGET


def test_a_message_waits_for_its_gateway(send: Call) -> None:
    send()
    with db.read() as session:
        assert session.scalars(select(Sending.recipient)).one() == "+819012345678"


def test_a_message_without_a_link_stays(send: Call) -> None:
    answer = send(message="こんにちは")
    assert (answer["smsMessage"], answer["shortlink"]) == ("こんにちは", None)


def test_the_accounts_setting_decides_about_links(send: Call) -> None:
    assert send(token=make_account("plain", track_link=False).token)["smsMessage"] == TEXT


def test_a_message_has_at_most_660_characters(send: Call) -> None:
    assert send(message="あ" * 660)["responseCode"] == 0


def test_json_and_the_tokens_parameter_are_taken_too(client: FlaskClient, sender: Sender) -> None:
    body = {"clientId": 12345, "smsCode": 50123, "message": TEXT, "phoneNumber": "+819012345678"}
    answer = client.post(f"/p5/api/mt.json?token={sender.token}", json=body | {"unknown": None})
    assert answer.json["responseCode"] == 0
    assert stored().vendor_fields == {"clientId": "12345", "parts": 1}


def test_a_time_makes_a_reservation(send: Call) -> None:
    at = (dt.datetime.now(JAPAN) + dt.timedelta(days=1)).replace(second=0, microsecond=0)
    assert send(scheduleTime=at.strftime("%Y-%m-%d %H:%M"))["responseCode"] == 0
    message = stored()
    assert (message.state, message.send_on) == ("scheduled", at)


@pytest.mark.parametrize("text", ["a", "a" * 161, "あ" * 660, f"{'あ' * 40}\n{TARGET}", f"{TARGET} {TARGET}"])
def test_parts_are_those_of_the_rewritten_text(client: FlaskClient, sender: Sender, send: Call, text: str) -> None:
    short = shorten(client, sender, longUrl=TARGET)["shortUrl"]
    for message in (text, f"{short} {text}"):
        answer = send(message=message[:660], clientTag=message[:200])
        with db.read() as session:
            kept = session.scalars(select(Message).where(Message.client_tag == message[:200])).one().vendor_fields
        assert kept is not None and kept["parts"] == sms_parts.count(answer["smsMessage"]).parts


@pytest.mark.parametrize(("client_tag", "told"), [("order-1", True), (None, False)])
def test_only_a_tagged_message_is_told(send: Call, client_tag: str | None, told: bool) -> None:
    send(clientTag=client_tag)
    states = stored().told_states
    assert states == (["delivered", "expired", "failed", "rejected"] if told else [])


# Shortening


def shorten(client: FlaskClient, sender: Sender, **fields: Any) -> dict[str, Any]:
    form = {"token": sender.token, "clientId": "12345", **fields}
    answer = client.post("/p1/api/shortenurl.json", data=form)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def test_a_url_gets_one_shortlink_for_all(client: FlaskClient, sender: Sender) -> None:
    answer = shorten(client, sender, longUrl=TARGET, name="spring", domain="other.example.com")
    assert (answer["responseCode"], answer["responseMessage"], answer["name"]) == (0, "Success", "spring")
    path = answer["shortUrl"].removeprefix("https://s.example.com")
    assert client.get(path, headers={"User-Agent": BROWSER}).headers["Location"] == TARGET


def test_a_shortened_url_is_never_sent(client: FlaskClient, sender: Sender) -> None:
    shorten(client, sender, longUrl=TARGET)
    message = stored()
    assert (message.recipient, message.sender, message.gateway, message.state) == (None, None, None, None)
    with db.read() as session:
        assert session.scalars(select(Sending)).all() == []


def test_a_url_without_a_name_is_named_by_its_time(client: FlaskClient, sender: Sender) -> None:
    name = shorten(client, sender, longUrl=TARGET)["name"]
    at = dt.datetime.strptime(name + "000", "Shorturl-%Y%m%d%H%M%S%f").replace(tzinfo=JAPAN)
    assert abs(at - stored().received_on) < dt.timedelta(milliseconds=1)


def test_a_url_is_shortened_whatever_the_account_tracks(client: FlaskClient) -> None:
    plain = make_account("plain", track_link=False, detection="smart")
    target = "https://shop.example.com/荷物?q=お知らせ"
    assert shorten(client, plain, longUrl=target)["shortUrl"].startswith("https://s.example.com/")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "100 Required longUrl."),
        ({"longUrl": "https://example.com/" + "x" * 2029}, "120 longUrl too long."),
        ({"longUrl": TARGET, "name": "x" * 257}, "120 name too long."),
        ({"longUrl": "https://"}, "110 Invalid longUrl."),
        ({"longUrl": "ftp://example.com/"}, "110 Invalid longUrl."),
        ({"longUrl": "https://s.example.com/0123456789"}, "110 Invalid longUrl."),
        ({"longUrl": "https://169.254.169.254/"}, "110 Invalid longUrl."),
        ({"longUrl": f"{TARGET} {TARGET}"}, "110 Invalid longUrl."),
        ({"longUrl": f"see {TARGET}"}, "110 Invalid longUrl."),
    ],
)
def test_what_is_no_url_is_refused(client: FlaskClient, sender: Sender, fields: dict[str, Any], expected: str) -> None:
    answer = shorten(client, sender, **fields)
    assert f"{answer['responseCode']} {answer['responseMessage']}" == expected
    with db.read() as session:
        assert session.scalars(select(Message)).all() == []
