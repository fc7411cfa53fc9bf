"""The calls for e-mail, in both generations: what is stored, what is answered, and every error in the vendor's form."""

import base64
import datetime as dt
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from urllib3 import encode_multipart_formdata

from shortener.accounts.authentication import authenticate
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Attachment, Message, Part
from tests.support import database_faults
from tests.support.factories import Sender, make_account

TARGET = "https://shop.example.com/track?id=1&lang=en"
HTML = f'<p>荷物 <a href="{TARGET.replace("&", "&amp;")}">track</a> <img src="cid:logo.png"></p>'
TEXT = f"Your parcel: {TARGET}"
LEAST = {"from": "Acme <news@acme.example>", "to": "anna@example.com", "subject": "Hello", "text": TEXT}
OLD, NEW = "/email/3/send", "/email/4/messages"
LISTS = ("/email/1/reports", "/email/1/logs", "/email/4/reports", "/email/4/logs")


def app_key(sender: Sender) -> dict[str, str]:
    return {"Authorization": f"App {sender.token}"}


@pytest.fixture
def http(client: FlaskClient, sender: Sender) -> FlaskClient:
    """A client with an API key."""
    client.environ_base["HTTP_AUTHORIZATION"] = app_key(sender)["Authorization"]
    return client


def send(http: FlaskClient, **fields: Any) -> Any:
    pairs = [
        (name, value)
        for name, given in {**LEAST, **fields}.items()
        for value in (given if isinstance(given, list) else [given])
        if value is not None
    ]
    data, content_type = encode_multipart_formdata(pairs)
    return http.post(OLD, data=data, content_type=content_type)


def file(name: str, content: bytes, kind: str = "application/octet-stream") -> tuple[str, bytes, str]:
    return name, content, kind


def body(**changed: Any) -> dict[str, Any]:
    message = {
        "sender": "Acme <news@acme.example>",
        "destinations": [{"to": [{"destination": "anna@example.com"}]}],
        "content": {"subject": "Hello", "text": TEXT, "html": HTML},
    }
    return {"messages": [{**message, **changed}]}


def stored() -> list[Message]:
    with db.read() as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


def set_state(state: MessageState = MessageState.DELIVERED) -> None:
    """Give every message this state."""
    with db.write() as session:
        for message in session.scalars(select(Message)):
            message.state, message.state_on = state, message.received_on


# Sending


def test_a_mail_is_rewritten_and_stored(http: FlaskClient) -> None:
    answer = send(http, html=HTML)
    assert answer.status_code == 200
    [sent] = answer.json["messages"]
    assert (sent["to"], sent["messageCount"], sent["status"]["name"]) == ("anna@example.com", 1, "PENDING_ACCEPTED")
    assert "bulkId" not in answer.json
    assert sent["text"] == f"Your parcel: {sent['shortlink']}"
    assert sent["html"] == HTML.replace(TARGET.replace("&", "&amp;"), sent["shortlink"])
    [message] = stored()
    assert (message.msgid, message.face, message.subject) == (sent["messageId"], "infobip", "Hello")
    assert (message.sender, message.recipient) == ("Acme <news@acme.example>", "anna@example.com")


def test_every_recipient_gets_a_message_of_its_own(http: FlaskClient) -> None:
    answer = send(
        http,
        to=["anna@example.com", '{"to": "ben@example.com", "placeholders": {"name": "Ben"}}'],
        cc="carl@example.com",
        bcc="dora@example.com",
        text=f"Hello {{{{name}}}}: {TARGET}",
        defaultPlaceholders='{"name": "you"}',
        messageId="mine",
    )
    sent = answer.json["messages"]
    assert [each["to"] for each in sent] == [f"{name}@example.com" for name in ("anna", "ben", "carl", "dora")]
    assert len({each["shortlink"] for each in sent}) == 4
    assert [each["text"].split(":")[0] for each in sent] == ["Hello you", "Hello Ben", "Hello you", "Hello you"]
    assert sent[0]["messageId"] == "mine"
    assert {message.bulk_id for message in stored()} == {answer.json["bulkId"]}


