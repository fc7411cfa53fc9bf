"""Vonage's SMS API: what it takes, how it answers, and what it says about errors."""

import datetime as dt
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select

from shortener.accounts import signing_secrets
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Callback, Message
from shortener.vendors.vonage import signature
from tests.support import database_faults
from tests.support.factories import TARGET, TEXT, Sender, disable_account, make_account
from tests.support.json_values import json_values

SEND, CONVERSIONS = "/sms/json", "/conversions/sms"
MESSAGE = {"from": "Acme", "to": "447700900001", "text": TEXT}
HOOK = "https://crm.example.com/dlr"
Fields = Mapping[str, Any]


def send(client: FlaskClient, sender: Sender, **fields: Any) -> dict[str, Any]:
    """The entry of the answer to a form; `client_ref` is `client-ref`, and None leaves a field out."""
    named = {name.rstrip("_").replace("_", "-"): value for name, value in fields.items()}
    given_fields = {name: value for name, value in {**MESSAGE, **named}.items() if value is not None}
    return entry(client.post(SEND, data=given_fields, headers=sender.basic))


def entry(answer: Any, status: int = 200) -> dict[str, Any]:
    """The only entry of an answer."""
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert answer.json["message-count"] == "1"
    [found] = answer.json["messages"]
    assert isinstance(found, dict)
    return found


def number(answer: Any, status: int = 200) -> str:
    """The number of an error, which has a sentence."""
    found = entry(answer, status)
    assert set(found) == {"status", "error-text"} and found["error-text"]
    return str(found["status"])


def post_json(client: FlaskClient, sender: Sender | None, **fields: Any) -> Any:
    """Send JSON in ASCII, so that it may hold half a character."""
    body = json.dumps({**MESSAGE, **fields})
    return client.post(SEND, data=body, content_type="application/json", headers=sender.basic if sender else {})


def stored() -> int:
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def the_message() -> Message:
    with db.read() as session:
        return session.scalars(select(Message)).one()


def signed(sender: Sender, **fields: Any) -> dict[str, Any]:
    given_fields = {**MESSAGE, "api_key": sender.sid, "timestamp": str(int(time.time())), **fields}
    return {**given_fields, "sig": signature.sign(given_fields, sender.signing_secret)}


# What it takes


def test_a_form_is_rewritten_and_answered(client: FlaskClient, sender: Sender) -> None:
    found = send(client, sender)
    assert found.pop("shortlink").startswith("https://s.example.com/")
    assert found.pop("text") != TEXT and len(found.pop("message-id")) == 32
    assert found == {
        "to": "447700900001",
        "status": "0",
        "remaining-balance": "0",
        "message-price": "0",
        "network": "00000",
    }


def test_json_and_a_query_are_taken_too(client: FlaskClient, sender: Sender) -> None:
    as_json = entry(client.post(SEND, json=MESSAGE, headers=sender.basic))
    as_query = entry(client.get(SEND, query_string=MESSAGE, headers=sender.basic))
    as_parts = entry(client.post(SEND, data=MESSAGE, headers=sender.basic, content_type="multipart/form-data"))
    for found in (as_json, as_query, as_parts):
        assert (found["status"], found["text"]) == ("0", TEXT.replace(TARGET, found["shortlink"]))
    assert stored() == 3


def test_the_message_has_our_fields(client: FlaskClient, sender: Sender) -> None:
    found = send(client, sender, callback=HOOK, client_ref="campaign-7", account_ref="unit-1")
    message = the_message()
    assert (message.msgid, message.face, message.sender) == (found["message-id"], "vonage", "Acme")
    assert (message.recipient, message.receipts_url) == ("+447700900001", HOOK)
    assert message.vendor_fields == {"client-ref": "campaign-7", "account-ref": "unit-1"}


def test_a_text_without_link_has_no_shortlink(client: FlaskClient, sender: Sender) -> None:
    found = send(client, sender, text="こんにちは", type="unicode")
    assert (found["text"], found["shortlink"]) == ("こんにちは", None)


