"""Signed requests, and those that are not signed as they should be."""

import datetime as dt
from typing import Any

import pytest
from flask.testing import FlaskClient

from shortener.accounts import senders, signing_secrets
from shortener.storage import db
from shortener.vendors.sens.signature import ACCESS_KEY, SIGNATURE, TIMESTAMP
from tests.conftest import SECRET_KEY
from tests.support import sens
from tests.support.factories import Sender, disable_account

LIST = f"{sens.SMS}?requestId=a"
HOUR = dt.timedelta(hours=1)


def asked(client: FlaskClient, headers: dict[str, str], target: str = LIST, **more: Any) -> tuple[int, Any]:
    answer = client.get(target, headers=headers, **more)
    return answer.status_code, answer.json


def refusal_of(answer: tuple[int, Any]) -> str:
    """The details of a refusal, which has the vendor's form."""
    status, document = answer
    assert status == 401
    assert list(document) == ["error"]
    assert (document["error"]["errorCode"], document["error"]["message"]) == ("200", "Authentication Failed")
    details: str = document["error"]["details"]
    return details


def rotated(now: dt.datetime) -> str:
    with db.write() as session:
        account = senders.named(session, "shop")
        return signing_secrets.rotate(session, account.id, secret_keys=(SECRET_KEY,), now=now)[0]


def test_a_signed_request_is_answered(client: FlaskClient, sender: Sender) -> None:
    assert asked(client, sens.headers(sender, "GET", LIST))[0] == 200


@pytest.mark.parametrize("name", [TIMESTAMP, ACCESS_KEY, SIGNATURE])
def test_each_of_the_headers_is_needed(client: FlaskClient, sender: Sender, name: str) -> None:
    headers = {key: value for key, value in sens.headers(sender, "GET", LIST).items() if key != name}
    assert refusal_of(asked(client, headers)).startswith("Send the headers")


@pytest.mark.parametrize("late", [301, -301, 10**12])
def test_more_than_five_minutes_off_is_refused(client: FlaskClient, sender: Sender, late: float) -> None:
    assert "five minutes" in refusal_of(asked(client, sens.headers(sender, "GET", LIST, late=late)))
    assert asked(client, sens.headers(sender, "GET", LIST, late=290))[0] == 200


@pytest.mark.parametrize("timestamp", ["x", "1e12", "-1", "１７６４４２５６９６０００", "9" * 5000, "1764425696.0"])
def test_what_is_no_timestamp_is_refused(client: FlaskClient, sender: Sender, timestamp: str) -> None:
    headers = {**sens.headers(sender, "GET", LIST), TIMESTAMP: timestamp.encode().decode("latin-1")}
    assert "five minutes" in refusal_of(asked(client, headers))


@pytest.mark.parametrize(
    "changes",
    [{ACCESS_KEY: "x" * 32}, {ACCESS_KEY: "é"}, {SIGNATURE: "x"}, {SIGNATURE: "é"}, {ACCESS_KEY: "' OR 1=1"}],
)
def test_wrong_keys_and_signatures_are_refused(client: FlaskClient, sender: Sender, changes: dict[str, str]) -> None:
    refusal_of(asked(client, sens.headers(sender, "GET", LIST) | changes))


def test_the_signature_covers_method_and_query(client: FlaskClient, sender: Sender) -> None:
    refusal_of(asked(client, sens.headers(sender, "POST", LIST)))
    refusal_of(asked(client, sens.headers(sender, "GET", sens.SMS)))
    refusal_of(asked(client, sens.headers(sender, "GET", f"{LIST}&x=1")))


def test_neither_token_nor_basic_open_anything(client: FlaskClient, sender: Sender) -> None:
    refusal_of(asked(client, sens.headers(sender, "GET", LIST, secret=sender.token)))
    refusal_of(asked(client, sender.basic))
    refusal_of(asked(client, sender.bearer))


def test_both_secrets_are_valid_after_a_rotation(client: FlaskClient, sender: Sender) -> None:
    newest = rotated(dt.datetime.now(dt.UTC))
    assert asked(client, sens.headers(sender, "GET", LIST, secret=newest))[0] == 200
    assert asked(client, sens.headers(sender, "GET", LIST))[0] == 200


def test_an_expired_secret_is_refused(client: FlaskClient, sender: Sender) -> None:
    newest = rotated(dt.datetime.now(dt.UTC) - 25 * HOUR)
    refusal_of(asked(client, sens.headers(sender, "GET", LIST)))
    assert asked(client, sens.headers(sender, "GET", LIST, secret=newest))[0] == 200


def test_a_disabled_account_is_refused(client: FlaskClient, sender: Sender) -> None:
    disable_account()
    assert "disabled" in refusal_of(asked(client, sens.headers(sender, "GET", LIST)))
    forged = refusal_of(asked(client, sens.headers(sender, "GET", LIST, secret="whsec_other")))
    unknown = {**sens.headers(sender, "GET", LIST), ACCESS_KEY: "unknown"}
    assert forged == refusal_of(asked(client, unknown)) and "disabled" not in forged


@pytest.mark.parametrize(
    "target",
    [
        "/sms/v2/services/ncp%3Asms%3Akr%3A123%3Ashop/messages?requestId=a%20b&x=%EC%95%88",
        "/sms/v2/services/ncp:sms:kr:123:shop/messages/?requestId=%7E",
        "/sms/v2/services/%EC%95%88/messages?requestId=a+b",
        "/sms/v2/services/~a!b/messages?requestId=a&requestId=b",
    ],
)
def test_the_target_is_signed_as_it_is_sent(client: FlaskClient, sender: Sender, target: str) -> None:
    assert asked(client, sens.headers(sender, "GET", target), target)[0] in (200, 400)


@pytest.mark.parametrize("written", [sens.SMS, sens.SMS.replace(":", "%3A")])
def test_a_proxy_may_write_the_path_anew(client: FlaskClient, sender: Sender, written: str) -> None:
    """Some servers do not say how the target arrived, and some proxies change how it is written."""
    headers = sens.headers(sender, "GET", f"{written}?requestId=a")
    for raw in ("", sens.SMS.replace(":", "%3a") + "?requestId=a"):
        overrides = {"RAW_URI": raw, "REQUEST_URI": raw}
        assert asked(client, headers, environ_overrides=overrides)[0] == 200


def test_a_target_may_have_scheme_and_host(client: FlaskClient, sender: Sender) -> None:
    raw = f"http://s.example.com{sens.SMS.replace('shop', '%73hop')}?requestId=a"
    headers = sens.headers(sender, "GET", raw.removeprefix("http://s.example.com"))
    assert asked(client, headers, environ_overrides={"RAW_URI": raw, "REQUEST_URI": raw})[0] == 200