@pytest.mark.parametrize("names", [("to", "to"), ("to[]", "to[]"), ("to[0]", "to[1]"), ("to['0']", "to['1']")])
def test_recipients_may_be_spelled_in_any_way(http: FlaskClient, names: tuple[str, str]) -> None:
    form = [(names[0], "anna@example.com"), (names[1], "ben@example.com")]
    pairs = [*form, *((name.upper(), value) for name, value in LEAST.items() if name != "to")]
    border = "xyz"
    parts = [f'--{border}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs]
    content = "".join([*parts, f"--{border}--\r\n"]).encode()
    answer = http.post(OLD, data=content, content_type=f"multipart/form-data; boundary={border}")
    assert [each["to"] for each in answer.json["messages"]] == ["anna@example.com", "ben@example.com"]


CONTENT = bytes(range(256)) * 9000  # more than the parser keeps in memory


def test_files_are_stored_byte_for_byte(http: FlaskClient) -> None:
    answer = send(
        http,
        html=HTML,
        attachment=[
            file("a.bin", CONTENT),
            file("folder/請求書.pdf", b"%PDF", "application/pdf"),
            file("x", b"", "no type"),
        ],
        inlineImage=file("logo.png", b"\x89PNG\r\n", "image/png"),
        gateway="none",
    )
    assert answer.status_code == 200
    with db.read() as session:
        found = session.scalars(select(Attachment).order_by(Attachment.position)).all()
        assert [(each.name, each.content_type, each.size) for each in found] == [
            ("logo.png", "image/png", 6),
            ("a.bin", "application/octet-stream", len(CONTENT)),
            ("請求書.pdf", "application/pdf", 4),
            ("x", "application/octet-stream", 0),
        ]


def test_the_new_form_stores_the_same(http: FlaskClient) -> None:
    content = {
        "subject": "Hello",
        "html": HTML,
        "attachments": [
            {"type": "binary", "content": base64.b64encode(CONTENT).decode(), "fileName": "a.bin", "contentType": "x/y"}
        ],
    }
    answer = http.post(NEW, json=body(content=content, webhooks={"callbackData": "4711"}))
    [sent] = answer.json["messages"]
    assert (sent["destination"], sent["text"]) == ("anna@example.com", "")
    assert sent["shortlink"] in sent["html"]
    with db.read() as session:
        assert session.scalars(select(Attachment.size)).one() == len(CONTENT)
        assert session.scalars(select(Part.text).where(Part.kind == "html")).one() == HTML
    assert stored()[0].vendor_fields == {
        **{"form": "email/4", "callbackData": "4711", "senderAddress": "news@acme.example"}
    }


@pytest.mark.parametrize(
    ("fields", "replaced"),
    [
        ({}, True),
        ({"trackClicks": "false"}, False),
        ({"track": "False"}, False),
        ({"track": "false", "trackClicks": "True"}, True),
    ],
)
def test_the_client_decides_about_links(http: FlaskClient, fields: dict[str, str], replaced: bool) -> None:
    [sent] = send(http, **fields).json["messages"]
    assert (sent["shortlink"] is not None) is replaced


def test_an_account_may_leave_links(client: FlaskClient) -> None:
    plain = make_account("plain", track_link=False)
    answer = client.post(NEW, json={**body(), "options": {"tracking": {"track": True}}}, headers=app_key(plain))
    assert answer.json["messages"][0]["shortlink"] is None


def test_every_link_is_replaced(http: FlaskClient) -> None:
    [sent] = send(http, text=f"{TARGET} {TARGET}2").json["messages"]
    assert "shop.example.com" not in sent["text"]


def test_an_own_id_is_taken_once(http: FlaskClient) -> None:
    assert send(http, messageId="mine").json["messages"][0]["messageId"] == "mine"
    [again] = send(http, messageId="mine").json["messages"]
    assert (again["status"]["groupName"], again["status"]["id"], again["messageId"]) == ("REJECTED", 23, "mine")
    assert (again["text"], again["html"], again["shortlink"]) == (None, None, None)
    assert len(stored()) == 1


def test_a_mail_may_be_sent_later(http: FlaskClient) -> None:
    assert send(http, sendAt="2001-01-01T00:00:00Z").status_code == 200
    assert stored()[0].send_on is None
    late = send(http, sendAt="9998-12-31T23:59:59.000+0000")
    assert late.json["requestError"]["serviceException"]["validationErrors"] == {
        **{"sendAt": ["This field must be in the next 180 days."]}
    }
    new = http.post(NEW, json={**body(), "options": {"schedule": {"sendAt": "9998-12-31T23:59:59.000-0900"}}})
    assert [fault["property"] for fault in new.json["violations"]] == ["options.schedule.sendAt"]


# Errors


def test_faults_have_the_form_of_their_path(http: FlaskClient) -> None:
    old = send(http, subject=None, templateId="17", notifyUrl="nonsense")
    fault = old.json["requestError"]["serviceException"]
    assert (old.status_code, fault["messageId"]) == (400, "BAD_REQUEST")
    assert sorted(fault["validationErrors"]) == ["notifyUrl", "subject", "templateId"]
    new = http.post(NEW, json={"messages": [{}]})
    assert (new.status_code, new.json["errorCode"]) == (400, "E400")
    assert {each["property"] for each in new.json["violations"]} == {
        **dict.fromkeys(("messages[0].sender", "messages[0].destinations", "messages[0].content"))
    }.keys()
    assert stored() == []


def test_faults_that_a_message_has_get_their_paths(http: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    old = send(http, subject="a\nb")
    assert list(old.json["requestError"]["serviceException"]["validationErrors"]) == ["subject"]
    content = {"subject": "a\nb", "text": "Hello"}
    first = body()["messages"][0]
    new = http.post(NEW, json={"messages": [first, {**first, "content": content}]})
    assert [each["property"] for each in new.json["violations"]] == ["messages[1].content.subject"]
    monkeypatch.setattr("shortener.messages.portions.MOST_LINKS", 0)
    assert list(send(http).json["requestError"]["serviceException"]["validationErrors"]) == ["to"]
    assert [each["property"] for each in http.post(NEW, json=body()).json["violations"]] == ["messages"]
    assert stored() == []


@pytest.mark.parametrize("headers", [{}, {"Authorization": "App wrong"}, {"Authorization": "Bearer x"}])
@pytest.mark.parametrize(("method", "path"), [("POST", OLD), ("POST", NEW), *(("GET", path) for path in LISTS)])
def test_wrong_credentials_are_refused(client: FlaskClient, method: str, path: str, headers: dict[str, str]) -> None:
    answer = client.open(path, method=method, headers=headers)
    assert answer.status_code == 401
    assert ("errorCode" if "/4/" in path else "requestError") in answer.json


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/email/4/mime", 404),
        ("GET", "/email/2/validation", 404),
        ("GET", OLD, 405),
        ("DELETE", NEW, 405),
        ("HEAD", "/email/4/reports", 405),
        ("HEAD", "/email/1/reports", 405),
    ],
)
def test_unknown_calls_have_the_vendors_errors(http: FlaskClient, method: str, path: str, status: int) -> None:
    answer = http.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"", "multipart/form-data; boundary=x", 400),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
        (b"--x", "multipart/form-data", 400),
        (b"{", "application/json", 400),
        (b"x", "text/plain", 415),
        (b"", "", 400),
        (
            b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\n\xff\r\n--x--',
            "multipart/form-data; boundary=x",
            400,
        ),
    ],
)
def test_bodies_that_are_none_are_refused(http: FlaskClient, data: bytes, kind: str, status: int) -> None:
    answer = http.post(OLD, data=data, content_type=kind)
    assert (answer.status_code, list(answer.json)) == (status, ["requestError"])


