"""The vendor's wire format, field by field, and whatever else may be sent."""

import base64
import datetime as dt
import json
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from shortener.errors import InvalidFieldsError
from shortener.receipts.advance import News, advance
from shortener.reporting import face_messages, face_search
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db, models
from shortener.storage.models import Message
from shortener.vendors.twilio import new_message, refusals
from shortener.web import message_reports
from tests.support.factories import NOW, TARGET, TEXT, Sender, disable_account, make_account, make_message

FIELDS = {"To": "+15558675310", "From": "+15017122661", "Body": TEXT}
SERVICE = "MG" + "0a" * 16


def path(sender: Sender, rest: str = ".json") -> str:
    return f"/2010-04-01/Accounts/AC{sender.sid}/Messages{rest}"


def send(client: FlaskClient, sender: Sender, **changes: Any) -> TestResponse:
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    return client.post(path(sender), data=fields, headers=sender.basic)


def sid_of(client: FlaskClient, sender: Sender) -> str:
    found: str = send(client, sender).get_json()["sid"]
    return found


def code_of(answer: TestResponse) -> tuple[int, int]:
    problem = answer.get_json()
    assert set(problem) == {"code", "message", "more_info", "status"}
    assert problem["status"] == answer.status_code and problem["more_info"].endswith(str(problem["code"]))
    return answer.status_code, problem["code"]


def test_a_message_is_answered_in_full(client: FlaskClient, sender: Sender) -> None:
    answer = send(client, sender, MessagingServiceSid=SERVICE)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    found = answer.get_json()
    shortlink = found["shortlink"]
    account, sid = f"AC{sender.sid}", found["sid"]
    assert found.pop("date_created").endswith(" +0000") and found.pop("date_updated").endswith(" +0000")
    assert found == {
        "sid": sid,
        "account_sid": account,
        "messaging_service_sid": SERVICE,
        "body": TEXT.replace(TARGET, shortlink),
        "from": "+15017122661",
        "to": "+15558675310",
        "status": "accepted",
        "direction": "outbound-api",
        "date_sent": None,
        "num_segments": "1",
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
        "subresource_uris": {},
        "text": found["body"],
        "shortlink": shortlink,
    }


def test_json_is_taken_like_a_form(client: FlaskClient, sender: Sender) -> None:
    given = {**FIELDS, "ShortenUrls": False, "ValidityPeriod": 60, "Unknown": {"a": [1]}}
    answer = client.post(path(sender), json=given, headers=sender.basic)
    assert (answer.status_code, answer.get_json()["body"], answer.get_json()["shortlink"]) == (201, TEXT, None)


@pytest.mark.parametrize("to", ["+1 (555) 867-5310", "15558675310", " 15558675310"])
def test_numbers_are_written_in_one_form(client: FlaskClient, sender: Sender, to: str) -> None:
    assert send(client, sender, To=to).get_json()["to"] == "+15558675310"
    assert len(client.get(path(sender), query_string={"To": to}, headers=sender.basic).get_json()["messages"]) == 1


def test_a_repeated_key_sends_once(client: FlaskClient, sender: Sender) -> None:
    headers = {**sender.basic, "Idempotency-Key": "a"}
    first, second = (client.post(path(sender), data=FIELDS, headers=headers).get_json() for _ in range(2))
    assert first == second
    other = client.post(path(sender), data={**FIELDS, "Body": "Other"}, headers=headers)
    assert code_of(other) == (400, 20422)


def repeat(client: FlaskClient, sender: Sender, **changes: Any) -> TestResponse:
    headers = {**sender.basic, "Idempotency-Key": "a"}
    return client.post(path(sender), data=FIELDS | changes, headers=headers)


