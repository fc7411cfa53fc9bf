"""The vendor's wire format, field by field."""

import base64
import datetime as dt
import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update
from werkzeug.test import TestResponse

from shortener.receipts.advance import News, advance
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.wire.cursor import after_row
from shortener.storage import db
from shortener.storage.models import Callback, Link, Message
from shortener.vendors.xoxzo import face
from tests.support.factories import BROWSER, DAY, NOW, TARGET, TEXT, Sender, disable_account, make_account, make_message

MESSAGES = "/sms/messages/"
FIELDS = {"message": TEXT, "recipient": "+818012345678", "sender": "XOXZO"}
REQUIRED = ["This field is required."]
BASE = "https://s.example.com"

BAD_CALLBACK_URLS = (
    "crm",
    "ftp://crm.example.com/",
    "http://169.254.169.254/",
    f"{BASE}/x",
    "https://",
    "a\0b",
    "\ud800",
)
BAD_FIELDS: list[tuple[str, Any]] = [
    ("message", 5),
    ("message", ["a"]),
    ("message", {"a": 1}),
    ("message", "x" * 10_001),
    ("message", "before\0after"),
    ("message", "\ud800"),
    ("recipient", 818012345678),
    ("recipient", "+8180\x0012345"),
    ("recipient", "\udfff"),
    ("sender", True),
    ("sender", "\0"),
    ("sender", "\ud800"),
    ("sender", "x" * 201),
    ("tags", 7),
    ("tags", [1]),
    ("tags", ["\ud800"]),
    ("tags", "a,\0"),
    ("tags", [[[["a"]]]]),
    ("track_link", "1"),
    ("track_link", 1),
    ("track_link", {}),
    ("lt_callbackurl", 1),
    ("callbackurl", "https://crm.example.com/" + "x" * 2048),
    ("nul\0", "x"),
    ("\ud800", "x"),
    ("client_tag", "x"),
]
BAD_JSON = (
    b"",
    b"{",
    b"[]",
    b'"text"',
    b"null",
    b"[" * 100_000,
    b'{"message": NaN}',
    b'{"message": 1e999}',
    b'{"message": "\xff\xfe"}',
    b'{"message": "\xed\xa0\x80"}',
    b'{"message": "a\0b"}',
)
BAD_FORMS = (b"message=\xff", b"message=%FF", b"message=%ED%A0%80", b"message=%E3%81", b"%FF=a")
BAD_CREDENTIALS = (
    None,
    "",
    "Basic",
    "Basic !!!",
    *("Basic " + base64.b64encode(pair).decode() for pair in (b"no colon", b"123:456", b"\xff:\xff", b"a:\0")),
    "Digest username=x",
)
UNKNOWN_MSGIDS = ("a" * 32, "a", "dabd8e76-390f-421c-87b5-57f31339d0c5", "%00", "%FF", "%F0%9F%98%80", "a" * 3000)


def send(client: FlaskClient, sender: Sender, **fields: Any) -> TestResponse:
    return client.post(MESSAGES, data=FIELDS | fields, headers=sender.basic)


def send_json(client: FlaskClient, sender: Sender, body: bytes | str) -> TestResponse:
    return client.post(MESSAGES, data=body, content_type="application/json", headers=sender.basic)


def status_of(client: FlaskClient, sender: Sender, msgid: str) -> dict[str, Any]:
    answer = client.get(f"{MESSAGES}{msgid}/", headers=sender.basic)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def listed(client: FlaskClient, sender: Sender, query: str = "") -> list[str]:
    answer = client.get(MESSAGES + query, headers=sender.basic)
    assert answer.status_code == 200, answer.json
    return [entry["msgid"] for entry in answer.json]


def stored(table: type[Message] | type[Link]) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


@contextmanager
def counted_queries() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(db.db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.db.engine, "before_cursor_execute", note)


# Sending


