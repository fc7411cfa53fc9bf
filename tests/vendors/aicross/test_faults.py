"""The vendor's errors: each code with its text, always with HTTP status 200."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shortener.storage import db
from shortener.storage.models import Message
from shortener.vendors.aicross import faults, times
from tests.support import database_faults
from tests.support.factories import Sender, disable_account, make_account

Call = Callable[..., dict[str, Any]]


def told(answer: dict[str, Any]) -> str:
    """The code and the text of an error, which has nothing else."""
    assert set(answer) == {"responseCode", "responseMessage"}
    return f"{answer['responseCode']} {answer['responseMessage']}"


def stored() -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def test_the_texts_are_the_vendors() -> None:
    assert faults.TEXTS == {
        100: "Required {}.",
        110: "Invalid {}.",
        120: "{} too long.",
        130: "Already send.",
        140: "Past {}.",
        300: "Exceed sending count.",
        400: "Duplicate client tag.",
        500: "System error.",
    }


@pytest.mark.parametrize("name", ["token", "clientId", "smsCode", "message", "phoneNumber"])
def test_each_required_field_is_named(send: Call, name: str) -> None:
    assert told(send(**{name: None})) == told(send(**{name: ""})) == f"100 Required {name}."
    assert stored() == 0


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"token": "x" * 32}, "110 Invalid token."),
        ({"token": "é\0"}, "110 Invalid token."),
        ({"smsCode": "abcde"}, "110 Invalid smsCode."),
        ({"smsCode": "1234567"}, "120 smsCode too long."),
        ({"message": "あ" * 661}, "120 message too long."),
        ({"message": "a\0b"}, "110 Invalid message."),
        ({"phoneNumber": "0312345678"}, "110 Invalid phoneNumber."),
        ({"carrierId": "102"}, "110 Invalid carrierId."),
        ({"clientTag": "x" * 201}, "120 clientTag too long."),
        ({"scheduleTime": "tomorrow"}, "110 Invalid scheduleTime."),
        ({"scheduleTime": "2020-01-01 12:00"}, "110 Invalid scheduleTime."),
        ({"scheduleTime": "2120-01-01 12:00"}, "110 Invalid scheduleTime."),
        ({"scheduleTime": "9999-12-31 23:59"}, "110 Invalid scheduleTime."),
        ({"groupTag": "x" * 201}, "120 groupTag too long."),
    ],
)
def test_a_wrong_field_is_named(send: Call, fields: dict[str, Any], expected: str) -> None:
    assert told(send(**fields)) == expected
    assert stored() == 0


def test_a_second_client_tag_is_a_duplicate(send: Call) -> None:
    assert send(clientTag="order-1")["responseCode"] == 0
    assert told(send(clientTag="order-1")) == "400 Duplicate client tag."
    assert stored() == 1


def test_the_monthly_limit_is_the_sending_count(send: Call, sender: Sender) -> None:
    limited = make_account("limited", monthly_limit=1)
    assert send(token=limited.token)["responseCode"] == 0
    assert told(send(token=limited.token)) == "300 Exceed sending count."


def test_quiet_hours_make_the_time_invalid(send: Call) -> None:
    """The vendor has no code of its own for them."""
    quiet = make_account("quiet", quiet_hours="00:00-23:59", quiet_mode="refuse")
    noon = times.written_minute(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))[:11] + "12:00"
    assert told(send(token=quiet.token, scheduleTime=noon)) == "110 Invalid scheduleTime."


def test_a_disabled_account_has_a_wrong_token(send: Call) -> None:
    disable_account()
    assert told(send()) == "110 Invalid token."


def test_what_the_gateway_cannot_use_is_named(client: FlaskClient, send: Call) -> None:
    other = make_account("other", gateway="none")
    assert send(token=other.token)["responseCode"] == 0
    missing = make_account("missing", gateway="kannel")
    assert told(send(token=missing.token)) == "500 System error."


def test_a_body_that_cannot_be_read_is_invalid(client: FlaskClient) -> None:
    for body, kind in ((b"{", "application/json"), (b"a=%FF", "application/x-www-form-urlencoded"), (b"x", "text/xml")):
        answer = client.post("/p5/api/mt.json", data=body, content_type=kind)
        assert (answer.status_code, told(answer.json)) == (200, "110 Invalid request."), kind


def test_a_query_that_cannot_be_read_is_invalid(client: FlaskClient, sender: Sender) -> None:
    answer = client.get(f"/p5/api/status.json?token={sender.token}&clientId=1&clientTag=%FF")
    assert (answer.status_code, told(answer.json)) == (200, "110 Invalid request.")


def test_an_overlong_body_is_too_long(client: FlaskClient, send: Call) -> None:
    assert told(send(message="x" * 1_000_000)) == "120 request too long."


def test_an_outage_is_a_system_error(send: Call, database_url: str) -> None:
    with database_faults.read_only(database_url):
        assert told(send()) == "500 System error."
    assert send()["responseCode"] == 0


def test_what_is_no_call_keeps_its_http_status(client: FlaskClient) -> None:
    for method, path, status in (
        ("GET", "/p5/api/nothing.json", 404),
        ("POST", "/p1/api/", 404),
        ("GET", "/p5/api/mt.json", 405),
        ("DELETE", "/p1/api/shortenurl.json", 405),
    ):
        answer = client.open(path, method=method)
        assert (answer.status_code, told(answer.json)) == (status, "500 System error."), path
