"""Send SMS and list them, field by field, in both generations."""

import base64
import json
from collections.abc import Mapping
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from shortener.accounts.authentication import authenticate
from shortener.errors import InvalidFieldsError
from shortener.messages.submission import Submission
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Message
from tests.support import database_faults
from tests.support.factories import TARGET, TEXT, Sender, day_ahead, disable_account, make_account

OLD, NEW, QUERY = "/sms/2/text/advanced", "/sms/3/messages", "/sms/1/text/query"
LOGS = ("/sms/1/logs", "/sms/3/logs")
BASE = "https://s.example.com"
TO = "41793026727"
DAY_LATER, DAY_TOO_LATE = day_ahead(30), day_ahead(200)


def key(sender: Sender) -> dict[str, str]:
    return {"Authorization": f"App {sender.token}"}


def post(client: FlaskClient, sender: Sender, path: str, document: Any) -> Any:
    """POST JSON; also a lone surrogate, which is escaped."""
    return client.post(path, data=json.dumps(document), content_type="application/json", headers=key(sender))


def send_old(client: FlaskClient, sender: Sender, *, request: Mapping[str, Any] | None = None, **fields: Any) -> Any:
    message = {"from": "Acme", "destinations": [{"to": TO}], "text": TEXT, **fields}
    return post(client, sender, OLD, {"messages": [message], **(request or {})})


def send_new(client: FlaskClient, sender: Sender, *, options: Any = None, **fields: Any) -> Any:
    message = {"sender": "Acme", "destinations": [{"to": TO}], "content": {"text": TEXT}, **fields}
    return post(client, sender, NEW, {"messages": [message], "options": options})


def sent(answer: TestResponse) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json


def results(client: FlaskClient, sender: Sender, path: str) -> Any:
    return sent(client.get(path, headers=key(sender)))["results"]


def columns(*names: str) -> list[Any]:
    with db.read() as session:
        rows = session.execute(select(*(getattr(Message, name) for name in names)).order_by(Message.id))
        return [row[0] if len(names) == 1 else tuple(row) for row in rows]


def faults(answer: TestResponse) -> set[str]:
    assert answer.status_code == 400, answer.text
    document: Any = answer.json
    if "requestError" in document:
        return {*document["requestError"]["serviceException"]["validationErrors"]}
    return {violation["property"] for violation in document["violations"]}


# Sending


def test_an_old_send_answers_with_the_rewritten_text(client: FlaskClient, sender: Sender) -> None:
    [message] = sent(send_old(client, sender))["messages"]
    assert message["to"] == TO and len(message["messageId"]) == 32
    assert message["status"] == {
        "groupId": 1,
        "groupName": "PENDING",
        "id": 26,
        "name": "PENDING_ACCEPTED",
        "description": "Message accepted, pending for delivery",
    }
    assert message["shortlink"].startswith(BASE) and message["text"] == TEXT.replace(TARGET, message["shortlink"])


def test_a_new_send_answers_with_destination_and_details(client: FlaskClient, sender: Sender) -> None:
    answer = sent(send_new(client, sender))
    [message] = answer["messages"]
    assert "bulkId" not in answer
    assert (message["destination"], message["details"]) == (TO, {"messageCount": 1})
    assert message["text"] == TEXT.replace(TARGET, message["shortlink"])


@pytest.mark.parametrize("send", [send_old, send_new])
def test_each_recipient_gets_a_message_of_its_own(client: FlaskClient, sender: Sender, send: Any) -> None:
    answer = sent(send(client, sender, destinations=[{"to": TO}, {"to": "+4366112345"}, {"to": "12345"}]))
    assert len({message["shortlink"] for message in answer["messages"]}) == 3
    assert columns("recipient") == [f"+{TO}", "+4366112345", "12345"]
    assert set(columns("bulk_id")) == {answer["bulkId"]}