def test_a_key_outlives_the_time_to_send(client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    soon = {"ScheduleType": "fixed", "SendAt": "2026-11-22T10:00:00Z"}
    monkeypatch.setattr(message_reports, "now", lambda: NOW)
    monkeypatch.setattr(db, "now", lambda session: NOW)
    first = repeat(client, sender, **soon)
    assert first.status_code == 201
    monkeypatch.setattr(message_reports, "now", lambda: NOW + dt.timedelta(days=1))
    monkeypatch.setattr(db, "now", lambda session: NOW + dt.timedelta(days=1))
    assert repeat(client, sender, **soon).get_json()["sid"] == first.get_json()["sid"]
    assert code_of(send(client, sender, **soon)) == (400, 35114)


def test_a_key_outlives_the_accounts_settings(client: FlaskClient, sender: Sender) -> None:
    first = repeat(client, sender)
    config(client, sender, CallbackUrl="https://crm.example.com/a")
    assert repeat(client, sender).get_json() == first.get_json()


def test_a_key_of_a_deleted_message_is_refused(client: FlaskClient, sender: Sender) -> None:
    sid = repeat(client, sender).get_json()["sid"]
    assert client.delete(path(sender, f"/{sid}.json"), headers=sender.basic).status_code == 204
    answer = repeat(client, sender)
    assert code_of(answer) == (404, 20404)
    assert answer.get_json()["message"] == "The message that this Idempotency-Key sent is deleted"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": None}, 21604),
        ({"To": ""}, 21604),
        ({"To": "12"}, 21211),
        ({"To": "whatsapp:+15558675310"}, 21211),
        ({"From": None}, 21603),
        ({"Body": None}, 21602),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1_601}, 21617),
        ({"Body": "a\0b"}, 21617),
        ({"Body": None, "MediaUrl": "https://shop.example.com/a.png"}, 21620),
        ({"Body": None, "ContentSid": "HX" + "0" * 32}, 21655),
        ({"MessagingServiceSid": "MG1"}, 21701),
        ({"StatusCallback": "http://169.254.169.254/"}, 21609),
        ({"StatusCallback": "soon"}, 21609),
        ({"ValidityPeriod": "36001"}, 21624),
        ({"ValidityPeriod": "0"}, 21624),
        ({"ValidityPeriod": "1e3"}, 21624),
        ({"ScheduleType": "fixed"}, 35111),
        ({"ScheduleType": "loose", "SendAt": "2026-12-31T00:00:00Z"}, 35126),
        ({"SendAt": "2026-12-31T00:00:00Z"}, 35126),
        ({"SendAt": "2020-01-01T00:00:00Z", "ScheduleType": "fixed"}, 35114),
        ({"SendAt": "9999-12-31T23:59:59Z", "ScheduleType": "fixed"}, 35114),
        ({"SendAt": "2999-12-31T23:59:59Z", "ScheduleType": "fixed"}, 35114),
        ({"SendAt": "soon", "ScheduleType": "fixed"}, 35114),
        ({"ShortenUrls": "perhaps"}, 20422),
    ],
)
def test_a_wrong_field_has_the_vendors_code(
    client: FlaskClient, sender: Sender, changes: dict[str, Any], code: int
) -> None:
    assert code_of(send(client, sender, **changes)) == (400, code)


def test_too_long_a_body_is_counted_in_characters(client: FlaskClient, sender: Sender) -> None:
    assert send(client, sender, Body="x" * 1_601).json["message"] == "Body must be at most 1600 characters"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"To": "12"}, "To is not a valid phone number: give it in E.164, such as +15558675310"),
        ({"MessagingServiceSid": "MG1"}, "MessagingServiceSid must be MG and 32 letters or digits"),
        ({"ValidityPeriod": "soon"}, "ValidityPeriod must be a whole number"),
    ],
)
def test_a_wrong_field_is_told_in_words(
    client: FlaskClient, sender: Sender, changes: dict[str, Any], words: str
) -> None:
    assert send(client, sender, **changes).get_json()["message"] == words


@pytest.mark.parametrize(
    ("ours", "shown"),
    [
        ("sender", "From"),
        ("recipient", "To"),
        ("send_on", "SendAt"),
        ("gateway", "The gateway of the account"),
        ("cursor", "PageToken"),
    ],
)
def test_our_names_become_the_vendors(app: Flask, ours: str, shown: str) -> None:
    with app.test_request_context():
        answer = refusals.refuse(InvalidFieldsError({ours: ["is wrong"]}))
    assert answer.get_json()["message"] == f"{shown} is wrong"


