"""Messages in bulk: answers in order, each entry by itself, in the format of the request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from shortener.accounts import message_rates
from shortener.accounts.message_rates import MessageRates
from shortener.messages import bulk as use_case
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Link, Message
from shortener.web.api import batches
from tests.support.factories import DAY, NOW, TARGET, TEXT, Sender, make_account, make_message, slug_of

ARRAY, LINES = "application/json", "application/x-ndjson"
BOTH = pytest.mark.parametrize("shape", [ARRAY, LINES])
PATH = "/v1/messages/batch"


def written(entries: list[Any], shape: str) -> bytes:
    """Write entries as a body; text is copied unchanged, to send invalid JSON."""
    texts = [entry if isinstance(entry, str) else json.dumps(entry) for entry in entries]
    return (f"[{', '.join(texts)}]" if shape == ARRAY else "\n".join(texts)).encode()


def post(client: FlaskClient, sender: Sender, body: bytes, shape: str, key: str | None = None) -> TestResponse:
    headers = sender.bearer | ({"Idempotency-Key": key} if key else {})
    return client.post(PATH, data=body, content_type=shape, headers=headers)


def answers(answer: TestResponse) -> list[dict[str, Any]]:
    """The entries of an answer, which must be complete."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    if answer.mimetype == ARRAY:
        found: list[dict[str, Any]] = json.loads(answer.data)
        return found
    assert not answer.data or answer.data.endswith(b"\n")
    return [json.loads(line) for line in answer.data.split(b"\n")[:-1]]


def sent(
    client: FlaskClient, sender: Sender, entries: list[Any], shape: str = ARRAY, key: str | None = None
) -> list[dict[str, Any]]:
    return answers(post(client, sender, written(entries, shape), shape, key))


def many(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"message": f"{number} {TARGET}", **fields} for number in range(count)]


def stored(table: type[Message] | type[Link] = Message) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def statuses(found: list[dict[str, Any]]) -> list[int]:
    return [entry["status"] for entry in found]


@BOTH
def test_an_entry_is_answered_like_a_single_message(client: FlaskClient, sender: Sender, shape: str) -> None:
    first, second = sent(client, sender, [{"message": TEXT}, {"message": "see you", "tags": ["a"]}], shape)
    alone = client.post("/v1/messages", json={"message": TEXT}, headers=sender.bearer).get_json()
    assert first.keys() == {"status", *alone}
    assert (first["status"], second["status"]) == (201, 201)
    assert first["message"] == TEXT.replace(TARGET, first["link_tracking"]["shortlink"])
    assert (second["message"], second["link_tracking"]) == ("see you", None)
    report = client.get(f"/v1/messages/{second['msgid']}", headers=sender.basic).get_json()
    assert report["tags"] == ["a"]


@pytest.mark.parametrize("shape", [ARRAY, LINES, "application/jsonl"])
def test_the_answer_has_the_shape_of_the_question(client: FlaskClient, sender: Sender, shape: str) -> None:
    answer = post(client, sender, written(many(2), ARRAY if shape == ARRAY else LINES), shape)
    assert answer.mimetype == shape
    assert answer.data.startswith(b"[{" if shape == ARRAY else b"{")
    assert len(answers(answer) if shape != "application/jsonl" else answer.data.splitlines()) == 2


@BOTH
def test_no_entries_have_no_answers(client: FlaskClient, sender: Sender, shape: str) -> None:
    assert sent(client, sender, [], shape) == []


@BOTH
def test_hundreds_are_answered_in_their_order(client: FlaskClient, sender: Sender, shape: str) -> None:
    found = sent(client, sender, many(600), shape)
    assert statuses(found) == [201] * 600
    assert [entry["message"].split()[0] for entry in found] == [str(number) for number in range(600)]
    assert len({entry["link_tracking"]["shortlink"] for entry in found}) == 600
    assert stored() == stored(Link) == 600


def test_they_are_listed_in_their_order_too(client: FlaskClient, sender: Sender) -> None:
    found = sent(client, sender, many(5))
    listed = client.get("/v1/messages", headers=sender.basic).get_json()["messages"]
    assert [entry["msgid"] for entry in listed] == [entry["msgid"] for entry in found][::-1]


@contextmanager
def counted() -> Iterator[dict[str, int]]:
    """Count statements and commits."""
    counts = {"statements": 0, "commits": 0}

    def statement(*_: object) -> None:
        counts["statements"] += 1

    def commit(*_: object) -> None:
        counts["commits"] += 1

    event.listen(db.db.engine, "before_cursor_execute", statement)
    event.listen(db.db.engine, "commit", commit)
    yield counts
    event.remove(db.db.engine, "before_cursor_execute", statement)
    event.remove(db.db.engine, "commit", commit)


