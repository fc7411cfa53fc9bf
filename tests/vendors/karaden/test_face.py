"""The vendor's wire format: what it takes, how it answers, and what it says about errors."""

import datetime as dt
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from sqlalchemy import select, update

from shortener.config.settings import Settings
from shortener.reporting import face_search
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.delivery.reason import Reason
from shortener.storage import db
from shortener.storage.models import Message, Sending
from shortener.web import message_reports
from tests.support import database_faults
from tests.support.factories import BROWSER, TARGET, TEXT, Sender, disable_account, make_account
from tests.support.json_values import json_values
from tests.support.sending_rows import put_state

FIELDS = {"service_id": "1", "to": "09012345678", "body": TEXT}
VERSION = {"Karaden-Version": "2024-03-01"}
BASE = "https://s.example.com"
JAPAN = dt.timezone(dt.timedelta(hours=9))
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Messages are for the simulator, which is not running."""
    return settings.model_copy(update={"gateway": "simulator"})


@pytest.fixture
def now() -> dt.datetime:
    """The full second in which the test begins."""
    return dt.datetime.now(JAPAN).replace(microsecond=0)


def call(client: FlaskClient, sender: Sender, method: str = "POST", path: str = "", **given_: Any) -> Any:
    headers = {**sender.bearer, **VERSION}
    return client.open(f"/api/{sender.sid}/messages{path}", method=method, headers=headers, **given_)


def send(client: FlaskClient, sender: Sender, **fields: Any) -> dict[str, Any]:
    answer = call(client, sender, data={**FIELDS, **fields})
    assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.json
    found: dict[str, Any] = answer.json
    return found


def get(client: FlaskClient, sender: Sender, msgid: str) -> dict[str, Any]:
    answer = call(client, sender, "GET", f"/{msgid}")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def listed(client: FlaskClient, sender: Sender, **parameters: Any) -> list[str]:
    answer = call(client, sender, "GET", query_string=parameters)
    assert (answer.status_code, answer.json["object"]) == (200, "list"), answer.json
    return [found["id"] for found in answer.json["data"]]


def refusal(answer: Any) -> tuple[int, str, list[str]]:
    """The status, the code and the faulty fields of an error."""
    assert answer.mimetype == "application/json"
    document = answer.json
    assert set(document) == {"object", "code", "message", "errors"}
    errors = document["errors"]
    assert (document["object"], errors.pop("object")) == ("error", "default")
    assert document["message"] and all(errors.values())
    return answer.status_code, document["code"], sorted(errors)


def message_of(msgid: str) -> Message:
    with db.read() as session:
        return session.scalars(select(Message).where(Message.msgid == msgid)).one()


# Sending


def test_a_message_is_answered_with_all_its_fields(client: FlaskClient, sender: Sender) -> None:
    answer = send(client, sender, is_shorten="true")
    shortlink = answer["shortlink"]
    text = TEXT.replace(TARGET, shortlink)
    created = answer["created_at"]
    assert dt.datetime.fromisoformat(created).utcoffset() == 9 * HOUR
    assert answer == {
        "id": answer["id"],
        "object": "message",
        "service_id": 1,
        "billing_address_id": 1,
        "to": "09012345678",
        "body": text,
        "tags": [],
        "is_shorten": True,
        "is_shorten_clicked": False,
        "result": "processing",
        "status": "waiting",
        "sent_result": "none",
        "carrier": None,
        "charged_count_per_sent": 1,
        "scheduled_at": None,
        "limited_at": None,
        "sent_at": None,
        "received_at": None,
        "charged_at": None,
        "created_at": created,
        "updated_at": created,
        "text": text,
        "shortlink": shortlink,
    }
    message = message_of(answer["id"])
    assert (message.face, message.sender, message.recipient) == ("karaden", "1", "+819012345678")
    assert message.vendor_fields == {"service_id": 1, "version": "2024-03-01"}


def test_every_link_is_shortened_and_clicked(client: FlaskClient, sender: Sender) -> None:
    answer = send(client, sender, body=f"{TARGET} https://shop.example.com/2", is_shorten="true")
    assert [word.startswith(f"{BASE}/") for word in answer["body"].split()] == [True, True]
    assert get(client, sender, answer["id"])["is_shorten_clicked"] is False
    second = answer["body"].split()[1].removeprefix(BASE)
    assert client.get(second, headers={"User-Agent": BROWSER}).headers["Location"] == "https://shop.example.com/2"
    assert get(client, sender, answer["id"])["is_shorten_clicked"] is True


def test_without_a_shortened_link_nothing_is_clicked(client: FlaskClient, sender: Sender) -> None:
    plain = send(client, sender, is_shorten="false")
    assert (plain["body"], plain["is_shorten"], plain["is_shorten_clicked"], plain["shortlink"]) == (
        *(TEXT, False, None, None),
    )
    assert send(client, sender, body="こんにちは")["is_shorten_clicked"] is None
    assert send(client, make_account("plain", track_link=False))["is_shorten"] is False


@pytest.mark.parametrize("name", ["tags[]", "tags", "tags[0]", "tags['0']"])
def test_tags_are_taken_in_every_spelling(client: FlaskClient, sender: Sender, name: str) -> None:
    more = {"tags[1]": "b,c"} if "0" in name else {}
    answer = send(client, sender, **{name: "a" if more else ["a", "b,c"], **more})
    assert answer["tags"] == ["a", "b,c"]


def test_json_is_taken_too(client: FlaskClient, sender: Sender) -> None:
    body = {"service_id": 7, "to": "08012345678", "body": TEXT, "tags": ["a"], "is_shorten": True, "unknown": [1]}
    answer = call(client, sender, json=body)
    assert (answer.status_code, answer.json["service_id"], answer.json["tags"]) == (200, 7, ["a"])


def test_a_message_has_its_time_and_period(client: FlaskClient, sender: Sender, now: dt.datetime) -> None:
    at, until = now + HOUR, now + 3 * HOUR
    answer = send(client, sender, scheduled_at=at.isoformat(), limited_at=until.astimezone(dt.UTC).isoformat())
    assert (answer["scheduled_at"], answer["limited_at"]) == (at.isoformat(), until.isoformat())
    message = message_of(answer["id"])
    assert (message.state, message.send_on) == ("scheduled", at)
    with db.read() as session:
        assert session.scalars(select(Sending.expires_on)).one() == until


def test_a_period_begins_when_it_is_sent(client: FlaskClient, sender: Sender, now: dt.datetime) -> None:
    send(client, sender, limited_at=(now + 2 * HOUR).isoformat())
    send(client, sender, limited_at=(now + 90 * DAY).isoformat())
    with db.read() as session:
        periods = [one.expires_on - one.created_on for one in session.scalars(select(Sending).order_by(Sending.id))]
    assert 0 <= (periods[0] - 2 * HOUR).total_seconds() + 600 <= 601
    assert periods[1] == 30 * DAY


def test_the_same_key_gives_the_same_message(client: FlaskClient, sender: Sender) -> None:
    headers = {**sender.bearer, **VERSION, "Idempotency-Key": "key-1"}
    path = f"/api/{sender.sid}/messages"
    first = client.post(path, data=FIELDS, headers=headers)
    assert client.post(path, data=FIELDS, headers=headers).json["id"] == first.json["id"]
    for changed in ({"body": "other"}, {"service_id": "77"}):
        other = client.post(path, data={**FIELDS, **changed}, headers=headers)
        assert refusal(other) == (422, "unprocessable_entity", [])


def test_a_key_holds_while_time_passes(
    client: FlaskClient, sender: Sender, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although there are fewer seconds until `limited_at`."""
    headers, path = {**sender.bearer, **VERSION, "Idempotency-Key": "key-1"}, f"/api/{sender.sid}/messages"
    fields = {**FIELDS, "limited_at": (now + 2 * HOUR).isoformat()}
    first = client.post(path, data=fields, headers=headers).json["id"]
    later = message_reports.now() + dt.timedelta(minutes=5)
    monkeypatch.setattr(message_reports, "now", lambda: later)
    assert client.post(path, data=fields, headers=headers).json["id"] == first


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({"service_id": ""}, ["service_id"]),
        ({"service_id": "0"}, ["service_id"]),
        ({"service_id": "x"}, ["service_id"]),
        ({"service_id": "9" * 30}, ["service_id"]),
        ({"to": ""}, ["to"]),
        ({"to": "+819012345678"}, ["to"]),
        ({"to": "0901234567"}, ["to"]),
        ({"to": "19012345678"}, ["to"]),
        ({"body": ""}, ["body"]),
        ({"body": "あ" * 661}, ["body"]),
        ({"body": "a\0b"}, ["body"]),
        ({"tags[]": "x" * 201}, ["tags[0]"]),
        ({"tags[]": ["a"] * 101}, ["tags"]),
        ({"is_shorten": "yes"}, ["is_shorten"]),
        ({"scheduled_at": "tomorrow"}, ["scheduled_at"]),
        ({"scheduled_at": -DAY}, ["scheduled_at"]),
        ({"scheduled_at": 31 * DAY}, ["scheduled_at"]),
        ({"scheduled_at": "9999-12-31T00:00:00Z"}, ["scheduled_at"]),
        ({"limited_at": -HOUR}, ["limited_at"]),
        ({"limited_at": HOUR, "scheduled_at": DAY}, ["limited_at"]),
        ({"service_id": "", "to": "x", "body": ""}, ["body", "service_id", "to"]),
    ],
)
def test_a_wrong_field_is_named(
    client: FlaskClient, sender: Sender, now: dt.datetime, fields: dict[str, Any], faulty: list[str]
) -> None:
    given_ = {name: (now + one).isoformat() if isinstance(one, dt.timedelta) else one for name, one in fields.items()}
    answer = call(client, sender, data={**FIELDS, **given_})
    assert refusal(answer) == (422, "unprocessable_entity", faulty)
    with db.read() as session:
        assert session.scalars(select(Message)).all() == []