@pytest.mark.parametrize("name", [*FIELDS, "MessagingServiceSid", "StatusCallback", "SendAt", "ScheduleType", "More"])
def test_odd_values_are_taken_or_refused(client: FlaskClient, sender: Sender, name: str) -> None:
    for value in (5, 10**30, True, [], ["a", 1], {"a": 1}, "a\0b", "\ud800", "x" * 3_000):
        body = json.dumps({**FIELDS, name: value})
        answer = client.post(path(sender), data=body, content_type="application/json", headers=sender.basic)
        assert answer.status_code in (201, 400), (value, answer.get_json())


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"null", b"[" * 100_000, b'{"To": NaN}', b'{"Body": "\xff"}', b'{"Body": "\xed\xa0\x80"}']
)
def test_broken_json_is_refused(client: FlaskClient, sender: Sender, body: bytes) -> None:
    answer = client.post(path(sender), data=body, content_type="application/json", headers=sender.basic)
    assert code_of(answer) == (400, 20400)


def test_other_bodies_are_refused(client: FlaskClient, sender: Sender) -> None:
    def post(data: bytes, kind: str) -> tuple[int, int]:
        return code_of(client.post(path(sender), data=data, content_type=kind, headers=sender.basic))

    assert post(b"To=%FF", "application/x-www-form-urlencoded") == (400, 20400)
    assert post(b"<a/>", "text/xml") == (415, 20415)
    assert post(b"x" * 1_000_000, "application/x-www-form-urlencoded") == (413, 20413)
    assert code_of(client.post(path(sender), headers=sender.basic)) == (400, 21604)


@pytest.mark.parametrize(
    "credentials",
    [None, "", "Basic", "Basic !!!", "Digest x", "Bearer x", "Basic " + base64.b64encode(b"AC:b").decode()],
)
def test_wrong_credentials_are_refused(client: FlaskClient, sender: Sender, credentials: str | None) -> None:
    headers = {} if credentials is None else {"Authorization": credentials}
    assert code_of(client.post(path(sender), data=FIELDS, headers=headers)) == (401, 20003)


def test_a_disabled_account_is_refused(client: FlaskClient, sender: Sender) -> None:
    disable_account()
    assert code_of(send(client, sender)) == (401, 20003)