def test_hundreds_share_a_transaction_and_its_statements(client: FlaskClient, sender: Sender) -> None:
    sent(client, sender, many(1))
    with counted() as counts:
        sent(client, sender, [entry | {"client_tag": f"t{place}"} for place, entry in enumerate(many(500))])
    assert counts["commits"] == 500 // use_case.SIZE
    assert counts["statements"] <= 2 + 6 * counts["commits"]


FAULTY: list[tuple[Any, int, str, str | None]] = [
    ({}, 422, "invalid_fields", "message"),
    ({"message": ""}, 422, "invalid_fields", "message"),
    ({"message": "x" * 10_001}, 422, "invalid_fields", "message"),
    ({"message": "a\0b"}, 422, "invalid_fields", "message"),
    ({"message": "x", "massage": "y"}, 422, "invalid_fields", "massage"),
    ({"message": "x", "lt_callbackurl": "http://192.168.1.1/"}, 422, "invalid_fields", "lt_callbackurl"),
    ('{"message": "\\ud800"}', 422, "invalid_fields", "message"),
    ('{"message": "x", "\\ud800": 1}', 422, "invalid_fields", None),
    ('{"message": "x", "message": "y"}', 422, "invalid_fields", "message"),
    (5, 400, "invalid_json", None),
    ([{"message": "x"}], 400, "invalid_json", None),
    ('{"message": NaN}', 400, "invalid_json", None),
    ('{"message": 1e999}', 400, "invalid_json", None),
]


@BOTH
@pytest.mark.parametrize(("entry", "status", "code", "field"), FAULTY, ids=range(len(FAULTY)))
def test_a_faulty_entry_does_not_affect_others(
    client: FlaskClient, sender: Sender, shape: str, entry: Any, status: int, code: str, field: str | None
) -> None:
    before, fault, after = sent(client, sender, [{"message": TEXT}, entry, {"message": TEXT}], shape)
    assert (before["status"], after["status"]) == (201, 201)
    assert (fault["status"], fault["code"]) == (status, code)
    assert fault["detail"]
    if field is not None:
        assert list(fault["errors"]) == [field]
    assert stored() == 2


def test_bytes_that_are_no_text_are_that_entrys_fault(client: FlaskClient, sender: Sender) -> None:
    body = b'[{"message": "a"}, {"message": "\xff"}, {"message": "b"}]'
    found = answers(post(client, sender, body, ARRAY))
    assert [entry.get("code") for entry in found] == [None, "invalid_utf8", None]


@pytest.mark.parametrize(
    "line", ["{", "]", "message=x", '{"message": "x"} {}', '{"message": "' + "x" * 8_500_000 + '"}']
)
def test_an_invalid_line_does_not_affect_others(client: FlaskClient, sender: Sender, line: str) -> None:
    found = sent(client, sender, [{"message": "a"}, line, {"message": "b"}], LINES)
    assert found[1]["status"] in (400, 413)
    assert [entry.get("message") for entry in found] == ["a", None, "b"]