def test_a_body_has_at_most_660_characters(client: FlaskClient, sender: Sender) -> None:
    assert send(client, sender, body="あ" * 660)["charged_count_per_sent"] == 10


@examples(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(json_values())
def test_any_json_is_taken_or_refused(client: FlaskClient, sender: Sender, value: Any) -> None:
    for name in (*FIELDS, "tags", "is_shorten", "scheduled_at", "limited_at"):
        answer = call(client, sender, json={**FIELDS, name: value})
        assert answer.status_code in (200, 422), (name, value)


# Credentials and other errors


def test_tenant_and_token_are_of_one_account(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    for sid, headers in (
        (sender.sid, other_sender.bearer),
        (other_sender.sid, sender.bearer),
        ("x", sender.bearer),
        (sender.sid, {}),
        (sender.sid, sender.basic),
        (sender.sid, {"Authorization": "Bearer x"}),
        (sender.sid, {"Authorization": "Bearer"}),
    ):
        for path in ("", "/x", "/x/cancel"):
            method = "POST" if path.endswith("cancel") else "GET"
            answer = client.open(f"/api/{sid}/messages{path}", method=method, headers={**headers, **VERSION})
            assert refusal(answer) == (401, "unauthorized", [])
            assert (answer.headers["WWW-Authenticate"], "Basic" in answer.text) == ('Bearer realm="shortener"', False)


def test_a_disabled_account_is_unauthorized(client: FlaskClient, sender: Sender) -> None:
    disable_account()
    assert refusal(call(client, sender, data=FIELDS)) == (401, "unauthorized", [])


@pytest.mark.parametrize("version", [None, "", "1", "2024-13-01", "2024-03-01T00:00:00", "２０２４-03-01"])
def test_the_header_must_be_a_date(client: FlaskClient, sender: Sender, version: str | None) -> None:
    headers = (
        sender.bearer if version is None else {**sender.bearer, "Karaden-Version": version.encode().decode("latin-1")}
    )
    answer = client.get(f"/api/{sender.sid}/messages", headers=headers)
    assert refusal(answer) == (400, "bad_request", [])


def test_any_date_is_a_version(client: FlaskClient, sender: Sender) -> None:
    for version in ("2023-01-01", "2024-03-01", "2030-12-31"):
        answer = client.get(f"/api/{sender.sid}/messages", headers={**sender.bearer, "Karaden-Version": version})
        assert answer.status_code == 200


def test_what_cannot_be_read_is_a_bad_request(client: FlaskClient, sender: Sender) -> None:
    assert refusal(call(client, sender, data=b"{", content_type="application/json")) == (400, "bad_request", [])
    assert refusal(call(client, sender, data=b"a", content_type="text/plain"))[0] == 415
    assert refusal(call(client, sender, data={"body": "x" * 1_000_000}))[0] == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/x", 404),
        ("POST", "/x/cancel", 404),
        ("GET", f"/{'a' * 32}", 404),
        ("POST", "/bulks", 404),
        ("POST", "/bulks/files", 404),
        ("GET", "/bulks/1", 404),
        ("GET", "/bulks/1/messages", 404),
        ("DELETE", "", 405),
        ("PUT", "/x", 405),
    ],
)
def test_what_does_not_exist_is_not_found(
    client: FlaskClient, sender: Sender, method: str, path: str, status: int
) -> None:
    code = {404: "not_found", 405: "method_not_allowed"}[status]
    assert refusal(call(client, sender, method, path)) == (status, code, [])