def test_files_beyond_the_limit_are_refused(http: FlaskClient) -> None:
    half = bytes(11 * 1024**2)
    over = send(http, attachment=[file("a", half), file("b", half)])
    assert over.json["requestError"]["serviceException"]["validationErrors"] == {
        **{"attachment": ["This field must have at most 20 MiB together."]}
    }
    whole = send(http, attachment=file("a", bytes(27 * 1024**2)))
    assert (whole.status_code, list(whole.json)) == (413, ["requestError"])
    many = send(http, to=["anna@example.com"] * 11, attachment=file("a", half))
    assert list(many.json["requestError"]["serviceException"]["validationErrors"]) == ["to"]
    assert stored() == []


def test_large_mails_take_turns(http: FlaskClient, sender: Sender, services: Services) -> None:
    account, _ = authenticate(services.readers, sender.sid, sender.token)
    while services.long_calls.begin(account.id):
        pass
    old = send(http, html="x" * 600_000)
    assert (old.status_code, old.json["requestError"]["serviceException"]["messageId"]) == (429, "TOO_MANY_REQUESTS")
    content = {"subject": "Hello", "html": "x" * 600_000}
    new = http.post(NEW, json=body(content=content))
    assert (new.status_code, new.json["errorCode"]) == (429, "E429")
    assert send(http).status_code == 200


def test_an_outage_has_the_vendors_form(http: FlaskClient, database_url: str) -> None:
    with database_faults.read_only(database_url):
        old, new = send(http), http.post(NEW, json=body())
    assert (old.status_code, list(old.json)) == (503, ["requestError"])
    assert (new.status_code, new.json["errorCode"]) == (503, "E503")


def test_quiet_hours_reject_single_mails(client: FlaskClient) -> None:
    now = dt.datetime.now(dt.UTC)
    hours = f"{now - dt.timedelta(hours=1):%H:%M}-{now + dt.timedelta(hours=1):%H:%M}"
    quiet = make_account("quiet", quiet_hours=hours, quiet_mode="refuse")
    [sent] = client.post(NEW, json=body(), headers=app_key(quiet)).json["messages"]
    assert (sent["status"]["groupName"], sent["messageId"]) == ("REJECTED", None)