def test_a_message_is_answered_with_a_list_of_one(client: FlaskClient, sender: Sender) -> None:
    answer = send(client, sender)
    assert answer.status_code == 201
    assert answer.content_type == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    [entry] = answer.json
    assert list(entry) == ["msgid", "message", "shortlink"]
    assert len(entry["msgid"]) == 32
    assert entry["shortlink"].startswith(f"{BASE}/")
    assert entry["message"] == TEXT.replace(TARGET, entry["shortlink"])


def test_the_returned_shortlink_redirects_to_the_link(client: FlaskClient, sender: Sender) -> None:
    [entry] = send(client, sender).json
    followed = client.get(entry["shortlink"].removeprefix(BASE), headers={"User-Agent": BROWSER})
    assert (followed.status_code, followed.headers["Location"]) == (302, TARGET)


def test_a_message_without_a_link_has_a_null_shortlink(client: FlaskClient, sender: Sender) -> None:
    [entry] = send(client, sender, message="See you at nine").json
    assert (entry["message"], entry["shortlink"]) == ("See you at nine", None)


@pytest.mark.parametrize("path", ["/sms/messages/", "/sms/messages"])
def test_the_last_slash_is_optional(client: FlaskClient, sender: Sender, path: str) -> None:
    assert client.post(path, data=FIELDS, headers=sender.basic).status_code == 201


def test_a_message_is_taken_as_json_too(client: FlaskClient, sender: Sender) -> None:
    answer = client.post(MESSAGES, json=FIELDS, headers=sender.basic)
    assert answer.status_code == 201
    assert answer.json[0]["shortlink"].startswith(f"{BASE}/")


@pytest.mark.parametrize("switch", [True, "true", "True"])
def test_track_link_accepts_json_and_form_values(client: FlaskClient, database_kind: str, switch: bool | str) -> None:
    sender = make_account("quiet", track_link=False)
    as_json = client.post(MESSAGES, json=FIELDS | {"track_link": switch}, headers=sender.basic)
    as_form = send(client, sender, track_link=str(switch))
    assert as_json.json[0]["shortlink"]
    assert as_form.json[0]["shortlink"]


def test_without_track_link_the_accounts_default_decides(client: FlaskClient, sender: Sender) -> None:
    quiet = make_account("quiet", track_link=False)
    assert send(client, sender).json[0]["shortlink"] is not None
    assert send(client, quiet).json[0] | {"msgid": ""} == {"msgid": "", "message": TEXT, "shortlink": None}


def test_a_first_click_calls_only_lt_callbackurl(client: FlaskClient, sender: Sender) -> None:
    urls = {"lt_callbackurl": "https://crm.example.com/clicks", "callbackurl": "https://crm.example.com/receipts"}
    [entry] = send(client, sender, **urls).json
    with db.read() as session:
        assert session.scalars(select(Message.vendor_fields)).one() == {"callbackurl": urls["callbackurl"]}
    client.get(entry["shortlink"].removeprefix(BASE), headers={"User-Agent": BROWSER})
    with db.read() as session:
        assert session.scalars(select(Callback.url)).all() == [urls["lt_callbackurl"]]


@pytest.mark.parametrize(
    "tags",
    [
        {"tags": "spring,sale"},
        {"tags": ["spring", "sale"]},
        {"tags": " spring , sale ,"},
    ],
    ids=str,
)
def test_tags_come_back_as_a_list(client: FlaskClient, sender: Sender, tags: dict[str, Any]) -> None:
    """A form writes a list by repeating the field."""
    as_form = send(client, sender, **tags).json[0]["msgid"]
    as_json = client.post(MESSAGES, json=FIELDS | tags, headers=sender.basic).json[0]["msgid"]
    assert status_of(client, sender, as_form)["tags"] == ["spring", "sale"]
    assert status_of(client, sender, as_json)["tags"] == ["spring", "sale"]