def test_references_are_given_back_whole(client: FlaskClient, sender: Sender) -> None:
    for _ in range(2):  # a reference may repeat
        found = send(client, sender, client_ref="ü" * 100, account_ref="unit 1")
        assert (found["client-ref"], found["account-ref"]) == ("ü" * 100, "unit 1")
    as_json = entry(client.post(SEND, json={**MESSAGE, "client-ref": 7}, headers=sender.basic))
    assert as_json["client-ref"] == "7"


def test_options_for_carriers_are_passed_over(client: FlaskClient, sender: Sender) -> None:
    options = {"message-class": "1", "protocol-id": "127", "entity-id": "x", "content-id": "y"}
    more = {"trusted-number": "True", "vcard": "v", "validity": "1", "udh": "", "whatever": "w"}
    assert send(client, sender, **{**options, **more})["status"] == "0"


def test_numbers_of_json_are_text(client: FlaskClient, sender: Sender) -> None:
    fields = {"from": 447700900000, "to": 447700900001, "text": TEXT, "ttl": 20000, "status-report-req": False}
    assert entry(client.post(SEND, json=fields, headers=sender.basic))["to"] == "447700900001"
    assert the_message().sender == "447700900000"


@pytest.mark.parametrize("key", ["client_ref", "client-ref"])
def test_unset_fields_of_json_are_passed_over(client: FlaskClient, sender: Sender, key: str) -> None:
    found = entry(client.post(SEND, json={**MESSAGE, key: None, "ttl": None, "callback": ""}, headers=sender.basic))
    assert "client-ref" not in found


# Who may


def test_credentials_may_be_fields(client: FlaskClient, sender: Sender) -> None:
    secret = {"api_key": sender.sid, "api_secret": sender.token}
    assert entry(client.post(SEND, data={**MESSAGE, **secret}))["status"] == "0"
    assert entry(client.post(SEND, json={**MESSAGE, **secret}))["status"] == "0"
    assert entry(client.get(SEND, query_string={**MESSAGE, **secret}))["status"] == "0"
    assert entry(client.post(SEND, data=MESSAGE, query_string=secret))["status"] == "0"


@pytest.mark.parametrize("digest", ["md5", "sha1", "sha256", "sha512"])
def test_a_signature_may_replace_the_secret(client: FlaskClient, sender: Sender, digest: str) -> None:
    fields = {**MESSAGE, "api_key": sender.sid, "timestamp": str(int(time.time()))}
    fields["sig"] = signature.sign(fields, sender.signing_secret, digest)
    assert entry(client.post(SEND, data=fields))["status"] == "0"
    assert entry(client.post(SEND, json=fields))["status"] == "0"
    assert entry(client.get(SEND, query_string=fields))["status"] == "0"


def test_basic_decides_beside_a_signature(client: FlaskClient, sender: Sender) -> None:
    """The vendor's Python client has an option `sig`, and keeps a header of earlier calls."""
    assert send(client, sender, sig="0" * 32)["status"] == "0"