def test_a_limit_is_too_many_requests(client: FlaskClient) -> None:
    limited = make_account("limited", monthly_limit=0)
    answer = call(client, limited, data=FIELDS)
    assert refusal(answer) == (429, "too_many_requests", [])
    assert int(answer.headers["Retry-After"]) > 0


def test_quiet_hours_are_a_fault_of_the_time(client: FlaskClient, now: dt.datetime) -> None:
    quiet = make_account("quiet", quiet_hours="00:00-23:59", quiet_mode="refuse")
    noon = (now + DAY).astimezone(dt.UTC).replace(hour=12)
    answer = call(client, quiet, data={**FIELDS, "scheduled_at": noon.isoformat()})
    assert refusal(answer) == (422, "unprocessable_entity", ["scheduled_at"])


def test_an_outage_is_an_error_too(client: FlaskClient, sender: Sender, database_url: str) -> None:
    with database_faults.read_only(database_url):
        answer = call(client, sender, data=FIELDS)
    assert refusal(answer) == (503, "unavailable", [])
    assert answer.headers["Retry-After"]


# What became of it


@pytest.mark.parametrize(
    ("state", "reason", "words"),
    [
        (MessageState.SENT, None, "processing done none"),
        (MessageState.DELIVERED, None, "done done received"),
        (MessageState.FAILED, Reason.BUSY, "done done unconnected"),
        (MessageState.FAILED, Reason.SPAM, "done done error"),
        (MessageState.REJECTED, Reason.SPAM, "done error error"),
        (MessageState.UNKNOWN, None, "done done unknown"),
    ],
)
def test_the_state_is_three_words(
    client: FlaskClient, sender: Sender, now: dt.datetime, state: MessageState, reason: Reason | None, words: str
) -> None:
    msgid = send(client, sender)["id"]
    put_state(message_of(msgid), state, reason=reason, now=now)
    found = get(client, sender, msgid)
    assert " ".join((found["result"], found["status"], found["sent_result"])) == words
    assert found["updated_at"] == now.isoformat()
    assert found["received_at"] == (now.isoformat() if state is MessageState.DELIVERED else None)