def test_only_ones_own_paths_are_open(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    sid = sid_of(client, sender)
    for method, other in (("GET", ".json"), ("POST", ".json"), ("GET", f"/{sid}.json"), ("DELETE", f"/{sid}.json")):
        answer = client.open(path(sender, other), method=method, data=FIELDS, headers=other_sender.basic)
        assert code_of(answer) == (404, 20404)
        answer = client.open(path(other_sender, other), method=method, data=FIELDS, headers=sender.basic)
        assert code_of(answer) == (404, 20404)


@pytest.mark.parametrize("name", ["SM" + "a" * 32, "SM", "%00", "%FF", "SM" + "a" * 3_000, "SM%F0%9F%98%80"])
def test_an_unknown_message_is_not_found(client: FlaskClient, sender: Sender, name: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert code_of(client.open(path(sender, f"/{name}.json"), method=method, headers=sender.basic)) == (404, 20404)


def test_no_client_tag_names_a_message(client: FlaskClient, sender: Sender) -> None:
    made = make_message(sender, client_tag="a" * 32)
    assert code_of(client.get(path(sender, f"/SM{'a' * 32}.json"), headers=sender.basic)) == (404, 20404)
    assert client.get(path(sender, f"/SM{made.message.msgid}.json"), headers=sender.basic).status_code == 200


@pytest.mark.parametrize(
    ("method", "rest", "expected"),
    [
        ("PUT", ".json", (405, 20004)),
        ("PATCH", "/SM.json", (405, 20004)),
        ("GET", "/SM/Media.json", (404, 20404)),
        ("GET", ".xml", (404, 20404)),
    ],
)
def test_no_path_has_our_own_errors(
    client: FlaskClient, sender: Sender, method: str, rest: str, expected: tuple[int, int]
) -> None:
    assert code_of(client.open(path(sender, rest), method=method, headers=sender.basic)) == expected


def test_head_and_options_answer(client: FlaskClient, sender: Sender) -> None:
    assert client.head(path(sender), headers=sender.basic).status_code == 200
    assert client.options(path(sender)).status_code == 200


def test_the_monthly_limit_is_told(client: FlaskClient, database_kind: str) -> None:
    limited = make_account("limited", monthly_limit=1)
    assert send(client, limited).status_code == 201
    answer = send(client, limited)
    assert code_of(answer) == (429, 20429)
    assert int(answer.headers["Retry-After"]) > 0


# Update


@pytest.mark.parametrize("given", [{"Body": "Other"}, {"Status": "sent"}, {"Body": "x", "Status": "canceled"}])
def test_other_updates_are_refused(client: FlaskClient, sender: Sender, given: dict[str, str]) -> None:
    answer = client.post(path(sender, f"/{sid_of(client, sender)}.json"), data=given, headers=sender.basic)
    assert code_of(answer) == (400, 20422)


def test_an_empty_update_changes_nothing(client: FlaskClient, sender: Sender) -> None:
    sid = sid_of(client, sender)
    before = client.get(path(sender, f"/{sid}.json"), headers=sender.basic).get_json()
    assert client.post(path(sender, f"/{sid}.json"), headers=sender.basic).get_json() == before


def test_what_nobody_sends_cannot_be_canceled(client: FlaskClient, sender: Sender) -> None:
    here = path(sender, f"/{sid_of(client, sender)}.json")
    assert code_of(client.post(here, data={"Status": "canceled"}, headers=sender.basic)) == (409, 30409)
    assert client.post(here, data={"Body": ""}, headers=sender.basic).get_json()["body"] == ""
    assert client.delete(here, headers=sender.basic).status_code == 204


# Lists


def listed(client: FlaskClient, sender: Sender, query: str = "") -> Any:
    answer = client.get(path(sender) + query, headers=sender.basic)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def test_a_page_has_the_vendors_keys_alone(client: FlaskClient, sender: Sender) -> None:
    sids = [sid_of(client, sender) for _ in range(3)]
    first = listed(client, sender, "?PageSize=2&To=%2B15558675310&DateSent%3E=2026-01-01")
    assert [message["sid"] for message in first.pop("messages")] == sids[:0:-1]
    assert first.pop("next_page_uri").startswith(
        f"{path(sender)}?To=%2B15558675310&DateSent%3E=2026-01-01&PageSize=2&Page=1"
    )
    same = f"{path(sender)}?To=%2B15558675310&DateSent%3E=2026-01-01&PageSize=2&Page=0"
    assert first == {
        "page": 0,
        "page_size": 2,
        "start": 0,
        "end": 1,
        "first_page_uri": same,
        "previous_page_uri": None,
        "uri": same,
    }


def test_the_next_page_continues(client: FlaskClient, sender: Sender) -> None:
    sids = [sid_of(client, sender) for _ in range(3)]
    page = listed(client, sender, "?PageSize=2")
    last = client.get(page["next_page_uri"], headers=sender.basic).get_json()
    assert [message["sid"] for message in last["messages"]] == sids[:1]
    assert (last["page"], last["start"], last["end"], last["next_page_uri"]) == (1, 2, 2, None)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("DateSent=2026-11-22", 1),
        ("DateSent=2026-11-22T23:00:00Z", 1),
        ("DateSent=2026-11-23", 0),
        ("DateSent<=2026-11-22", 1),
        ("DateSent<=2026-11-22T08:59:59Z", 0),
        ("DateSent<=2026-11-21", 0),
        ("DateSent>=2026-11-22", 1),
        ("DateSent>=2026-11-22T09:00:01Z", 0),
        ("DateSent>=2026-11-20&DateSent<=2026-11-30", 1),
        ("DateSent%3E=2026-11-20&DateSent=2026-11-21", 0),
        ("From=SHOP", 0),
        ("Unknown=1&To=", 1),
    ],
)
def test_a_list_is_filtered_by_its_time(client: FlaskClient, sender: Sender, query: str, count: int) -> None:
    sid_of(client, sender)
    with db.write() as session:
        session.query(Message).update({"received_on": NOW})
    assert len(listed(client, sender, f"?{query}")["messages"]) == count