def test_several_messages_have_texts_of_their_own(client: FlaskClient, sender: Sender) -> None:
    messages = [{"from": "A", "destinations": [{"to": TO}], "text": f"Text {number}"} for number in (1, 2)]
    answer = sent(client.post(OLD, json={"bulkId": "spring", "messages": messages}, headers=key(sender)))
    assert answer["bulkId"] == "spring"
    assert [message["text"] for message in answer["messages"]] == ["Text 1", "Text 2"]


@pytest.mark.parametrize("send", [send_old, send_new])
def test_every_link_of_a_text_is_replaced(client: FlaskClient, sender: Sender, send: Any) -> None:
    text = f"{TARGET} or https://example.org/2"
    given = {"text": text} if send is send_old else {"content": {"text": text}}
    [message] = sent(send(client, sender, **given))["messages"]
    assert message["text"].count(BASE) == 2 and "example.org" not in message["text"]


@pytest.mark.parametrize(
    ("tracking", "is_rewritten"),
    [
        ({"shortenUrl": False}, False),
        ({"shortenUrl": False, "trackClicks": True}, False),
        ({"shortenUrl": True, "trackClicks": False}, True),
        ({"trackClicks": False}, False),
        ({"trackingUrl": "http://127.0.0.1:9/clicked"}, True),
        ({"shortenUrl": None, "trackClicks": None, "removeProtocol": True, "customDomain": "x"}, True),
        (None, True),
    ],
)
def test_url_options_decide_whether_links_are_replaced(
    client: FlaskClient, sender: Sender, tracking: Any, is_rewritten: bool
) -> None:
    old = sent(send_old(client, sender, request={"urlOptions": tracking}))["messages"][0]
    new = sent(send_new(client, sender, options={"tracking": tracking}))["messages"][0]
    assert [BASE in old["text"], BASE in new["text"]] == [is_rewritten] * 2


def test_clicks_are_told_unless_the_client_declines(client: FlaskClient, sender: Sender) -> None:
    url = "http://127.0.0.1:9/clicked"
    send_old(client, sender, request={"urlOptions": {"trackingUrl": url}})
    send_new(client, sender, options={"tracking": {"shortenUrl": True, "trackClicks": False, "trackingUrl": url}})
    assert columns("lt_callbackurl") == [url, None]


def test_an_own_message_id_is_the_client_tag(client: FlaskClient, sender: Sender) -> None:
    [message] = sent(send_old(client, sender, destinations=[{"to": TO, "messageId": "order 1, again"}]))["messages"]
    assert message["messageId"] == "order 1, again"
    assert columns("client_tag") == ["order 1, again"]


def test_a_used_message_id_is_rejected_with_200(client: FlaskClient, sender: Sender) -> None:
    twice = [{"to": TO, "messageId": "m"}, {"to": TO, "messageId": "m"}, {"to": TO}]
    first, second, third = sent(send_new(client, sender, destinations=twice))["messages"]
    assert (second["status"]["groupName"], second["status"]["name"]) == ("REJECTED", "REJECTED_DUPLICATE_MESSAGE_ID")
    assert (second["messageId"], second["text"], second["shortlink"]) == ("m", None, None)
    assert first["status"]["id"] == third["status"]["id"] == 26
    [again] = sent(send_old(client, sender, destinations=[{"to": TO, "messageId": "m"}]))["messages"]
    assert again["status"]["id"] == 23