def test_a_number_is_shown_as_it_is_stored(client: FlaskClient) -> None:
    """Only the answer to the message shows it as it was given."""
    for storage, shown in (("masked", "*********5678"), ("none", None)):
        account = make_account(storage, recipient_storage=storage)
        answer = send(client, account)
        assert answer["to"] == "09012345678"
        assert call(client, account, "GET", f"/{answer['id']}").json["to"] == shown
        assert listed(client, account, to="09012345678") == ([answer["id"]] if shown else [])


def test_another_accounts_message_is_not_found(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    msgid = send(client, sender)["id"]
    for method, path in (("GET", f"/{msgid}"), ("POST", f"/{msgid}/cancel")):
        assert refusal(call(client, other_sender, method, path)) == (404, "not_found", [])
    assert listed(client, other_sender) == []


def test_a_message_is_taken_back(client: FlaskClient, sender: Sender, now: dt.datetime) -> None:
    msgid = send(client, sender, scheduled_at=(now + HOUR).isoformat())["id"]
    for _ in range(2):
        answer = call(client, sender, path=f"/{msgid}/cancel")
        assert (answer.status_code, answer.json["status"], answer.json["result"]) == (200, "canceled", "done")


def test_a_sent_message_cannot_be_taken_back(client: FlaskClient) -> None:
    without = make_account("without", gateway="none")
    msgid = send(client, without)["id"]
    assert refusal(call(client, without, path=f"/{msgid}/cancel")) == (422, "unprocessable_entity", [])


# Lists


def test_a_list_has_the_newest_first(client: FlaskClient, sender: Sender) -> None:
    made = [send(client, sender)["id"] for _ in range(3)]
    assert listed(client, sender) == made[::-1]


def test_pages_begin_with_zero(client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 2)
    made = [send(client, sender)["id"] for _ in range(5)][::-1]
    pages = [call(client, sender, "GET", query_string={"page": page, "per_page": 2}).json for page in range(4)]
    assert [[found["id"] for found in page["data"]] for page in pages] == [made[:2], made[2:4], made[4:], []]
    assert [page["has_more"] for page in pages] == [True, True, False, False]


def test_a_list_ends_after_so_many_examined(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 1)
    monkeypatch.setattr(face_search, "BLOCKS", 2)
    for number in (2, 1, 1):
        send(client, sender, service_id=number)
    answer = call(client, sender, "GET", query_string={"service_id": 2}).json
    assert answer == {"object": "list", "has_more": True, "data": []}


def test_filters_select_messages(client: FlaskClient, sender: Sender) -> None:
    first = send(client, sender, **{"tags[]": ["a", "b"]})["id"]
    second = send(client, sender, service_id="2", to="08012345678", **{"tags[]": "b"})["id"]
    busy = send(client, sender)["id"]
    put_state(message_of(first), MessageState.DELIVERED)
    put_state(message_of(busy), MessageState.FAILED, reason=Reason.BUSY)
    for parameters, expected in (
        ({"tag": "b"}, [second, first]),
        ({"tag": "a"}, [first]),
        ({"service_id": 2}, [second]),
        ({"to": "08012345678"}, [second]),
        ({"status": "waiting"}, [second]),
        ({"status": "done"}, [busy, first]),
        ({"result": "processing"}, [second]),
        ({"sent_result": "received"}, [first]),
        ({"sent_result": "unconnected"}, [busy]),
        ({"sent_result": "error"}, []),
        ({"result": "done", "sent_result": "none"}, []),
    ):
        assert listed(client, sender, **parameters) == expected, parameters


def test_times_select_messages(client: FlaskClient, sender: Sender, now: dt.datetime) -> None:
    msgid = send(client, sender)["id"]
    with db.write() as session:
        session.execute(update(Message).values(received_on=now + dt.timedelta(milliseconds=500)))
    at = now.isoformat()
    assert listed(client, sender, start_at=at, end_at=at) == [msgid]
    assert listed(client, sender, start_at=str(now)) == [msgid]
    assert listed(client, sender, start_at=(now + dt.timedelta(seconds=1)).isoformat()) == []
    assert listed(client, sender, end_at=(now - dt.timedelta(seconds=1)).isoformat()) == []


@pytest.mark.parametrize(
    "parameters",
    [
        {"page": "-1"},
        {"page": "x"},
        {"page": "10000", "per_page": "1000"},
        {"per_page": "0"},
        {"per_page": "1001"},
        {"status": "sent"},
        {"result": "x"},
        {"sent_result": "x"},
        {"to": "x"},
        {"service_id": "x"},
        {"start_at": "x"},
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, sender: Sender, parameters: dict[str, str]) -> None:
    answer = call(client, sender, "GET", query_string=parameters)
    assert refusal(answer) == (422, "unprocessable_entity", [next(iter(parameters))])


def test_a_list_is_only_of_this_format(client: FlaskClient, sender: Sender) -> None:
    answer = client.post("/v1/messages", json={"message": TEXT, "gateway": "none"}, headers=sender.bearer)
    assert answer.status_code == 201
    assert listed(client, sender) == []
    assert refusal(call(client, sender, "GET", f"/{answer.json['msgid']}")) == (404, "not_found", [])