def test_a_repeated_tags_field_may_hold_lists_and_nothing(client: FlaskClient, sender: Sender) -> None:
    msgid = send(client, sender, tags=["", "spring,sale", "new"]).json[0]["msgid"]
    assert status_of(client, sender, msgid)["tags"] == ["spring", "sale", "new"]


def test_options_for_the_vendors_carriers_are_passed_over(client: FlaskClient, sender: Sender) -> None:
    assert send(client, sender, jp_kp="true", jp_kp_sender="0312341234", jp_kddi_sender="03").status_code == 201
    assert send(client, sender, jp_kpl="true").status_code == 201


@pytest.mark.parametrize("number", ["+818012345678", "+81 80-1234-5678", "+39 06 1234567", "+1 (415) 555.0100"])
def test_a_phone_number_is_taken_with_the_usual_separators(client: FlaskClient, sender: Sender, number: str) -> None:
    msgid = send(client, sender, recipient=number).json[0]["msgid"]
    assert status_of(client, sender, msgid)["recipient"] == number


# Refusing a message


def test_what_is_required_is_asked_for_by_field(client: FlaskClient, sender: Sender) -> None:
    nothing = client.post(MESSAGES, headers=sender.basic)
    assert nothing.status_code == 400
    assert nothing.content_type == "application/json"
    assert nothing.json == {"message": REQUIRED, "recipient": REQUIRED, "sender": REQUIRED}
    assert send(client, sender, message="").json == {"message": REQUIRED}
    assert client.post(MESSAGES, json={**FIELDS, "sender": None}, headers=sender.basic).json == {"sender": REQUIRED}
    assert client.post(MESSAGES, json={**FIELDS, "recipient": ""}, headers=sender.basic).json == {"recipient": REQUIRED}
    assert stored(Message) == 0


def test_everything_that_is_wrong_is_named_at_once(client: FlaskClient, sender: Sender) -> None:
    fields = {"message": TEXT, "recipient": "Bob", "track_link": "maybe", "callback_url": "https://crm.example.com/"}
    answer = client.post(MESSAGES, data=fields, headers=sender.basic)
    assert answer.status_code == 400
    assert answer.json == {
        "recipient": ["This field must be a number in E.164, like +818012345678, without the national 0."],
        "sender": REQUIRED,
        "track_link": ["This field must be true or false."],
        "callback_url": ["This field is not known here."],
    }


def test_a_plus_that_the_form_has_lost_is_explained(client: FlaskClient, sender: Sender) -> None:
    form = {"data": b"message=x&sender=x&recipient=+818012345678", "content_type": "application/x-www-form-urlencoded"}
    [_, hint] = client.post(MESSAGES, headers=sender.basic, **form).json["recipient"]
    assert hint == "In a form, + is written %2B."


@pytest.mark.parametrize("number", ["+8108012345678", "818012345678", "08012345678", "+0312345678", "+81", "+8" * 9])
def test_what_is_no_phone_number_is_refused(client: FlaskClient, sender: Sender, number: str) -> None:
    answer = send(client, sender, recipient=number)
    assert (answer.status_code, list(answer.json)) == (400, ["recipient"])


@pytest.mark.parametrize("name", ["lt_callbackurl", "callbackurl"])
def test_an_invalid_or_internal_callback_url_is_refused(client: FlaskClient, sender: Sender, name: str) -> None:
    for url in BAD_CALLBACK_URLS:
        answer = send_json(client, sender, json.dumps(FIELDS | {name: url}))
        assert (answer.status_code, list(answer.json)) == (400, [name]), url
    assert stored(Message) == 0


def test_an_unusable_field_is_named(client: FlaskClient, sender: Sender) -> None:
    for name, value in BAD_FIELDS:
        answer = send_json(client, sender, json.dumps(FIELDS | {name: value}))
        shown = name.encode("utf-8", "replace").decode()  # a response cannot contain a lone surrogate
        assert (answer.status_code, list(answer.json)) == (400, [shown]), (name, value)
        assert all(isinstance(sentence, str) for sentence in answer.json[shown])
    assert (stored(Message), stored(Link)) == (0, 0)