class TestClientTags:
    def test_a_second_use_within_the_batch_names_the_first(self, client: FlaskClient, sender: Sender) -> None:
        entries = many(3, client_tag="t")
        first, second, third = sent(client, sender, entries)
        assert statuses([first, second, third]) == [201, 409, 409]
        assert (second["code"], second["msgid"], second["url"]) == ("client_tag_taken", first["msgid"], first["url"])
        assert third["msgid"] == first["msgid"]
        assert stored() == stored(Link) == 1

    def test_a_second_use_names_the_first_across_transactions(self, client: FlaskClient, sender: Sender) -> None:
        entries = many(use_case.SIZE + 2)
        entries[0]["client_tag"] = entries[-1]["client_tag"] = "t"
        found = sent(client, sender, entries)
        assert (found[-1]["status"], found[-1]["msgid"]) == (409, found[0]["msgid"])
        assert statuses(found[:-1]) == [201] * (use_case.SIZE + 1)

    def test_one_that_an_earlier_message_has_names_that(self, client: FlaskClient, sender: Sender) -> None:
        earlier = make_message(sender, client_tag="t").message.msgid
        taken, free = sent(client, sender, [{"message": TEXT, "client_tag": tag} for tag in ("t", "u")])
        assert (taken["status"], taken["msgid"], free["status"]) == (409, earlier, 201)

    def test_accounts_do_not_share_them(self, client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
        make_message(other_sender, client_tag="t")
        assert statuses(sent(client, sender, many(1, client_tag="t"))) == [201]


class TestIdempotency:
    @BOTH
    def test_a_repeated_batch_gets_the_same_bytes(self, client: FlaskClient, sender: Sender, shape: str) -> None:
        body = written([*many(use_case.SIZE + 1, client_tag=None), {"message": ""}, {"message": TEXT}], shape)
        first = post(client, sender, body, shape, "k")
        assert post(client, sender, body, shape, "k").data == first.data
        assert stored() == use_case.SIZE + 2

    def test_a_client_tag_repeated_by_key_is_fine(self, client: FlaskClient, sender: Sender) -> None:
        entries = [entry | {"client_tag": f"t{place}"} for place, entry in enumerate(many(3))]
        assert sent(client, sender, entries, ARRAY, "k") == sent(client, sender, entries, LINES, "k")

    def test_a_changed_entry_is_refused_by_its_position(self, client: FlaskClient, sender: Sender) -> None:
        first = sent(client, sender, many(3), ARRAY, "k")
        again = sent(client, sender, [many(1)[0], {"message": "another"}, many(3)[2], {"message": "more"}], ARRAY, "k")
        assert statuses(again) == [201, 422, 201, 201]
        assert again[1]["code"] == "idempotency_key_reused"
        assert (again[0], again[2]) == (first[0], first[2])
        assert stored() == 4

    def test_entry_keys_differ_from_single_message_keys(self, client: FlaskClient, sender: Sender) -> None:
        [entry] = sent(client, sender, many(1), ARRAY, "k")
        for key in ("k", "k0", "k:0", "k/0", "k 0"):
            headers = sender.bearer | {"Idempotency-Key": key}
            alone = client.post("/v1/messages", json=many(1)[0], headers=headers)
            assert alone.status_code == 201
            assert alone.get_json()["msgid"] != entry["msgid"]

    def test_without_a_key_a_repetition_is_new(self, client: FlaskClient, sender: Sender) -> None:
        assert sent(client, sender, many(1)) != sent(client, sender, many(1))
        assert stored() == 2

    def test_an_unusable_key_refuses_the_whole_batch(self, client: FlaskClient, sender: Sender) -> None:
        answer = post(client, sender, written(many(1), ARRAY), ARRAY, "k" * 256)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (422, "invalid_fields")
        assert stored() == 0


class TestWhatEndsABatch:
    @pytest.mark.parametrize(
        "rest", [b"", b",", b", {", b", tru]", b"] x", b', {"message": "' + b"x" * 8_500_000 + b'"}]']
    )
    def test_a_broken_array_is_answered_up_to_the_break(self, client: FlaskClient, sender: Sender, rest: bytes) -> None:
        found = answers(post(client, sender, b'[{"message": "a"}, {"message": "b"}' + b"," * (not rest) + rest, ARRAY))
        *done, fault = found
        assert {entry["message"] for entry in done} <= {"a", "b"}
        assert (fault["status"], fault["code"]) == (400, "invalid_json")
        assert stored() == len(done) >= 1

    @BOTH
    def test_only_the_first_10_000_are_accepted(
        self, client: FlaskClient, sender: Sender, shape: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert batches.MOST == 10_000
        monkeypatch.setattr(batches, "MOST", 3)
        *done, fault = sent(client, sender, many(5), shape)
        assert statuses(done) == [201] * 3
        assert (fault["status"], fault["code"]) == (413, "too_many_messages")
        assert stored() == 3
        assert statuses(sent(client, sender, many(3), shape)) == [201] * 3

    @BOTH
    def test_a_lost_database_truncates_the_answer(
        self, app: Flask, sender: Sender, shape: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        preprocess = use_case.preprocess_entries

        def away(*given: Any, first: int, **named: Any) -> Any:
            if first:
                raise OperationalError("INSERT", {}, Exception("gone"))
            return preprocess(*given, first=first, **named)

        monkeypatch.setattr(use_case, "preprocess_entries", away)
        builder = EnvironBuilder(
            PATH, method="POST", data=written(many(600), shape), content_type=shape, headers=sender.bearer
        )
        blocks, status, _ = run_wsgi_app(app, builder.get_environ())
        received: list[bytes] = []
        with pytest.raises(OperationalError):
            received.extend(blocks)
        text = b"".join(received).decode()
        assert status == "200 OK"
        if shape == ARRAY:
            with pytest.raises(json.JSONDecodeError):
                json.loads(text)
            text = text.removeprefix("[").replace("},\n{", "}\n{")
        found = [json.loads(line) for line in text.split("\n")]
        assert statuses(found) == [201] * use_case.SIZE + [503]
        assert stored() == use_case.SIZE

    def test_an_unavailable_database_is_503(
        self, client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(*_: Any, **__: Any) -> Any:
            raise OperationalError("INSERT", {}, Exception("gone"))

        monkeypatch.setattr(use_case, "preprocess_entries", away)
        answer = post(client, sender, written(many(1), ARRAY), ARRAY)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (503, "unavailable")
        assert "Retry-After" in answer.headers


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "shape", "status", "code"),
        [
            (b"", ARRAY, 400, "invalid_json"),
            (b'{"message": "x"}', ARRAY, 400, "invalid_json"),
            (b"[,]", ARRAY, 400, "invalid_json"),
            (b"[" * 100_000, ARRAY, 400, "invalid_json"),
            (b"message=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
            (b"[]", "", 415, "unsupported_media_type"),
        ],
        ids=range(6),
    )
    def test_what_is_no_batch_is_refused_whole(
        self, client: FlaskClient, sender: Sender, body: bytes, shape: str, status: int, code: str
    ) -> None:
        answer = post(client, sender, body, shape)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.get_json(force=True)["code"] == code
        assert stored() == 0

    def test_an_overlong_body_stores_nothing(
        self, client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert batches.LONGEST == 100 * 1024 * 1024
        monkeypatch.setattr(batches, "LONGEST", 1024 * 1024)
        answer = post(client, sender, written([{"message": "x" * 9_000}] * 120, ARRAY), ARRAY)
        assert (answer.status_code, answer.get_json(force=True)["code"]) == (413, "body_too_large")
        assert "1 MiB" in answer.get_json(force=True)["detail"]
        assert stored() == 0

    def test_a_truncated_body_stores_nothing(self, client: FlaskClient, sender: Sender) -> None:
        body = written(many(2), LINES)
        broken = {"wsgi.input": BytesIO(body[:-10]), "CONTENT_LENGTH": str(len(body))}
        answer = client.post(PATH, content_type=LINES, headers=sender.bearer, environ_overrides=broken)
        assert answer.status_code == 400
        assert stored() == 0

    def test_a_disabled_account_is_refused(self, client: FlaskClient, sender: Sender) -> None:
        wrong = Sender("x", sender.sid, "wrong", "")
        assert post(client, wrong, written(many(1), ARRAY), ARRAY).status_code == 401

    def test_the_address_is_no_messages_report(self, client: FlaskClient, sender: Sender) -> None:
        assert client.get(PATH, headers=sender.basic).status_code == 405


def test_the_accounts_defaults_hold(client: FlaskClient, app: Flask) -> None:
    quiet = make_account("quiet", track_link=False, recipient_storage="masked")
    first, second = sent(
        client, quiet, [{"message": TEXT, "recipient": "+818012345678"}, {"message": TEXT, "track_link": True}]
    )
    assert (first["link_tracking"], second["link_tracking"] is None) == (None, False)
    report = client.get(f"/v1/messages/{first['msgid']}", headers=quiet.basic).get_json()
    assert report["recipient"] == "*********5678"


def test_a_text_with_our_live_shortlink_is_unchanged(client: FlaskClient, sender: Sender) -> None:
    live = f"https://s.example.com/{slug_of(make_message(sender).link)}"
    dead = f"https://s.example.com/{slug_of(make_message(sender, now=NOW - 1000 * DAY).link)}"
    kept, rewritten = sent(client, sender, [{"message": f"{live} {TARGET}"}, {"message": f"{dead} {TARGET}"}])
    assert kept["message"] == f"{live} {TARGET}"
    assert rewritten["link_tracking"]["link"] == TARGET


def test_simultaneous_batches_of_an_account_are_limited(
    client: FlaskClient, sender: Sender, other_sender: Sender, services: Services
) -> None:
    with db.read() as session:
        account = session.scalars(select(Account).where(Account.name == sender.name)).one()
    under_way = []
    while call := services.long_calls.begin(account.id):
        under_way.append(call)
    refused = post(client, sender, written(many(1), ARRAY), ARRAY)
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_batches")
    assert int(refused.headers["Retry-After"]) > 0
    assert len(sent(client, other_sender, many(2))) == 2
    for call in under_way:
        call.end()
    for _ in range(2 * len(under_way) + 2):
        assert len(sent(client, sender, many(1))) == 1
        assert post(client, sender, b"[", ARRAY).status_code == 400  # a refused call also returns its place


def test_a_batch_counts_by_its_messages(app: Flask, client: FlaskClient) -> None:
    services: Services = app.extensions["shortener"]
    services.message_rates = MessageRates(None, message_rates.memory())
    slow = make_account("slow", messages_per_second=1)
    assert statuses(sent(client, slow, many(300))) == [201] * 300
    again = post(client, slow, written(many(1), ARRAY), ARRAY)
    assert (again.status_code, again.get_json()["code"]) == (429, "message_rate")
    assert 200 < int(again.headers["Retry-After"]) <= 290
    alone = client.post("/v1/messages", json={"message": TEXT}, headers=slow.bearer)
    assert (alone.status_code, alone.get_json()["code"]) == (429, "message_rate")
    fields = {"message": TEXT, "recipient": "+819012345678", "sender": "shop"}
    of_vendor = client.post("/sms/messages/", data=fields, headers=slow.basic)
    assert (of_vendor.status_code, of_vendor.headers["Retry-After"] >= "2") == (429, True)
    assert stored() == 300