def test_wrong_credentials_are_4(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    for key, secret in ((sender.sid, "wrong"), ("wrong", sender.token), (sender.sid, other_sender.token)):
        assert number(client.post(SEND, data={**MESSAGE, "api_key": key, "api_secret": secret})) == "4"
    assert number(post_json(client, None, api_key="\ud800", api_secret="é")) == "4"
    assert number(post_json(client, None, api_key={}, api_secret=[1])) in {"2", "4"}
    for header in ("Basic", "Basic x", "Bearer", "Bearer wrong", "Digest x", "Basic Og=="):
        assert number(client.post(SEND, data=MESSAGE, headers={"Authorization": header})) == "4"
    assert stored() == 0


def test_missing_credentials_are_2(client: FlaskClient, sender: Sender) -> None:
    for fields in ({}, {"api_key": sender.sid}, {"api_secret": sender.token}, {"sig": "0" * 64}):
        assert number(client.post(SEND, data={**MESSAGE, **fields})) == "2"


def test_a_wrong_signature_is_14(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    assert number(client.post(SEND, data={**signed(sender), "text": "another"})) == "14"
    assert number(client.post(SEND, data={**signed(other_sender), "api_key": sender.sid})) == "14"
    assert number(client.post(SEND, data={**signed(sender), "sig": "0" * 64})) == "14"
    assert stored() == 0


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_signature_is_14(client: FlaskClient, sender: Sender, minutes: int) -> None:
    assert number(client.post(SEND, data=signed(sender, timestamp=str(int(time.time()) + 60 * minutes)))) == "14"
    fields = {**MESSAGE, "api_key": sender.sid}
    assert number(client.post(SEND, data={**fields, "sig": signature.sign(fields, sender.signing_secret)})) == "14"
    almost = str(int(time.time()) + 60 * minutes * 4 // 5)
    assert entry(client.post(SEND, data=signed(sender, timestamp=almost)))["status"] == "0"


def test_the_former_secret_signs_for_a_while(client: FlaskClient, sender: Sender, services: Services) -> None:
    with db.write() as session:
        now, keys = db.now(session), services.settings.secret_keys
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        newest, _ = signing_secrets.rotate(session, account.id, secret_keys=keys, now=now)
    for secret in (sender.signing_secret, newest):
        assert entry(client.post(SEND, data=signed(replace(sender, signing_secret=secret))))["status"] == "0"


def test_secret_and_signature_together_are_32(client: FlaskClient, sender: Sender) -> None:
    assert number(client.post(SEND, data={**signed(sender), "api_secret": sender.token})) == "32"


def test_a_disabled_account_is_8(client: FlaskClient, sender: Sender) -> None:
    disable_account(sender.name)
    secret = {"api_key": sender.sid, "api_secret": sender.token}
    assert number(client.post(SEND, data={**MESSAGE, **secret})) == "8"
    assert number(client.post(SEND, data=MESSAGE, headers=sender.basic)) == "8"
    assert number(client.post(SEND, data=signed(sender))) == "8"
    assert number(client.post(SEND, data={**signed(sender), "sig": "0" * 64})) == "14"


def test_a_signature_with_an_unknown_key_is_14(client: FlaskClient, sender: Sender) -> None:
    assert number(client.post(SEND, data={**signed(sender), "api_key": "x" * 32})) == "14"


# What is wrong


@pytest.mark.parametrize("name", ["to", "from", "text"])
def test_a_missing_field_is_2(client: FlaskClient, sender: Sender, name: str) -> None:
    for value in (None, ""):
        given_fields = {name: value for name, value in {**MESSAGE, name: value}.items() if value is not None}
        answer = client.post(SEND, data=given_fields, headers=sender.basic)
        assert number(answer) == "2" and name in answer.json["messages"][0]["error-text"]
        assert number(client.post(SEND, json={**MESSAGE, name: value}, headers=sender.basic)) == "2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("to", value) for value in ("+447700900001", "123456", "1" * 16, "4477 00900001", "x", "٤٤٧٧٠٠٩٠٠")],
        *[("type", value) for value in ("binary", "wappush", "vcard", "TEXT")],
        *[("ttl", value) for value in ("19999", "604800001", "x", "1.5", "9" * 400, "-20000")],
        *[("status-report-req", value) for value in ("perhaps", "2")],
        *[("client-ref", value) for value in ("x" * 101, "a\0")],
        ("account-ref", "x" * 101),
        ("text", "a\0b"),
    ],
)
def test_a_wrong_field_is_3(client: FlaskClient, sender: Sender, name: str, value: str) -> None:
    answer = client.post(SEND, data={**MESSAGE, name: value}, headers=sender.basic)
    assert number(answer) == "3" and answer.json["messages"][0]["error-text"].startswith(f"{name}: ")
    assert stored() == 0


def test_a_field_that_repeats_is_3(client: FlaskClient, sender: Sender) -> None:
    form = "to=447700900001&to=447700900002&from=Acme&text=a"
    kind = "application/x-www-form-urlencoded"
    assert number(client.post(SEND, data=form, content_type=kind, headers=sender.basic)) == "3"
    assert number(client.get(f"{SEND}?{form}", headers=sender.basic)) == "3"


def test_lone_surrogates_are_3(client: FlaskClient, sender: Sender) -> None:
    for name in ("to", "from", "text", "client-ref", "callback", "type", "ttl"):
        assert number(post_json(client, sender, **{name: "\ud800"})) in {"3", "23", "15"}, name


@pytest.mark.parametrize("value", [["Acme"], ["Acme", "Shop"], {"a": 1}, True])
def test_a_sender_that_is_no_text_is_3(client: FlaskClient, sender: Sender, value: Any) -> None:
    answer = post_json(client, sender, **{"from": value})
    sentence = "from: must be one value, given once" if isinstance(value, list) else "from: must be text"
    assert (number(answer), answer.json["messages"][0]["error-text"]) == ("3", sentence)


def test_too_long_a_text_is_12(client: FlaskClient, sender: Sender) -> None:
    assert entry(client.post(SEND, data={**MESSAGE, "text": "x" * 10_000}, headers=sender.basic))["status"] == "0"
    assert number(client.post(SEND, data={**MESSAGE, "text": "x" * 10_001}, headers=sender.basic)) == "12"
    for body in ("x" * 600_000, "あ" * 200_000):
        assert number(client.post(SEND, data={**MESSAGE, "text": body}, headers=sender.basic)) == "12"
        assert number(client.post(SEND, json={**MESSAGE, "text": body}, headers=sender.basic)) == "12"


@pytest.mark.parametrize("url", ["http://10.0.0.1/dlr", "http://169.254.169.254/", "ftp://crm.example.com/", "x"])
def test_a_refused_callback_is_23(client: FlaskClient, sender: Sender, url: str) -> None:
    assert number(client.post(SEND, data={**MESSAGE, "callback": url}, headers=sender.basic)) == "23"


def test_over_the_monthly_limit_is_9(client: FlaskClient) -> None:
    sender = make_account("limited", monthly_limit=1)
    assert send(client, sender)["status"] == "0"
    assert number(client.post(SEND, data=MESSAGE, headers=sender.basic)) == "9"


def test_quiet_hours_are_1(client: FlaskClient) -> None:
    now, hour = dt.datetime.now(dt.UTC), dt.timedelta(hours=1)
    sender = make_account("quiet", quiet_hours=f"{now - hour:%H:%M}-{now + hour:%H:%M}")
    assert number(client.post(SEND, data=MESSAGE, headers=sender.basic)) == "1"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"to": NaN}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b"text=%FF", "application/x-www-form-urlencoded"),
        (b'{"to": "1"}', "application/x-www-form-urlencoded"),
        (b"<to>1</to>", "application/xml"),
        (b"x", "multipart/form-data"),
    ],
)
def test_an_unreadable_body_is_3(client: FlaskClient, sender: Sender, body: bytes, kind: str) -> None:
    answer = client.post(SEND, data=body, content_type=kind, headers=sender.basic)
    assert number(answer) in {"2", "3"}
    assert number(client.post(SEND, data=body, content_type=kind)) in {"2", "3"}