def test_a_monthly_limit_rejects_single_mails(client: FlaskClient) -> None:
    short = make_account("short", monthly_limit=1)
    headers = app_key(short)
    form = {**LEAST, "to": ["anna@example.com", "ben@example.com"]}
    sent = client.post(OLD, data=form, content_type="multipart/form-data", headers=headers).json["messages"]
    assert [each["status"]["id"] for each in sent] == [26, 12]


# Reports and logs


def test_reports_are_given_out_once(http: FlaskClient, other_sender: Sender) -> None:
    send(http, callbackData="4711", bulkId="b1", to=["anna@example.com", "ben@example.com"])
    assert http.get("/email/1/reports").json == {"results": []}
    set_state()
    assert http.get("/email/4/reports", headers=app_key(other_sender)).json == {"results": []}
    [first] = http.get("/email/1/reports?limit=1").json["results"]
    assert (first["to"], first["channel"], first["callbackData"], first["bulkId"]) == (
        *["anna@example.com", "EMAIL", "4711", "b1"],
    )
    assert (first["status"]["name"], first["error"]["name"], first["price"]) == (
        *["DELIVERED_TO_HANDSET", "NO_ERROR", {"pricePerMessage": 0, "currency": "EUR"}],
    )
    [second] = http.get("/email/4/reports").json["results"]
    assert (second["to"], second["sender"], second["error"]["groupName"]) == (
        *["ben@example.com", "Acme <news@acme.example>", "OK"],
    )
    for path in ("/email/1/reports", "/email/4/reports"):
        assert http.get(path).json == {"results": []}


def test_reports_of_sms_are_in_another_queue(http: FlaskClient) -> None:
    send(http)
    set_state()
    assert http.get("/sms/3/reports").json == {"results": []}
    assert len(http.get("/email/4/reports").json["results"]) == 1


def test_what_is_not_final_has_no_end(http: FlaskClient) -> None:
    send(http)
    [old] = http.get("/email/1/logs").json["results"]
    assert old["doneAt"] == old["sentAt"]
    assert (old["from"], old["text"].startswith("Your parcel: https://s.example.com/")) == (LEAST["from"], True)
    [new] = http.get("/email/4/logs").json["results"]
    assert "doneAt" not in new
    assert (new["destination"], new["text"]) == ("anna@example.com", old["text"])


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("from=news@acme.example", "sender=Acme <news@acme.example>", 2),
        ("from=other@acme.example", "sender=nonsense", 0),
        ("to=ben@example.com", "destination=Ben <ben@example.com>", 1),
        ("bulkId=b1,b2", "bulkId=b1&bulkId=b2", 2),
        ("messageId=mine,other", "messageId=mine&messageId=other", 1),
        ("generalStatus=PENDING", "generalStatus=PENDING", 2),
        ("generalStatus=DELIVERED", "generalStatus=DELIVERED", 0),
        ("sentSince=2001-01-01T00:00:00.000Z", "sentSince=2001-01-01T00:00:00.000%2B0900", 2),
        ("sentUntil=2001-01-01T00:00:00.000Z", "sentUntil=2001-01-01T00:00:00.000%2B0900", 0),
        ("limit=1", "limit=1&useCursor=true", 1),
    ],
)
def test_logs_are_filtered(http: FlaskClient, old: str, new: str, found: int) -> None:
    send(http, to=["anna@example.com", "ben@example.com"], bulkId="b1", messageId="mine")
    for path in (f"/email/1/logs?{old}", f"/email/4/logs?{new}"):
        assert len(http.get(path).json["results"]) == found


def test_a_cursor_leads_through_the_logs(http: FlaskClient) -> None:
    send(http, to=[f"{name}@example.com" for name in "abcde"])
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = http.get("/email/4/logs", query_string={"limit": 2, "useCursor": "true", "cursor": cursor or None}).json
        seen += [row["destination"][0] for row in page["results"]]
        cursor = page["cursor"]["nextCursor"]
    assert "".join(seen) == "edcba"


@pytest.mark.parametrize("query", ["limit=1001", "limit=0", "limit=x", "generalStatus=x", "sentSince=x"])
def test_faulty_filters_are_refused(http: FlaskClient, query: str) -> None:
    for path in LISTS:
        if "reports" in path and not query.startswith("limit"):
            continue
        assert http.get(f"{path}?{query}").status_code == 400


def test_a_hidden_recipient_stays_hidden(client: FlaskClient, services: Services) -> None:
    hiding = make_account("hiding", recipient_storage="none")
    headers = app_key(hiding)
    form = {**LEAST, "cc": "carl@example.com"}
    client.post(OLD, data=form, content_type="multipart/form-data", headers=headers)
    rows = client.get("/email/1/logs", headers=headers).json["results"]
    assert [row["to"] for row in rows] == ["", ""]
    assert "example.com" not in json.dumps([message.vendor_fields for message in stored()]).replace("acme.example", "")