def test_what_is_given_back_later_is_stored(client: FlaskClient, sender: Sender) -> None:
    send_old(client, sender, callbackData="d" * 4000, notifyUrl="http://127.0.0.1:9/r", entityId="e", validityPeriod=5)
    options = {"campaignReferenceId": "c", "platform": {"applicationId": "a"}, "validityPeriod": {"amount": 90}}
    webhooks = {"delivery": {"url": "http://127.0.0.1:9/r", "intermediateReport": True}, "callbackData": "d"}
    new = {"sender": "A", "destinations": [{"to": TO}], "content": {"text": TEXT}, "options": options}
    sent(client.post(NEW, json={"messages": [new | {"webhooks": webhooks}]}, headers=key(sender)))
    old_fields = {"form": "sms/2", "callbackData": "d" * 4000, "entityId": "e"}
    new_fields = {"form": "sms/3", "callbackData": "d", "campaignReferenceId": "c", "applicationId": "a"}
    assert columns("vendor_fields") == [old_fields, new_fields]
    assert columns("receipts_url") == ["http://127.0.0.1:9/r"] * 2
    assert [told and len(told) for told in columns("told_states")] == [5, 9]


def test_no_report_is_pushed_without_notify(client: FlaskClient, sender: Sender) -> None:
    sent(send_new(client, sender, webhooks={"delivery": {"notify": False}}))
    assert columns("told_states") == [[]]


def test_a_message_can_be_scheduled(client: FlaskClient, sender: Sender) -> None:
    sent(send_old(client, sender, sendAt=f"{DAY_LATER}T09:00:00.000+0900"))
    sent(send_new(client, sender, options={"schedule": {"bulkId": "b", "sendAt": f"{DAY_LATER}T00:00:00.000000+0000"}}))
    sent(send_old(client, sender, sendAt="2020-01-01T00:00:00Z"))
    assert [moment and f"{moment:%Y-%m-%d %H:%M}" for moment in columns("send_on")] == [
        *[f"{DAY_LATER} 00:00"] * 2,
        None,
    ]
    assert columns("bulk_id") == [None, "b", None]


def test_fields_that_we_do_not_know_are_passed_over(client: FlaskClient, sender: Sender) -> None:
    given = {"flash": True, "regional": {"x": 1}, "language": None, "deliveryTimeWindow": {"days": []}, "nobody": 1}
    options = {"sendingSpeedLimit": {"amount": 1}, "tracking": {"track": "SMS"}}
    sent(send_old(client, sender))
    sent(send_old(client, sender, request=options, **given))
    without, with_them = columns("sender", "recipient", "track_link", "vendor_fields", "send_on", "told_states")
    assert with_them == without


def test_a_query_sends_to_each_recipient(client: FlaskClient, sender: Sender) -> None:
    query = f"username={sender.sid}&password={sender.token}&from=Acme&text=Hi&flash=False&indiaDltContentTemplateId="
    answer = sent(client.get(f"{QUERY}?{query}&to={TO},4366112345&validityPeriod=10&notifyUrl=http://127.0.0.1:9/r"))
    assert [message["to"] for message in answer["messages"]] == [TO, "4366112345"]
    repeated = sent(client.get(f"{QUERY}?{query}&to=431&to=432&bulkId=b", headers={"Authorization": "App x"}))
    assert (len(repeated["messages"]), repeated["bulkId"]) == (2, "b")
    assert columns("receipts_url")[:2] == ["http://127.0.0.1:9/r"] * 2


def test_head_sends_nothing_and_takes_no_reports(client: FlaskClient, sender: Sender) -> None:
    for path in (f"{QUERY}?to={TO}&text=Hi", "/sms/1/reports", "/sms/3/reports"):
        answer = client.head(path, headers=key(sender))
        assert (answer.status_code, "HEAD" in answer.headers["Allow"]) == (405, False)
    assert columns("id") == []


# What is refused