def test_a_deep_value_is_3_or_14(client: FlaskClient, sender: Sender) -> None:
    """The text that is signed has its values as texts, which Python cannot write of every depth that it reads."""
    rest = json.dumps(MESSAGE | {"api_key": sender.sid, "timestamp": "1", "sig": "0" * 64})[1:]
    for depth in (50, *range(800, 1000)):
        body = f'{{"other": {"[" * depth}{"]" * depth}, {rest}'
        assert number(client.post(SEND, data=body, content_type="application/json")) in {"3", "14"}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_wrong_method_is_3(client: FlaskClient, sender: Sender, method: str) -> None:
    assert number(client.open(SEND, method=method, headers=sender.basic)) == "3"
    assert number(client.open(f"{SEND}/x", method=method, headers=sender.basic)) == "3"


def test_head_and_options_send_nothing(client: FlaskClient, sender: Sender) -> None:
    for method in ("HEAD", "OPTIONS"):
        answer = client.open(SEND, method=method, query_string=MESSAGE, headers=sender.basic)
        assert (answer.status_code, answer.data) == (200, b"")
    assert stored() == 0


def test_an_outage_is_5_and_503(client: FlaskClient, sender: Sender, database_url: str) -> None:
    with database_faults.read_only(database_url):
        answer = client.post(SEND, data=MESSAGE, headers=sender.basic)
    assert number(answer, 503) == "5" and answer.headers["Retry-After"]
    assert send(client, sender)["status"] == "0"