@pytest.mark.parametrize(
    "query",
    [
        *("DateSent=soon", "DateSent=9999-12-31", "DateSent<=0001-01-01", "DateSent>=2026-13-01T00:00:00Z"),
        *("PageSize=0", "PageSize=1001", "PageSize=x", "Page=-1", "Page=99999999999", "PageToken=x", "PageToken=%00"),
        *(f"To={quote(odd, errors='surrogatepass')}" for odd in ("a\0b", "x" * 300)),
    ],
)
def test_a_wrong_filter_is_refused(client: FlaskClient, sender: Sender, query: str) -> None:
    status, code = code_of(client.get(f"{path(sender)}?{query}", headers=sender.basic))
    assert (status, code) in ((400, 20422), (400, 21211))


def test_a_page_without_its_token_is_within_reach(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 1)
    sids = [sid_of(client, sender) for _ in range(7)]
    assert [message["sid"] for message in listed(client, sender, "?PageSize=2&Page=1")["messages"]] == sids[4:2:-1]
    for query in ("PageSize=1&Page=5", "PageSize=1000&Page=11"):
        assert code_of(client.get(f"{path(sender)}?{query}", headers=sender.basic)) == (400, 20422)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("PageSize=0", "PageSize must be at least 1"),
        ("Page=x", "Page must be a whole number"),
        ("PageToken=x", "PageToken is not a cursor of this list"),
        ("DateSent>=soon", "DateSent> must be a time like 2026-11-22T09:00:00Z"),
        ("DateSent<=soon", "DateSent< must be a time like 2026-11-22T09:00:00Z"),
        (f"From={'x' * 201}", "From must be at most 200 characters"),
    ],
)
def test_a_wrong_filter_has_the_vendors_name(client: FlaskClient, sender: Sender, query: str, words: str) -> None:
    assert client.get(f"{path(sender)}?{query}", headers=sender.basic).get_json()["message"] == words


def test_our_own_names_are_passed_over(client: FlaskClient, sender: Sender) -> None:
    assert listed(client, sender, "?size=7&page=x&token=x&sender=x")["page_size"] == 50
    assert code_of(send(client, sender, To=None, to="+15558675310")) == (400, 21604)
    assert send(client, sender, shorten="perhaps", validity="x").status_code == 201


def test_messages_of_other_formats_are_not_listed(client: FlaskClient, sender: Sender) -> None:
    make_message(sender)
    assert listed(client, sender)["messages"] == []


def test_a_deleted_message_is_in_no_list(client: FlaskClient, sender: Sender) -> None:
    sids = [sid_of(client, sender) for _ in range(2)]
    client.delete(path(sender, f"/{sids[0]}.json"), headers=sender.basic)
    assert [message["sid"] for message in listed(client, sender)["messages"]] == sids[1:]


# States


def test_a_receipt_shows_in_the_status(client: FlaskClient, sender: Sender) -> None:
    sid = sid_of(client, sender)
    with db.write() as session:
        message = session.query(Message).one()
        news = News(MessageState.FAILED, NOW + dt.timedelta(days=1), code="30005")
        advance(session.connection(), message.id, news, now=NOW + dt.timedelta(days=1))
    found = client.get(path(sender, f"/{sid}.json"), headers=sender.basic).get_json()
    assert (found["status"], found["error_code"]) == ("failed", 30005)
    assert found["date_updated"] == "Mon, 23 Nov 2026 09:00:00 +0000"


# Settings of shortlinks