def test_a_body_without_a_json_object_is_refused(client: FlaskClient, sender: Sender) -> None:
    for body in BAD_JSON:
        answer = send_json(client, sender, body)
        assert (answer.status_code, list(answer.json)) == (400, ["detail"]), body[:40]
    assert stored(Message) == 0


def test_a_form_in_another_encoding_is_refused(client: FlaskClient, sender: Sender) -> None:
    form = "application/x-www-form-urlencoded"
    for body in BAD_FORMS:
        answer = client.post(MESSAGES, data=body, content_type=form, headers=sender.basic)
        assert (answer.status_code, list(answer.json)) == (400, ["detail"]), body
    assert stored(Message) == 0


def test_nul_in_a_form_is_refused_by_field(client: FlaskClient, sender: Sender) -> None:
    assert send(client, sender, message="a\0b").json == {"message": ["This field must not contain the character NUL."]}
    assert stored(Message) == 0


def test_a_field_given_twice_is_refused(client: FlaskClient, sender: Sender) -> None:
    once = {"recipient": ["This field must be given once."]}
    as_form = send(client, sender, recipient=["+818012345678", "+819012345678"])
    as_json = send_json(client, sender, json.dumps(FIELDS)[:-1] + ', "recipient": "+819012345678"}')
    assert (as_form.status_code, as_form.json) == (400, once)
    assert (as_json.status_code, as_json.json) == (400, once)
    as_parts = client.post(
        MESSAGES,
        data=FIELDS | {"recipient": ["+818012345678", "+819012345678"]},
        content_type="multipart/form-data",
        headers=sender.basic,
    )
    assert (as_parts.status_code, as_parts.json) == (400, once)
    assert stored(Message) == 0


def test_another_media_type_is_415(client: FlaskClient, sender: Sender) -> None:
    for content_type in ("text/plain", "application/xml", "image/png", "application/notjson", "é"):
        answer = client.post(MESSAGES, data="message=a", content_type=content_type, headers=sender.basic)
        assert (answer.status_code, list(answer.json)) == (415, ["detail"]), content_type


def test_a_multipart_body_without_its_border_is_refused(client: FlaskClient, sender: Sender) -> None:
    answer = client.post(MESSAGES, data="message=a", content_type="multipart/form-data", headers=sender.basic)
    assert (answer.status_code, answer.json["message"]) == (400, REQUIRED)


def test_a_body_of_10_megabytes_is_413(client: FlaskClient, sender: Sender) -> None:
    body = b"message=" + b"x" * 10_000_000
    for content_type in ("application/json", "application/x-www-form-urlencoded", None):
        answer = client.post(MESSAGES, data=body, content_type=content_type, headers=sender.basic)
        assert (answer.status_code, list(answer.json)) == (413, ["detail"]), content_type
    assert stored(Message) == 0


# Who may


@pytest.mark.parametrize(("method", "path"), [("POST", MESSAGES), ("GET", MESSAGES), ("GET", f"{MESSAGES}{'a' * 32}")])
def test_wrong_credentials_are_401_with_a_detail(client: FlaskClient, sender: Sender, method: str, path: str) -> None:
    for header in BAD_CREDENTIALS:
        answer = client.open(path, method=method, headers={} if header is None else {"Authorization": header})
        assert (answer.status_code, list(answer.json)) == (401, ["detail"]), header
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.content_type == "application/json"