@given(json_values())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_gets_an_answer(client: FlaskClient, sender: Sender, value: Any) -> None:
    for name in ("to", "from", "text", "type", "ttl", "callback", "status-report-req", "client-ref"):
        assert entry(post_json(client, sender, **{name: value}))["status"]


def test_a_query_that_is_no_utf8_is_3(client: FlaskClient, sender: Sender) -> None:
    for text in ("%FF", "%ED%A0%80", "a%"):
        answer = client.get(f"{SEND}?to=447700900001&from=Acme&text={text}", headers=sender.basic)
        assert entry(answer)["status"] == ("0" if text == "a%" else "3")


# Conversions


def test_a_conversion_gets_an_empty_200(client: FlaskClient, sender: Sender) -> None:
    fields = {"message-id": "k3" * 16, "delivered": "True", "timestamp": "2026-11-28 12:10:29"}
    for answer in (
        client.post(CONVERSIONS, data=fields, headers=sender.basic),
        client.post(CONVERSIONS, json={**fields, "delivered": False}, headers=sender.basic),
        client.post(CONVERSIONS, query_string={**fields, "api_key": sender.sid, "api_secret": sender.token}),
        client.post(CONVERSIONS, data={"message-id": "x"}, headers=sender.basic),
    ):
        assert (answer.status_code, answer.data) == (200, b"")


def test_an_old_conversion_may_be_signed(client: FlaskClient, sender: Sender) -> None:
    fields = {"message-id": "x", "delivered": "True", "timestamp": "2026-01-01 12:10:29", "api_key": sender.sid}
    answer = client.post(CONVERSIONS, data={**fields, "sig": signature.sign(fields, sender.signing_secret, "md5")})
    assert answer.status_code == 200


def test_a_wrong_conversion_is_420(client: FlaskClient, sender: Sender) -> None:
    for fields in (
        {},
        {"message-id": ""},
        {"message-id": "x", "delivered": "perhaps"},
        {"message-id": "x", "timestamp": "yesterday"},
        {"message-id": "x" * 201},
    ):
        answer = client.post(CONVERSIONS, data=fields, headers=sender.basic)
        assert (answer.status_code, answer.data) == (420, b""), fields
    answer = client.post(CONVERSIONS, data=b"{", content_type="application/json", headers=sender.basic)
    assert (answer.status_code, answer.data) == (420, b"")


def test_conversions_have_statuses_of_http(client: FlaskClient, sender: Sender) -> None:
    assert client.post(CONVERSIONS, data={"message-id": "x"}).status_code == 401
    assert client.get(CONVERSIONS, headers=sender.basic).status_code == 405
    assert client.post("/conversions/voice", headers=sender.basic).status_code == 404
    disable_account(sender.name)
    assert client.post(CONVERSIONS, data={"message-id": "x"}, headers=sender.basic).status_code == 401


# Receipts


def test_a_callback_url_gets_the_states(client: FlaskClient, sender: Sender) -> None:
    for report, told in ((None, 1), ("True", 1), ("true", 1), ("1", 1), ("False", 0), ("false", 0), ("0", 0)):
        found = send(client, sender, callback=HOOK, status_report_req=report)
        receipt = {"messageId": found["message-id"], "status": "delivered"}
        assert client.post("/v1/receipts/vonage", json=receipt, headers=sender.basic).status_code == 200
        with db.read() as session:
            query = select(func.count()).select_from(Callback).join(Message, Callback.message_id == Message.id)
            assert session.scalar(query.where(Message.msgid == found["message-id"])) == told, report


def test_only_the_vendors_states_are_told(client: FlaskClient, sender: Sender) -> None:
    send(client, sender, callback=HOOK)
    assert set(the_message().told_states or ()) == {
        *("buffered", "accepted", "unknown", "expired"),
        *("failed", "rejected", "delivered"),
    }