def config(client: FlaskClient, sender: Sender, domain: str = "DN1", **given: Any) -> TestResponse:
    here = f"/v1/LinkShortening/Domains/{domain}/Config"
    return client.post(here, data=given, headers=sender.basic) if given else client.get(here, headers=sender.basic)


def test_settings_belong_to_the_account(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    config(client, sender, CallbackUrl="https://crm.example.com/a", ContinueOnFailure="true")
    assert config(client, sender, "DN2").get_json()["callback_url"] == "https://crm.example.com/a"
    assert config(client, other_sender).get_json()["callback_url"] is None
    send(client, sender), send(client, sender, ShortenUrls="false"), send(client, other_sender)
    with db.read() as session:
        urls = [url for (url,) in session.query(Message.lt_callbackurl).order_by(Message.id)]
    assert urls == ["https://crm.example.com/a", None, None]


@pytest.mark.parametrize(
    "given",
    [
        *({"CallbackUrl": odd} for odd in ("crm", "http://169.254.169.254/", "https://crm.example.com/" + "x" * 2048)),
        *({"FallbackUrl": odd} for odd in ("shop", "javascript:alert(1)", "https://a\0b", "https://a b")),
        {"DisableHttps": "perhaps"},
    ],
)
def test_wrong_settings_are_refused(client: FlaskClient, sender: Sender, given: dict[str, str]) -> None:
    assert code_of(config(client, sender, **given)) == (400, 20422)
    assert config(client, sender).get_json()["date_created"] is None


def test_a_wrong_setting_is_told_in_words(client: FlaskClient, sender: Sender) -> None:
    told = config(client, sender, FallbackUrl="javascript:1").get_json()["message"]
    assert told == "FallbackUrl must be a URL that begins with http:// or https://"


def test_a_url_refused_meanwhile_is_dropped(
    client: FlaskClient, sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    with db.write() as session:
        stored = {"twilio": {"callback_url": "http://169.254.169.254/"}}
        session.query(models.Account).update({"vendor_settings": stored})
    assert send(client, sender).status_code == 201
    assert "CallbackUrl" in caplog.text and "169.254" not in caplog.text
    with db.read() as session:
        assert session.query(Message.lt_callbackurl).one() == (None,)


def test_the_example_of_a_message_is_valid() -> None:
    example = new_message.SCHEMA["examples"][0]
    jsonschema_rs.validate(new_message.SCHEMA, example)
    without_from = {"To": "+15558675310", "Body": "Hello", "MessagingServiceSid": SERVICE}
    jsonschema_rs.validate(new_message.SCHEMA, without_from)


def test_other_paths_of_shortlinks_are_unknown(client: FlaskClient, sender: Sender) -> None:
    here = "/v1/LinkShortening/Domains/DN1/Certificate"
    assert code_of(client.get(here, headers=sender.basic)) == (404, 20404)
    assert config(client, sender, "%00%FF").status_code == 200


@pytest.mark.parametrize("storage", ["masked", "none"])
def test_the_answer_shows_the_submitted_number(client: FlaskClient, database_kind: str, storage: str) -> None:
    keeps = make_account("keeps", recipient_storage=storage)
    sent = send(client, keeps).get_json()
    assert sent["to"] == "+15558675310"
    found = client.get(path(keeps, f"/{sent['sid']}.json"), headers=keeps.basic).get_json()
    assert found["to"] != sent["to"]


def test_nothing_is_read_after_the_commit(client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a message would be answered with an error and sent all the same."""

    def unreachable(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr(face_messages, "load", unreachable)
    assert send(client, sender).status_code == 201


def test_a_key_belongs_to_one_body(client: FlaskClient, sender: Sender) -> None:
    """What only the vendor has is part of it."""
    headers = {**sender.basic, "Idempotency-Key": "a"}
    given = {**FIELDS, "From": SERVICE}
    assert client.post(path(sender), data=given, headers=headers).status_code == 201
    other = client.post(path(sender), data={**given, "MessagingServiceSid": SERVICE}, headers=headers)
    assert code_of(other) == (400, 20422)