def test_a_token_of_another_account_is_refused(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    mixed = Sender(sender.name, sender.sid, other_sender.token, "")
    assert send(client, mixed).status_code == 401
    assert stored(Message) == 0


def test_a_disabled_account_gets_401(client: FlaskClient, sender: Sender) -> None:
    disable_account(sender.name)
    answer = send(client, sender)
    assert (answer.status_code, list(answer.json)) == (401, ["detail"])


# Status


@pytest.mark.parametrize("slash", ["/", ""])
def test_a_status_has_the_vendors_fields_and_dates(client: FlaskClient, sender: Sender, slash: str) -> None:
    msgid = send(client, sender, tags="a,b").json[0]["msgid"]
    with db.write() as session:
        received_on = dt.datetime(2026, 11, 16, 23, 59, 58, 999_999, tzinfo=dt.UTC)
        session.execute(update(Message).values(received_on=received_on))
    answer = client.get(f"{MESSAGES}{msgid}{slash}", headers=sender.basic)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    shortlink = answer.json["link_tracking"]["shortlink"]
    assert shortlink.startswith(f"{BASE}/")
    assert answer.json == {
        "status": "QUEUED",
        "sender": "XOXZO",
        "url": f"{BASE}/sms/messages/{msgid}/",
        "sent_time": "2026-11-16 23:59:58",
        "cost": 0,
        "msgid": msgid,
        "tags": ["a", "b"],
        "recipient": "+818012345678",
        "parts": 1,
        "link_tracking": {"link": TARGET, "shortlink": shortlink, "accessed": False, "accessed_on": None},
    }


@pytest.mark.parametrize(
    ("state", "word"),
    [
        *((MessageState.SCHEDULED, "QUEUED"), (MessageState.QUEUED, "QUEUED")),
        *((state, "DELIVERING") for state in (MessageState.SENT, MessageState.BUFFERED, MessageState.ACCEPTED)),
        *((MessageState.UNKNOWN, "DELIVERING"), (MessageState.DELIVERED, "DELIVERED")),
        *((state, "FAIL") for state in (MessageState.EXPIRED, MessageState.FAILED, MessageState.REJECTED)),
        (MessageState.CANCELED, "FAIL"),
    ],
)
def test_each_state_has_the_vendors_word(client: FlaskClient, sender: Sender, state: MessageState, word: str) -> None:
    message = make_message(sender).message
    with db.write() as session:
        assert advance(session.connection(), message.id, News(state, NOW), now=NOW)
    assert status_of(client, sender, message.msgid)["status"] == word


def test_a_click_shows_with_its_time(client: FlaskClient, sender: Sender) -> None:
    [entry] = send(client, sender).json
    client.get(entry["shortlink"].removeprefix(BASE), headers={"User-Agent": BROWSER})
    with db.read() as session:
        accessed_on = session.scalars(select(Link.accessed_on)).one()
    assert accessed_on is not None
    tracking = status_of(client, sender, entry["msgid"])["link_tracking"]
    assert tracking["accessed"] is True
    assert tracking["accessed_on"] == accessed_on.strftime("%Y-%m-%d %H:%M:%S")


def test_a_message_without_a_link_has_no_tracking(client: FlaskClient, sender: Sender) -> None:
    [entry] = send(client, sender, message="See you at nine").json
    found = status_of(client, sender, entry["msgid"])
    assert found["link_tracking"] is None
    assert found["tags"] == []


def test_parts_are_those_of_the_text_that_goes_out(client: FlaskClient, sender: Sender) -> None:
    text = "https://shop.example.com/" + "x" * 300
    [entry] = send(client, sender, message=text).json
    assert len(entry["message"]) < 160
    assert status_of(client, sender, entry["msgid"])["parts"] == 1
    [entry] = send(client, sender, message="あ" * 71).json
    assert status_of(client, sender, entry["msgid"])["parts"] == 2


def test_a_recipient_not_stored_is_null(client: FlaskClient, database_kind: str) -> None:
    sender = make_account("discreet", recipient_storage="none")
    msgid = send(client, sender).json[0]["msgid"]
    assert status_of(client, sender, msgid)["recipient"] is None


@pytest.mark.parametrize("slash", ["/", ""])
def test_an_unknown_msgid_is_404(client: FlaskClient, sender: Sender, slash: str) -> None:
    for msgid in UNKNOWN_MSGIDS:
        answer = client.get(f"{MESSAGES}{msgid}{slash}", headers=sender.basic)
        assert (answer.status_code, answer.json) == (404, {"detail": "Not found."}), msgid


def test_another_accounts_message_is_404(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    msgid = send(client, sender).json[0]["msgid"]
    answer = client.get(f"{MESSAGES}{msgid}/", headers=other_sender.basic)
    assert (answer.status_code, answer.json) == (404, {"detail": "Not found."})


def test_other_paths_and_methods_are_404_and_405(client: FlaskClient, sender: Sender) -> None:
    nowhere = client.get(f"{MESSAGES}a/b/", headers=sender.basic)
    assert (nowhere.status_code, nowhere.json) == (404, {"detail": "Not found."})
    for path, allowed in (
        (MESSAGES, {"GET", "HEAD", "OPTIONS", "POST"}),
        (f"{MESSAGES}a/", {"GET", "HEAD", "OPTIONS"}),
    ):
        answer = client.delete(path, headers=sender.basic)
        assert (answer.status_code, list(answer.json)) == (405, ["detail"])
        assert set(answer.headers["Allow"].split(", ")) == allowed


def test_an_unprintable_field_name_is_replaced(client: FlaskClient, sender: Sender) -> None:
    answer = client.post(MESSAGES, data=b'{"\\ud800": 1}', content_type="application/json", headers=sender.basic)
    assert answer.status_code == 400
    assert "is not known here" in answer.text
    assert "?" in answer.json and "ud800" not in answer.text


# The list


@pytest.fixture
def nine_o_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock at NOW, 2026-11-22 09:00: days are counted back from it."""
    monkeypatch.setattr(db, "now", lambda _session: NOW)


def make_days(sender: Sender, *back: float) -> dict[float, str]:
    """A message for each number of days back, by that number."""
    return {days: make_message(sender, now=NOW - days * DAY).message.msgid for days in back}


def day(back: int) -> str:
    return (NOW - back * DAY).date().isoformat()


@pytest.mark.parametrize("path", ["/sms/messages/", "/sms/messages"])
def test_the_list_is_empty_where_nothing_was_sent(client: FlaskClient, sender: Sender, path: str) -> None:
    answer = client.get(path, headers=sender.basic)
    assert (answer.status_code, answer.json) == (200, [])


@pytest.mark.usefixtures("nine_o_clock")
def test_the_list_has_90_days_newest_first(client: FlaskClient, sender: Sender) -> None:
    made = make_days(sender, 5, 91, 0, 89, 90)
    answer = client.get(MESSAGES, headers=sender.basic)
    assert [entry["msgid"] for entry in answer.json] == [made[back] for back in (0, 5, 89, 90)]
    assert answer.json == [status_of(client, sender, made[back]) for back in (0, 5, 89, 90)]
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_list_holds_nothing_of_others(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    send(client, other_sender)
    assert listed(client, sender) == []


@pytest.mark.usefixtures("nine_o_clock")
def test_a_comparison_stands_in_the_parameters_name(client: FlaskClient, sender: Sender) -> None:
    made = make_days(sender, 1, 3, 5)
    for comparisons, backs in (
        (("=", "%3D"), [3]),
        ((">=", "%3E=", "%3E%3D"), [1, 3]),
        ((">", "%3E"), [1]),
        (("<=", "%3C=", "%3C%3D"), [3, 5]),
        (("<", "%3C"), [5]),
    ):
        for comparison in comparisons:
            found = listed(client, sender, f"?sent_date{comparison}{day(3)}")
            assert found == [made[back] for back in backs], comparison


@pytest.mark.usefixtures("nine_o_clock")
def test_a_range_is_two_comparisons(client: FlaskClient, sender: Sender) -> None:
    made = make_days(sender, 1, 2, 3, 4)
    assert listed(client, sender, f"?sent_date%3E={day(3)}&sent_date%3C={day(2)}") == [made[2], made[3]]


@pytest.mark.usefixtures("nine_o_clock")
def test_an_invalid_or_old_day_is_400(client: FlaskClient, sender: Sender) -> None:
    invalid = {"sent_date": ["Invalid sent_date"]}
    for comparison in ("=", "%3E=", ">=", "%3C"):
        assert listed(client, sender, f"?sent_date{comparison}{day(89)}") == []
        answer = client.get(f"{MESSAGES}?sent_date{comparison}{day(91)}", headers=sender.basic)
        assert (answer.status_code, answer.json) == (400, invalid), comparison
    for filter_ in ("", "=", "=2026-13-01", "%3E=2026-13-01", "2026-11-16", "=%00", "=%FF", "=%ED%A0%80", "=\xff"):
        answer = client.get(f"{MESSAGES}?sent_date{filter_}", headers=sender.basic)
        assert (answer.status_code, answer.json) == (400, invalid), filter_


def test_an_unknown_parameter_is_400(client: FlaskClient, sender: Sender) -> None:
    answer = client.get(f"{MESSAGES}?send_date=2026-11-16", headers=sender.basic)
    assert (answer.status_code, answer.json) == (400, {"send_date": ["This field is not a parameter of this call."]})
    answer = client.get(f"{MESSAGES}?send_date=2026-11-16&sent_date=x&cursor=x", headers=sender.basic)
    assert (answer.status_code, set(answer.json)) == (400, {"send_date", "sent_date", "cursor"})


def test_a_cursor_that_comes_twice_is_400(client: FlaskClient, sender: Sender) -> None:
    answer = client.get(f"{MESSAGES}?cursor={after_row(NOW, 2)}&cursor={after_row(NOW, 1)}", headers=sender.basic)
    assert (answer.status_code, answer.json) == (400, {"cursor": ["This field must be given once."]})


def test_the_number_of_queries_is_constant(client: FlaskClient, sender: Sender) -> None:
    send(client, sender)
    with counted_queries() as for_one:
        assert len(listed(client, sender)) == 1
    for _ in range(9):
        send(client, sender)
    with counted_queries() as for_ten:
        assert len(listed(client, sender)) == 10
    assert len(for_ten) == len(for_one) > 0


@pytest.mark.usefixtures("nine_o_clock")
def test_a_longer_list_links_its_next_page(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face, "MOST_LISTED", 2)
    made = list(make_days(sender, 0, 0.25, 1, 1.25, 1.5).values())
    query, found, answers = f"?sent_date%3E={day(2)}", [], 0
    while query:
        answer = client.get(MESSAGES + query, headers=sender.basic)
        found += [entry["msgid"] for entry in answer.json]
        query = answer.headers.get("Link", "").removeprefix(f"<{BASE}{MESSAGES}").removesuffix('>; rel="next"')
        assert query.startswith(f"?sent_date%3E={day(2)}&cursor=") == bool(query)
        answers += 1
    assert (found, answers) == (made, 3)


def test_simultaneous_messages_keep_their_order(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face, "MOST_LISTED", 1)
    with db.read() as session:
        now = db.now(session)
    made = [make_message(sender, now=now).message.msgid for _ in range(3)]
    found, query = [], "?"
    for _ in range(3):
        answer = client.get(MESSAGES + query, headers=sender.basic)
        found += [entry["msgid"] for entry in answer.json]
        query = answer.headers.get("Link", "").removeprefix(f"<{BASE}{MESSAGES}").removesuffix('>; rel="next"')
    assert (found, query) == (made[::-1], "")


def test_a_cursor_that_was_never_given_out_is_400(client: FlaskClient, sender: Sender) -> None:
    far = base64.urlsafe_b64encode(struct.pack(">qq", 2**63 - 1, 1)).decode()
    for cursor in ("x", "%00", "%FF", "é", "", quote(far)):
        answer = client.get(f"{MESSAGES}?cursor={cursor}", headers=sender.basic)
        assert (answer.status_code, list(answer.json)) == (400, ["cursor"]), cursor