BAD_OLD: list[tuple[dict[str, Any], str]] = [
    ({"text": None}, "messages[0].text"),
    ({"text": ""}, "messages[0].text"),
    ({"text": "x" * 10_001}, "messages[0].text"),
    ({"text": "a\0"}, "messages[0].text"),
    ({"text": "\ud800"}, "messages[0].text"),
    ({"text": 5}, "messages[0].text"),
    ({"from": "x" * 201}, "messages[0].from"),
    ({"from": {}}, "messages[0].from"),
    ({"destinations": []}, "messages[0].destinations"),
    ({"destinations": None}, "messages[0].destinations"),
    ({"destinations": [7]}, "messages[0].destinations[0]"),
    ({"destinations": [{"to": TO}, {}]}, "messages[0].destinations[1].to"),
    ({"destinations": [{"to": "1" * 51}]}, "messages[0].destinations[0].to"),
    ({"destinations": [{"to": "a@example.com"}]}, "messages[0].destinations[0].to"),
    ({"destinations": [{"to": TO, "messageId": "x" * 201}]}, "messages[0].destinations[0].messageId"),
    ({"destinations": [{"to": TO, "messageId": "\0"}]}, "messages[0].destinations[0].messageId"),
    ({"destinations": [{"to": TO}] * 1001}, "messages[0].destinations"),
    ({"callbackData": "x" * 4001}, "messages[0].callbackData"),
    ({"callbackData": "\0"}, "messages[0].callbackData"),
    ({"notifyUrl": "ftp://x"}, "messages[0].notifyUrl"),
    ({"notifyUrl": "http://169.254.169.254/"}, "messages[0].notifyUrl"),
    ({"intermediateReport": "perhaps"}, "messages[0].intermediateReport"),
    ({"sendAt": "9999-12-31T23:59:59Z"}, "messages[0].sendAt"),
    ({"sendAt": f"{DAY_TOO_LATE}T00:00:00Z"}, "messages[0].sendAt"),
    ({"sendAt": "soon"}, "messages[0].sendAt"),
    ({"validityPeriod": 0}, "messages[0].validityPeriod"),
    ({"validityPeriod": True}, "messages[0].validityPeriod"),
    ({"validityPeriod": 1.5}, "messages[0].validityPeriod"),
    ({"entityId": "x" * 256}, "messages[0].entityId"),
]
BAD_NEW: list[tuple[dict[str, Any], str]] = [
    ({"content": None}, "messages[0].content"),
    ({"content": {"hexContent": "0A", "dataCoding": 0}}, "messages[0].content.text"),
    ({"destinations": [{"to": "1" * 65}]}, "messages[0].destinations[0].to"),
    ({"options": {"validityPeriod": {"amount": 1, "timeUnit": "DAYS"}}}, "messages[0].options.validityPeriod.timeUnit"),
    ({"options": {"validityPeriod": {}}}, "messages[0].options.validityPeriod.amount"),
    ({"options": {"campaignReferenceId": "x" * 256}}, "messages[0].options.campaignReferenceId"),
    ({"webhooks": {"delivery": {"url": "crm"}}}, "messages[0].webhooks.delivery.url"),
    ({"webhooks": "x"}, "messages[0].webhooks"),
]
BAD_OPTIONS: list[tuple[Any, str]] = [
    ([], "options"),
    ({"schedule": {"bulkId": "x" * 101}}, "options.schedule.bulkId"),
    ({"schedule": {"sendAt": f"{DAY_TOO_LATE}T00:00:00Z"}}, "options.schedule.sendAt"),
    ({"tracking": {"trackingUrl": "\ud800"}}, "options.tracking.trackingUrl"),
    ({"tracking": {"shortenUrl": 1}}, "options.tracking.shortenUrl"),
]


@pytest.mark.parametrize(("fields", "path"), BAD_OLD)
def test_a_bad_field_is_named_by_its_path(client: FlaskClient, sender: Sender, fields: Any, path: str) -> None:
    assert path in faults(send_old(client, sender, **fields))


UNTAKEN = ("message", "sender", "recipient", "client_tag", "receipts_url", "validity_period", "send_on")


def test_faults_of_a_submission_have_their_paths(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise InvalidFieldsError({name: ["is wrong"] for name in UNTAKEN})

    monkeypatch.setattr(Submission, "check", refuse)
    in_old = "text from destinations[0].to destinations[0].messageId notifyUrl validityPeriod sendAt"
    assert faults(send_old(client, sender)) == {f"messages[0].{name}" for name in in_old.split()}
    in_new = "content.text sender destinations[0].to destinations[0].messageId webhooks.delivery.url"
    expected = {f"messages[0].{name}" for name in (*in_new.split(), "options.validityPeriod")}
    assert faults(send_new(client, sender)) == expected | {"options.schedule.sendAt"}
    asked = client.get(QUERY, query_string={"to": TO, "text": "Hello"}, headers=key(sender))
    assert {"to[0]", "text", "from", "notifyUrl"} < faults(asked)


def test_too_many_links_together_are_refused(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shortener.messages.portions.MOST_LINKS", 1)
    two = [{"to": TO}, {"to": TO}]
    assert faults(send_old(client, sender, destinations=two)) == {"messages"}
    assert faults(send_new(client, sender, destinations=two)) == {"messages"}
    query = {"to": f"{TO},{TO}", "text": TEXT}
    assert faults(client.get(QUERY, query_string=query, headers=key(sender))) == {"to"}
    assert columns("id") == []


def test_large_requests_take_turns(client: FlaskClient, sender: Sender, services: Services) -> None:
    account, _ = authenticate(services.readers, sender.sid, sender.token)
    while services.long_calls.begin(account.id):
        pass
    padding = {"padding": "x" * 600_000}
    assert send_old(client, sender, request=padding).status_code == 429
    assert send_new(client, sender, options=padding).status_code == 429
    assert send_new(client, sender).status_code == 200


@pytest.mark.parametrize(("fields", "path"), BAD_NEW)
def test_a_bad_field_is_a_violation(client: FlaskClient, sender: Sender, fields: Any, path: str) -> None:
    message = {"sender": "A", "destinations": [{"to": TO}], "content": {"text": TEXT}, **fields}
    assert path in faults(client.post(NEW, json={"messages": [message]}, headers=key(sender)))


@pytest.mark.parametrize(("options", "path"), BAD_OPTIONS)
def test_a_bad_option_is_a_violation(client: FlaskClient, sender: Sender, options: Any, path: str) -> None:
    assert path in faults(send_new(client, sender, options=options))


@pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": None}, {"messages": {"a": 1}}])
@pytest.mark.parametrize("path", [OLD, NEW])
def test_a_request_without_messages_is_refused(client: FlaskClient, sender: Sender, path: str, body: Any) -> None:
    assert faults(client.post(path, json=body, headers=key(sender))) == {"messages"}


def test_too_many_destinations_together_are_refused(client: FlaskClient, sender: Sender) -> None:
    message = {"from": "A", "text": "Hi", "destinations": [{"to": TO}] * 501}
    answer = client.post(OLD, json={"messages": [message, message]}, headers=key(sender))
    assert faults(answer) == {"messages"}


@pytest.mark.parametrize("path", [OLD, NEW])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"messages": NaN}', b'"\xff"'])
def test_a_body_that_is_no_object_is_refused(client: FlaskClient, sender: Sender, path: str, body: bytes) -> None:
    answer = client.post(path, data=body, content_type="application/json", headers=key(sender))
    assert answer.status_code == 400
    assert ("requestError" if path == OLD else "errorCode") in answer.get_json()


def test_an_overlong_body_is_refused_in_the_vendors_form(client: FlaskClient, sender: Sender) -> None:
    for path, name in ((OLD, "requestError"), (NEW, "errorCode")):
        answer = client.post(
            path, data=b" " * (4 * 1024 * 1024 + 1), content_type="application/json", headers=key(sender)
        )
        assert (answer.status_code, name in answer.get_json()) == (413, True)


def test_an_outage_is_told_in_the_vendors_form(client: FlaskClient, database_url: str, sender: Sender) -> None:
    with database_faults.read_only(database_url):
        old, new = send_old(client, sender), send_new(client, sender)
    assert (old.status_code, new.status_code, new.json["errorCode"]) == (503, 503, "E503")
    assert "serviceException" in old.json["requestError"] and old.headers["Retry-After"]


def test_an_outage_after_the_beginning_rejects_the_rest(
    client: FlaskClient, database_url: str, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the whole request failed, its client would repeat it, and send once more what was stored before."""
    monkeypatch.setattr("shortener.messages.portions.SIZE", 2)
    to = [{"to": f"4179302672{number}", "messageId": f"m{number}"} for number in range(5)]
    with ExitStack() as fault:
        begin = SimpleNamespace(sleep=lambda _: fault.enter_context(database_faults.read_only(database_url)))
        monkeypatch.setattr("shortener.messages.group_commit.time", begin)  # it sleeps between two transactions
        answer = send_new(client, sender, destinations=to)
    found = [(one["messageId"], one["status"]["name"], one["shortlink"] is None) for one in answer.json["messages"]]
    assert found == [
        *((f"m{number}", "PENDING_ACCEPTED", False) for number in range(2)),
        *((f"m{number}", "REJECTED_SYSTEM_ERROR", True) for number in range(2, 5)),
    ]
    assert columns("client_tag") == ["m0", "m1"]


def test_the_limits_of_an_account_reject_single_messages(client: FlaskClient, app: Flask) -> None:
    limited = make_account("limited", monthly_limit=1)
    answer = sent(send_old(client, limited, destinations=[{"to": TO}, {"to": TO}]))
    assert [message["status"]["id"] for message in answer["messages"]] == [26, 12]
    assert "month" in answer["messages"][1]["status"]["description"]
    quiet = make_account("quiet", quiet_hours="00:00-12:00", time_zone="Asia/Seoul")
    answer = sent(send_old(client, quiet, sendAt=f"{DAY_LATER}T00:00:00+0900"))
    assert answer["messages"][0]["status"]["groupName"] == "REJECTED"
    assert "quiet hours" in answer["messages"][0]["status"]["description"]


@pytest.mark.parametrize("path", ["/sms/1/reports", "/sms/3/logs", "/sms/1/text/query", "/sms/1/nothing", "/email/7/x"])
def test_other_methods_and_paths_have_the_vendors_form(client: FlaskClient, sender: Sender, path: str) -> None:
    answer = client.delete(path, headers=key(sender))
    assert answer.status_code in (404, 405)
    assert {"requestError", "errorCode"} & set(answer.get_json())


# Credentials


def test_basic_credentials_are_sid_and_token(client: FlaskClient, sender: Sender) -> None:
    assert client.get("/sms/3/logs", headers=sender.basic).status_code == 200


@pytest.mark.parametrize("path", [*LOGS, "/sms/1/reports", "/sms/3/reports", f"{QUERY}?username=a&password=b"])
def test_wrong_credentials_are_refused_on_every_path(client: FlaskClient, sender: Sender, path: str) -> None:
    other = base64.b64encode(f"{'x' * 32}:{sender.token}".encode()).decode()
    for header in ("", "App wrong", f"Bearer {sender.token}", f"Basic {other}"):
        answer = client.get(path, headers={"Authorization": header})
        assert answer.status_code == 401
        schemes = [scheme.split()[0] for scheme in answer.headers["WWW-Authenticate"].split(", ")]
        assert schemes == ["Basic", 'charset="UTF-8"', "App"]


def test_parameters_are_credentials_of_one_call_only(client: FlaskClient, sender: Sender) -> None:
    query = f"username={sender.sid}&password={sender.token}"
    assert client.get(f"/sms/1/logs?{query}").status_code == 401
    assert client.get(f"{QUERY}?{query}").status_code == 400


def test_a_disabled_account_has_wrong_credentials(client: FlaskClient, sender: Sender) -> None:
    disable_account("shop")
    answer = send_new(client, sender)
    assert (answer.status_code, answer.json["errorCode"]) == (401, "E401")
