"""Our own messages API: inputs, answers and errors."""

import base64
import datetime as dt
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from shortener.accounts.authentication import authenticate
from shortener.config.settings import Settings
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Link, Message
from shortener.web.api.messages import LONGEST
from tests.support.factories import (
    BROWSER,
    DAY,
    NOW,
    PREVIEW,
    TARGET,
    TEXT,
    Sender,
    disable_account,
    make_account,
    make_message,
    slug_of,
)

CALLBACK = "http://127.0.0.1:9/clicked"


def post(client: FlaskClient, account: Sender, extra: dict[str, str] | None = None, /, **fields: Any) -> TestResponse:
    return client.post("/v1/messages", json=fields, headers={**account.bearer, **(extra or {})})


def get(client: FlaskClient, sender: Sender, path: str) -> TestResponse:
    return client.get(path, headers=sender.basic)


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


def assert_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    document: dict[str, Any] = answer.get_json(force=True)
    assert document["code"] == code
    assert document["status"] == status
    assert document["detail"]
    return document


class TestPreprocess:
    def test_the_answer_has_text_and_link(self, client: FlaskClient, sender: Sender) -> None:
        answer = post(client, sender, message=TEXT)
        document = answer.get_json()
        assert answer.status_code == 201
        assert len(document["msgid"]) == 32 and document["msgid"].isalnum()
        entry = document["link_tracking"]
        assert document["message"] == TEXT.replace(TARGET, entry["shortlink"])
        assert entry["link"] == TARGET
        assert (entry["accessed"], entry["accessed_on"]) == (False, None)
        assert document["links"] == [entry]
        assert document["skipped"] == []
        assert document["sms"] == {"encoding": "GSM-7", "parts_before": 1, "parts_after": 1}
        assert document["url"] == f"https://s.example.com/v1/messages/{document['msgid']}"
        assert answer.headers["Location"] == document["url"]

    def test_all_links_are_replaced_if_asked(self, client: FlaskClient, sender: Sender) -> None:
        document = post(client, sender, message=f"{TEXT}, https://b.example.com", track="all").get_json()
        first, second = document["links"]
        assert document["message"] == f"{TEXT.replace(TARGET, first['shortlink'])}, {second['shortlink']}"
        assert (document["link_tracking"], second["link"]) == (first, "https://b.example.com")
        assert document["skipped"] == []

    def test_a_form_does_the_same(self, client: FlaskClient, sender: Sender) -> None:
        form = {"message": TEXT, "track_link": "true", "tags": "a,b", "metadata": '{"k":"é"}', "client_tag": ""}
        answer = client.post("/v1/messages", data=form, headers=sender.basic)
        assert answer.status_code == 201
        report = get(client, sender, f"/v1/messages/{answer.get_json()['msgid']}").get_json()
        assert (report["tags"], report["metadata"], report["client_tag"]) == (["a", "b"], {"k": "é"}, None)

    @pytest.mark.parametrize(("given", "status"), [(100, 201), (101, 422)])
    def test_a_form_may_repeat_the_tags_field(
        self, client: FlaskClient, sender: Sender, given: int, status: int
    ) -> None:
        form = {"message": TEXT, "sender": "shop", "tags": [f"t{number}" for number in range(given)]}
        assert client.post("/v1/messages", data=form, headers=sender.basic).status_code == status

    def test_what_was_not_rewritten_is_named_with_its_reason(self, client: FlaskClient, sender: Sender) -> None:
        document = post(client, sender, message=f"http://localhost/x {TARGET} https://b.example.com").get_json()
        reasons = {piece["text"]: piece["reason"] for piece in document["skipped"]}
        assert reasons["http://localhost/x"] == "localhost"
        assert set(reasons) == {"http://localhost/x", "https://b.example.com"}

    def test_without_a_link_the_text_comes_back(self, client: FlaskClient, sender: Sender) -> None:
        document = post(client, sender, message="see you").get_json()
        assert (document["message"], document["links"], document["link_tracking"]) == ("see you", [], None)

    def test_a_japanese_message_survives(self, client: FlaskClient, sender: Sender) -> None:
        text = "ご注文の商品は https://shop.example.com/荷物 から確認できます。"
        document = post(client, sender, message=text).get_json()
        assert document["link_tracking"]["link"] == "https://shop.example.com/荷物"
        slug = document["link_tracking"]["shortlink"].rsplit("/", 1)[1]
        location = client.head(f"/{slug}").headers["Location"]
        assert location == "https://shop.example.com/%E8%8D%B7%E7%89%A9"
        assert document["sms"]["encoding"] == "UCS-2"

    def test_null_means_not_given(self, client: FlaskClient, sender: Sender) -> None:
        fields = dict.fromkeys(
            ["track_link", "lt_callbackurl", "client_tag", "sender", "recipient", "tags", "metadata", "detection"]
        )
        assert post(client, sender, message=TEXT, **fields).status_code == 201

    def test_a_repeated_client_tag_is_409(self, client: FlaskClient, sender: Sender) -> None:
        first = post(client, sender, message=TEXT, client_tag="t").get_json()
        document = assert_problem(post(client, sender, message=TEXT, client_tag="t"), 409, "client_tag_taken")
        assert (document["msgid"], document["url"]) == (first["msgid"], first["url"])
        assert stored() == 1

    def test_an_idempotency_key_gives_the_first_answer_again(self, client: FlaskClient, sender: Sender) -> None:
        key = {"Idempotency-Key": "8e03978e"}
        first = post(client, sender, key, message=TEXT)
        client.get(
            "/" + first.get_json()["link_tracking"]["shortlink"].rsplit("/", 1)[1], headers={"User-Agent": BROWSER}
        )
        again = post(client, sender, key, message=TEXT)
        assert (again.status_code, again.get_json()) == (201, first.get_json())
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_an_idempotency_key_with_another_body_is_422(self, client: FlaskClient, sender: Sender) -> None:
        key = {"Idempotency-Key": "8e03978e"}
        post(client, sender, key, message=TEXT)
        assert_problem(post(client, sender, key, message="other"), 422, "idempotency_key_reused")

    def test_accounts_do_not_share_idempotency_keys(
        self, client: FlaskClient, sender: Sender, other_sender: Sender
    ) -> None:
        key = {"Idempotency-Key": "8e03978e"}
        first = post(client, sender, key, message=TEXT).get_json()
        assert post(client, other_sender, key, message=TEXT).get_json()["msgid"] != first["msgid"]


class TestBadInput:
    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({}, "message"),
            ({"message": ""}, "message"),
            ({"message": None}, "message"),
            ({"message": 5}, "message"),
            ({"message": ["x"]}, "message"),
            ({"message": "x" * 10_001}, "message"),
            ({"message": "a\0b"}, "message"),
            ({"message": "x", "massage": "y"}, "massage"),
            ({"message": "x", "track_link": "maybe"}, "track_link"),
            ({"message": "x", "track_link": 1}, "track_link"),
            ({"message": "x", "client_tag": "t" * 201}, "client_tag"),
            ({"message": "x", "client_tag": "a\0"}, "client_tag"),
            ({"message": "x", "recipient": "+" * 321}, "recipient"),
            ({"message": "x", "tags": {"a": 1}}, "tags"),
            ({"message": "x", "tags": ["a", 5]}, "tags"),
            ({"message": "x", "tags": ["a"] * 101}, "tags"),
            ({"message": "x", "metadata": "x"}, "metadata"),
            ({"message": "x", "metadata": [1]}, "metadata"),
            ({"message": "x", "metadata": {"k": "v" * 4096}}, "metadata"),
            ({"message": "x", "metadata": {"k\0": 1}}, "metadata"),
            ({"message": "x", "detection": "clever"}, "detection"),
            ({"message": "x", "count_as_click": "bots"}, "count_as_click"),
            ({"message": "x", "lt_callbackurl": "example.com/cb"}, "lt_callbackurl"),
            ({"message": "x", "lt_callbackurl": "ftp://example.com/cb"}, "lt_callbackurl"),
            ({"message": "x", "lt_callbackurl": "https://user:pw@example.com/"}, "lt_callbackurl"),
            ({"message": "x", "lt_callbackurl": "http://192.168.1.1/"}, "lt_callbackurl"),
            ({"message": "x", "lt_callbackurl": "http://10.0.0.5/"}, "lt_callbackurl"),
            ({"message": "x", "lt_callbackurl": "http://169.254.169.254/latest"}, "lt_callbackurl"),
            ({"message": "x", "lt_callbackurl": "https://s.example.com/AAAAAAAAAA"}, "lt_callbackurl"),
            ({"message": "x", "lt_callbackurl": "https://example.com/" + "a" * 2048}, "lt_callbackurl"),
        ],
    )
    def test_a_wrong_field_is_named_and_nothing_is_stored(
        self, client: FlaskClient, sender: Sender, fields: dict[str, Any], field: str
    ) -> None:
        document = assert_problem(post(client, sender, **fields), 422, "invalid_fields")
        assert list(document["errors"]) == [field]
        assert all(document["errors"][field])
        assert stored() == 0

    def test_every_wrong_field_is_named_at_once(self, client: FlaskClient, sender: Sender) -> None:
        document = assert_problem(post(client, sender, track_link="x", detection="y"), 422, "invalid_fields")
        assert set(document["errors"]) == {"message", "track_link", "detection"}

    @pytest.mark.parametrize(
        ("body", "content_type", "status", "code"),
        [
            (b"{", "application/json", 400, "invalid_json"),
            (b"", "application/json", 400, "invalid_json"),
            (b"[]", "application/json", 400, "invalid_json"),
            (b'"x"', "application/json", 400, "invalid_json"),
            (b'{"message": NaN}', "application/json", 400, "invalid_json"),
            (b'{"message": 1e999}', "application/json", 400, "invalid_json"),
            (b'{"message": ' + b"9" * 5000 + b"}", "application/json", 400, "invalid_json"),
            (b"[" * 100_000, "application/json", 400, "invalid_json"),
            (b'{"message": "\xff"}', "application/json", 400, "invalid_utf8"),
            (b'{"message": "\\ud800"}', "application/json", 422, "invalid_fields"),
            (b'{"message": "x", "metadata": {"k": "\\ud800"}}', "application/json", 422, "invalid_fields"),
            (b'{"message": "x", "metadata": {"\\ud800": 1}}', "application/json", 422, "invalid_fields"),
            (b'{"message": "x", "tags": ["\\udfff"]}', "application/json", 422, "invalid_fields"),
            (b'{"message": "x", "\\ud800": 1}', "application/json", 422, "invalid_fields"),
            (b"message=%ff", "application/x-www-form-urlencoded", 400, "invalid_utf8"),
            (b"message=\xff", "application/x-www-form-urlencoded", 400, "invalid_utf8"),
            (b"message=%00", "application/x-www-form-urlencoded", 422, "invalid_fields"),
            (b"a=1&" * 200, "application/x-www-form-urlencoded", 400, "bad_request"),
            (b"message=x", "text/plain", 415, "unsupported_media_type"),
            (b' {"message": "x"}', "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
            (b"message=x", "", 415, "unsupported_media_type"),
            (b'{"message": "' + b"x" * LONGEST + b'"}', "application/json", 413, "body_too_large"),
            (b"message=" + b"x" * LONGEST, "application/x-www-form-urlencoded", 413, "body_too_large"),
        ],
        ids=range(23),
    )
    def test_a_body_that_cannot_be_read_is_refused(
        self, client: FlaskClient, sender: Sender, body: bytes, content_type: str, status: int, code: str
    ) -> None:
        answer = client.post("/v1/messages", data=body, content_type=content_type, headers=sender.bearer)
        assert_problem(answer, status, code)
        assert stored() == 0

    @pytest.mark.parametrize("number", [b"NaN", b"-Infinity"])
    def test_a_refused_constant_of_javascript_is_named(
        self, client: FlaskClient, sender: Sender, number: bytes
    ) -> None:
        body = b'{"message": ' + number + b"}"
        answer = client.post("/v1/messages", data=body, content_type="application/json", headers=sender.bearer)
        assert "it has NaN, Infinity, a number" in assert_problem(answer, 400, "invalid_json")["detail"]

    @pytest.mark.parametrize("key", ["", "x" * 256, "é"])
    def test_an_unusable_idempotency_key_is_refused(self, client: FlaskClient, sender: Sender, key: str) -> None:
        assert_problem(post(client, sender, {"Idempotency-Key": key}, message=TEXT), 422, "invalid_fields")

    def test_nothing_of_an_error_tells_of_our_insides(self, client: FlaskClient, sender: Sender) -> None:
        text = post(client, sender, message=5, track_link="x", metadata="{").text
        assert not [word for word in ("pydantic", "Traceback", "sqlalchemy", "Value error") if word in text]


class TestMail:
    HTML = "<p>Hi!<br><a href='https://shop.example.com/?a=1&amp;b=2'>here</a> <a href=mailto:a@b.example>mail</a>"

    def test_html_comes_back_with_its_shortlink(self, client: FlaskClient, sender: Sender) -> None:
        document = post(client, sender, html=self.HTML, subject="Hello").get_json()
        [link] = document["links"]
        assert link["link"] == "https://shop.example.com/?a=1&b=2"
        assert document["html"] == self.HTML.replace("https://shop.example.com/?a=1&amp;b=2", link["shortlink"])
        assert (document["message"], document["receipt"]) == ("", None)
        report = get(client, sender, f"/v1/messages/{document['msgid']}").get_json()
        assert (report["html"], report["original_html"]) == (document["html"], self.HTML)
        assert (report["message"], report["original_message"], report["subject"]) == ("", "", "Hello")

    def test_a_text_has_no_html(self, client: FlaskClient, sender: Sender) -> None:
        document = post(client, sender, message=TEXT).get_json()
        report = get(client, sender, f"/v1/messages/{document['msgid']}").get_json()
        assert (document["html"], report["html"], report["original_html"]) == (None, None, None)

    def test_ten_thousand_links_are_bounded(self, client: FlaskClient, sender: Sender) -> None:
        html = "".join(f"<a href=https://a.example.com/{number}>x</a>" for number in range(10_000))
        document = post(client, sender, html=html, track="all").get_json()
        assert (len(document["links"]), len(document["skipped"])) == (1_000, 1_000)
        assert {piece["reason"] for piece in document["skipped"]} == {"many"}

    def test_html_that_is_too_long_is_refused(self, client: FlaskClient, sender: Sender) -> None:
        document = assert_problem(post(client, sender, html="é" * 5_000_000), 422, "invalid_fields")
        assert document["errors"] == {"html": ["must be at most 1000000 characters"]}
        assert stored() == 0

    def test_a_report_names_attachments(self, client: FlaskClient, sender: Sender) -> None:
        file = {"name": "a.pdf", "content_type": "application/pdf", "content": "aGVsbG8="}
        msgid = post(client, sender, html=self.HTML, attachments=[file]).get_json()["msgid"]
        digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        report = get(client, sender, f"/v1/messages/{msgid}").get_json()
        assert report["attachments"] == [
            {"name": "a.pdf", "content_type": "application/pdf", "size": 5, "sha256": digest}
        ]

    def test_attachments_of_20_mib_are_taken_and_more_refused(self, client: FlaskClient, sender: Sender) -> None:
        content = base64.b64encode(b"\0" * 20 * 1024**2).decode()
        file = {"name": "a.bin", "content": content}
        assert post(client, sender, html=self.HTML, attachments=[file]).status_code == 201
        answer = post(client, sender, html=self.HTML, attachments=[file, {"name": "b", "content": "eA=="}])
        document = assert_problem(answer, 422, "invalid_fields")
        assert document["errors"] == {"attachments": ["must have at most 20 MiB together"]}

    def test_the_limit_of_the_body_is_named(self, client: FlaskClient, sender: Sender) -> None:
        answer = client.post(
            "/v1/messages", data=b"x" * (LONGEST + 1), content_type="application/json", headers=sender.bearer
        )
        assert "32 MiB" in assert_problem(answer, 413, "body_too_large")["detail"]
        answer = client.post(
            "/v1/links/check", data=b"x" * 600_000, content_type="application/json", headers=sender.bearer
        )
        assert "512 KiB" in assert_problem(answer, 413, "body_too_large")["detail"]

    def test_large_bodies_leave_room_for_others(self, client: FlaskClient, sender: Sender, services: Services) -> None:
        account, _ = authenticate(services.readers, sender.sid, sender.token)
        while services.long_calls.begin(account.id):
            pass
        assert_problem(post(client, sender, html="x" * 600_000), 429, "too_many_large_messages")
        assert post(client, sender, message=TEXT).status_code == 201


class TestGateway:
    ORDER: ClassVar = {"message": TEXT, "sender": "SHOP", "recipient": "+818012345678"}

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"gateway": "simulator"})

    def test_a_message_is_queued(self, client: FlaskClient, sender: Sender) -> None:
        document = post(client, sender, **self.ORDER).get_json()
        assert document["receipt"] == {"state": "queued"}
        report = get(client, sender, f"/v1/messages/{document['msgid']}").get_json()
        assert (report["gateway"], report["send_on"], report["receipt"]["state"]) == ("simulator", None, "queued")

    def test_a_message_may_be_scheduled(self, client: FlaskClient, sender: Sender) -> None:
        moment = rfc3339(dt.datetime.now(dt.UTC) + DAY)
        document = post(client, sender, **self.ORDER, send_on=moment).get_json()
        assert document["receipt"] == {"state": "scheduled"}
        assert get(client, sender, f"/v1/messages/{document['msgid']}").get_json()["send_on"] == moment

    @pytest.mark.parametrize(
        ("fields", "faulty"),
        [
            ({"recipient": None}, "recipient"),
            ({"recipient": "customer 7"}, "recipient"),
            ({"sender": None}, "sender"),
            ({"gateway": "pigeon"}, "gateway"),
            ({"gateway": "kannel"}, "gateway"),
            ({"send_on": "2020-01-01T00:00:00Z"}, "send_on"),
            ({"send_on": "2099-01-01T00:00:00Z"}, "send_on"),
            ({"validity_period": "soon"}, "validity_period"),
            ({"html": "<p>"}, "html"),
        ],
    )
    def test_what_it_cannot_send_is_refused(
        self, client: FlaskClient, sender: Sender, fields: dict[str, Any], faulty: str
    ) -> None:
        document = assert_problem(post(client, sender, **{**self.ORDER, **fields}), 422, "invalid_fields")
        assert (list(document["errors"]), stored()) == ([faulty], 0)

    def test_a_batch_has_an_outcome_for_each(self, client: FlaskClient, sender: Sender) -> None:
        answer = client.post("/v1/messages/batch", json=[self.ORDER, {"message": TEXT}], headers=sender.bearer)
        first, second = answer.get_json()
        assert (first["status"], first["receipt"]) == (201, {"state": "queued"})
        assert (second["status"], set(second["errors"])) == (422, {"sender", "recipient"})


class TestCredentials:
    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Basic",
            "Basic !!!",
            "Basic bm9jb2xvbg==",
            "Basic /////w==",
            "Basic Og==",
            "Bearer",
            "Bearer wrong",
            "Bearer \xff",
            "Digest x",
            "App x",
        ],
    )
    @pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/" + "a" * 32])
    def test_wrong_or_missing_ones_are_401(self, client: FlaskClient, sender: Sender, header: str, path: str) -> None:
        answer = client.get(path, headers={"Authorization": header} if header else {})
        assert_problem(answer, 401, "credentials_invalid")
        assert "Basic" in answer.headers["WWW-Authenticate"]

    def test_the_token_with_another_sid_is_401(self, client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
        mixed = Sender("x", other_sender.sid, sender.token, "")
        assert_problem(get(client, mixed, "/v1/messages"), 401, "credentials_invalid")

    def test_links_of_a_disabled_account_still_redirect(self, client: FlaskClient, sender: Sender) -> None:
        slug = slug_of(make_message(sender).link)
        disable_account(sender.name)
        assert_problem(post(client, sender, message=TEXT), 401, "account_disabled")
        assert client.get(f"/{slug}", headers={"User-Agent": BROWSER}).status_code == 302

    def test_credentials_in_the_url_open_nothing(self, client: FlaskClient, sender: Sender) -> None:
        assert client.get(f"/v1/messages?token={sender.token}").status_code == 401

    def test_an_unauthenticated_body_is_not_even_read(self, client: FlaskClient, app: object) -> None:
        assert_problem(
            client.post("/v1/messages", data=b"{", content_type="application/json"), 401, "credentials_invalid"
        )


class TestReport:
    def test_it_tells_everything_before_the_click(self, client: FlaskClient, sender: Sender) -> None:
        sent = {
            "message": TEXT,
            "lt_callbackurl": CALLBACK,
            "client_tag": "t",
            "sender": "SHOP",
            "recipient": "+818012345678",
            "tags": ["a", "b"],
            "metadata": {"order": 7},
        }
        made = post(client, sender, **sent).get_json()
        report = get(client, sender, f"/v1/messages/{made['msgid']}").get_json()
        assert report["original_message"] == TEXT
        assert {field: report[field] for field in sent if field != "message"} == {
            field: value for field, value in sent.items() if field != "message"
        }
        for field in ("msgid", "message", "skipped", "sms", "url"):
            assert report[field] == made[field]
        assert report["link_tracking"] == made["link_tracking"] | {"off_on": None}
        assert report["links"] == [report["link_tracking"]]
        assert report["clicks"]["total"] == 0
        assert report["callback"] is None

    def test_it_tells_of_clicks_and_the_callback_after(self, client: FlaskClient, sender: Sender) -> None:
        done = make_message(sender, lt_callbackurl=CALLBACK)
        for agent in (PREVIEW, BROWSER, BROWSER):
            client.get(f"/{slug_of(done.link)}", headers={"User-Agent": agent})
        report = get(client, sender, f"/v1/messages/{done.message.msgid}").get_json()
        assert report["link_tracking"]["accessed"] is True
        assert report["clicks"]["counts"] == {"person": 2, "unknown": 0, "preview": 1, "bot": 0, "scanner": 0}
        assert report["clicks"]["total"] == 3
        assert [entry["visitor"] for entry in report["clicks"]["newest"]] == ["person", "person", "preview"]
        assert report["clicks"]["first_of_any_kind"] == report["clicks"]["newest"][2]
        devices = [tuple(entry[name] for name in ("system", "app", "device")) for entry in report["clicks"]["newest"]]
        assert devices == [("android", "chrome", "phone")] * 2 + [(None, None, None)]
        assert report["clicks"]["meanings"].keys() == report["clicks"]["counts"].keys()
        assert report["clicks"]["newest"][1]["clicked_on"] == report["link_tracking"]["accessed_on"]
        assert (report["callback"]["state"], report["callback"]["attempts"]) == ("pending", [])

    def test_it_counts_the_clicks_on_all_links(self, client: FlaskClient, sender: Sender) -> None:
        done = make_message(sender, f"{TEXT} https://b.example.com", track="all")
        for link in (done.links[1], done.links[0], done.links[1]):
            client.get(f"/{slug_of(link)}", headers={"User-Agent": BROWSER})
        report = get(client, sender, f"/v1/messages/{done.message.msgid}").get_json()
        assert [link["accessed"] for link in report["links"]] == [True, True]
        assert report["message"].endswith(report["links"][1]["shortlink"])
        assert (report["clicks"]["total"], len(report["clicks"]["newest"])) == (3, 3)
        assert report["clicks"]["first_of_any_kind"]["clicked_on"] == report["links"][1]["accessed_on"]

    def test_it_knows_a_click_on_another_link(self, client: FlaskClient, sender: Sender) -> None:
        done = make_message(sender, f"{TEXT} https://b.example.com", track="all")
        client.get(f"/{slug_of(done.links[1])}", headers={"User-Agent": BROWSER})
        report = get(client, sender, f"/v1/messages/{done.message.msgid}").get_json()
        [listed] = get(client, sender, "/v1/messages?clicked=true").get_json()["messages"]
        assert listed == {name: report[name] for name in listed}
        assert (listed["accessed"], listed["accessed_on"]) == (True, report["links"][1]["accessed_on"])
        assert listed["link_tracking"]["accessed"] is False

    def test_it_answers_after_the_links_life(self, client: FlaskClient, sender: Sender) -> None:
        done = make_message(sender, now=NOW - 1000 * DAY)
        report = get(client, sender, f"/v1/messages/{done.message.msgid}")
        assert report.status_code == 200

    def test_another_accounts_message_is_404(self, client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
        msgid = make_message(sender).message.msgid
        for path in (f"/v1/messages/{msgid}", f"/v1/messages/{msgid}/clicks"):
            assert_problem(get(client, other_sender, path), 404, "message_not_found")
        answer = client.post(f"/v1/messages/{msgid}/off", headers=other_sender.bearer)
        assert_problem(answer, 404, "message_not_found")
        with db.read() as session:
            assert session.scalars(select(Link.off_on)).one() is None

    def test_clicks_come_page_by_page(self, client: FlaskClient, sender: Sender) -> None:
        done = make_message(sender)
        for _ in range(103):
            client.get(f"/{slug_of(done.link)}", headers={"User-Agent": BROWSER})
        first = get(client, sender, f"/v1/messages/{done.message.msgid}").get_json()["clicks"]
        rest = get(client, sender, first["next"].removeprefix("https://s.example.com")).get_json()
        assert (len(first["newest"]), len(rest["newest"]), rest["next"]) == (100, 3, None)
        times = [entry["clicked_on"] for entry in first["newest"] + rest["newest"]]
        assert first["total"] == rest["total"] == 103
        assert max(rest_time for rest_time in times[100:]) <= min(times[:100])[:23] + "999Z"

    def test_clicks_without_a_link_have_the_same_shape(self, client: FlaskClient, sender: Sender) -> None:
        with_link, without = make_message(sender).message.msgid, make_message(sender, "see you").message.msgid
        expected = get(client, sender, f"/v1/messages/{with_link}/clicks").get_json()
        assert get(client, sender, f"/v1/messages/{without}/clicks").get_json() == expected
        assert set(expected["counts"].values()) == {0}

    def test_switching_off_answers_with_the_report(self, client: FlaskClient, sender: Sender) -> None:
        msgid = make_message(sender, f"{TEXT} https://b.example.com", track="all").message.msgid
        answer = client.post(f"/v1/messages/{msgid}/off", headers=sender.bearer).get_json()
        assert answer["link_tracking"]["off_on"] is not None
        assert [link["off_on"] for link in answer["links"]] == [answer["link_tracking"]["off_on"]] * 2

    def test_switching_on_keeps_when_links_expire(self, client: FlaskClient, sender: Sender) -> None:
        made = make_message(sender, f"{TEXT} https://b.example.com", track="all")
        path = f"/v1/messages/{made.message.msgid}"
        client.post(f"{path}/off", headers=sender.bearer)
        assert client.get(f"/{slug_of(made.link)}").status_code == 410
        answer = client.post(f"{path}/on", headers=sender.bearer).get_json()
        assert [link["off_on"] for link in answer["links"]] == [None, None]
        assert answer["link_tracking"]["expires_on"] == rfc3339(made.link.expires_on)
        assert client.get(f"/{slug_of(made.link)}").status_code == 302


class TestList:
    def test_a_client_tag_finds_one_or_none(self, client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
        made = make_message(sender, client_tag="t")
        found = get(client, sender, "/v1/messages?client_tag=t").get_json()
        assert [entry["msgid"] for entry in found["messages"]] == [made.message.msgid]
        assert get(client, sender, "/v1/messages?client_tag=u").get_json() == {"messages": [], "next": None}
        assert get(client, other_sender, "/v1/messages?client_tag=t").get_json()["messages"] == []

    def test_a_returned_shortlink_finds_its_message(self, client: FlaskClient, sender: Sender) -> None:
        shortlink = post(client, sender, message=TEXT).get_json()["link_tracking"]["shortlink"]
        post(client, sender, message=TEXT)
        found = get(client, sender, f"/v1/messages?text=+{shortlink}.+").get_json()
        assert [entry["link_tracking"]["shortlink"] for entry in found["messages"]] == [shortlink]
        assert found["next"] is None

    def test_the_newest_come_first_page_by_page(self, client: FlaskClient, sender: Sender) -> None:
        made = [make_message(sender, now=NOW + n * DAY / 10).message.msgid for n in range(102)]
        first = get(client, sender, "/v1/messages").get_json()
        rest = get(client, sender, first["next"].removeprefix("https://s.example.com")).get_json()
        listed = [entry["msgid"] for entry in first["messages"] + rest["messages"]]
        assert listed == made[::-1]
        assert rest["next"] is None

    @pytest.mark.parametrize("cursor", ["x", "é", "AAAA", "!" * 1000, "%00", "____________________"])
    def test_a_cursor_from_nowhere_is_422(self, client: FlaskClient, sender: Sender, cursor: str) -> None:
        assert_problem(get(client, sender, f"/v1/messages?cursor={cursor}"), 422, "invalid_fields")
        msgid = make_message(sender).message.msgid
        assert_problem(get(client, sender, f"/v1/messages/{msgid}/clicks?cursor={cursor}"), 422, "invalid_fields")

    def test_the_next_page_carries_the_filters(self, client: FlaskClient, sender: Sender) -> None:
        made = [make_message(sender, tags=["a b&c"], now=NOW + n * DAY / 10).message.msgid for n in range(3)]
        make_message(sender, now=NOW + DAY)
        path = "/v1/messages?tag=a+b%26c&limit=2&clicked=false&from=2026-11-22T18:00:00%2B09:00"
        first = get(client, sender, path).get_json()
        rest = get(client, sender, first["next"].removeprefix("https://s.example.com")).get_json()
        assert "from=2026-11-22T09%3A00%3A00.000000Z" in first["next"]
        assert [[entry["msgid"] for entry in page["messages"]] for page in (first, rest)] == [made[:0:-1], made[:1]]
        assert rest["next"] is None

    @pytest.mark.parametrize(
        "query",
        [
            "client_tag=%00",
            "clienttag=x",
            "clicked=perhaps",
            "visitor=human",
            "tag=",
            "text=" + "x" * 5000,
            "from=today",
            "to=99999-01-01T00:00:00Z",
            "limit=101",
            "tag=a&tag=b",
        ],
    )
    def test_a_parameter_that_cannot_be_used_is_422(self, client: FlaskClient, sender: Sender, query: str) -> None:
        assert_problem(get(client, sender, f"/v1/messages?{query}"), 422, "invalid_fields")

    def test_an_unknown_parameter_hides_no_other_fault(self, client: FlaskClient, sender: Sender) -> None:
        answer = get(client, sender, "/v1/messages?x=1&limit=0&cursor=x&tag=a&tag=b")
        assert answer.get_json()["errors"] == {
            "x": ["is not a parameter of this call"],
            "limit": ["must be a whole number from 1 to 100"],
            "cursor": ["is not a cursor of this list"],
            "tag": ["must be given once"],
        }


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nothing", "/v1/messages/x/y", "/v1/%ff"])
def test_an_unknown_path_is_a_404_problem(client: FlaskClient, app: object, path: str) -> None:
    if path == "/v1":
        assert client.get(path).status_code == 404
    else:
        assert_problem(client.get(path), 404, "not_found")


def test_a_wrong_method_is_405_as_a_problem(client: FlaskClient, app: object) -> None:
    answer = client.delete("/v1/messages")
    assert_problem(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/v1/messages/batch", "/v1/callbacks/replay", "/v1/callbacks/test"])
def test_a_posted_path_is_no_msgid(client: FlaskClient, app: object, path: str) -> None:
    for method in ("GET", "PUT"):
        answer = client.open(path, method=method)
        assert_problem(answer, 405, "method_not_allowed")
        assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


def test_an_unexpected_fault_tells_nothing_and_is_logged(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sender = make_account("broken")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("shortener.web.api.messages.analyze", fail)
    answer = post(client, sender, message=TEXT)
    assert "secret detail" not in answer.text
    assert_problem(answer, 500, "internal")
    assert "secret detail" in caplog.text


def test_json_answers_may_not_be_cached(client: FlaskClient, sender: Sender) -> None:
    answer = post(client, sender, message=TEXT)
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.text)


class TestBrokenBodies:
    """Half a message must never be accepted. This needs sockets, because only a server sees a client disconnect."""

    @pytest.fixture
    def address(self, app: Flask) -> Iterator[tuple[str, int]]:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        server.daemon_threads = True  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "127.0.0.1", server.server_port
        server.shutdown()
        thread.join()
        server.server_close()

    @pytest.mark.parametrize("body", [b"message=half+https://example.com", b""])
    def test_a_truncated_body_stores_nothing(self, address: tuple[str, int], sender: Sender, body: bytes) -> None:
        head = (
            "POST /v1/messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Authorization: {sender.basic['Authorization']}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\n"
        )
        with socket.create_connection(address) as connection:
            connection.sendall(head.encode() + body)
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.split(b"\r\n")[0].split()[1] == b"400"
        assert stored() == 0


@pytest.mark.parametrize(
    "body",
    [b'{"\\ud800":1,"\\ud800":2,"message":"a"}', b'{"\\ud800":1,"message":"a"}'],
)
def test_a_name_that_is_no_text_is_422(client: FlaskClient, sender: Sender, body: bytes) -> None:
    answer = client.post("/v1/messages", data=body, content_type="application/json", headers=sender.bearer)
    assert_problem(answer, 422, "invalid_fields")


@pytest.mark.parametrize(
    "disposition", ["form-data", 'form-data; nameclient_tag"', 'form-data; name="f"; filename="x"']
)
def test_a_part_that_is_no_field_is_refused(client: FlaskClient, sender: Sender, disposition: str) -> None:
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="message"\r\n\r\nhi\r\n--b\r\nContent-Disposition: {disposition}'
    )
    answer = client.post(
        "/v1/messages",
        data=f"{parts}\r\n\r\nx\r\n--b--\r\n".encode(),
        content_type="multipart/form-data; boundary=b",
        headers=sender.bearer,
    )
    assert answer.status_code == 422
    assert stored() == 0


@pytest.mark.parametrize("query", ["/clicks?foo=1", "?foo=1", "/clicks?cursor=AA&cursor=AA"])
def test_an_unknown_parameter_of_a_report_is_422(client: FlaskClient, sender: Sender, query: str) -> None:
    msgid = make_message(sender).message.msgid
    assert_problem(get(client, sender, f"/v1/messages/{msgid}{query}"), 422, "invalid_fields")


def test_an_unknown_parameter_hides_no_fault_of_a_cursor(client: FlaskClient, sender: Sender) -> None:
    msgid = make_message(sender).message.msgid
    answer = get(client, sender, f"/v1/messages/{msgid}/clicks?foo=1&cursor=x")
    assert set(answer.get_json()["errors"]) == {"foo", "cursor"}


def test_a_repetition_repeats_the_first_answer(client: FlaskClient, sender: Sender) -> None:
    key = {"Idempotency-Key": "8e03978e"}
    first = post(client, sender, key, message=TEXT).get_json()
    client.post(f"/v1/messages/{first['msgid']}/off", headers=sender.bearer)
    assert post(client, sender, key, message=TEXT).get_json() == first


def test_the_longest_order_there_may_be_is_taken(client: FlaskClient, sender: Sender) -> None:
    fields = {"message": "\U0001f600" * 10_000, "tags": ["\U0001f600" * 200] * 100, "client_tag": "\U0001f600" * 200}
    answer = client.post(
        "/v1/messages", data=json.dumps(fields), content_type="application/json", headers=sender.bearer
    )
    assert answer.status_code == 201


def test_our_own_database_fault_is_no_outage(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise IntegrityError("INSERT", {}, Exception("NOT NULL"))

    monkeypatch.setattr("shortener.messages.preprocess.preprocess_all", fail)
    assert_problem(post(client, sender, message=TEXT), 500, "internal")


class TestBody:
    def test_json_with_a_byte_order_mark_is_taken(self, client: FlaskClient, sender: Sender) -> None:
        body = b"\xef\xbb\xbf" + json.dumps({"message": TEXT}).encode()
        answer = client.post("/v1/messages", data=body, content_type="application/json", headers=sender.bearer)
        assert answer.status_code == 201

    def test_a_misplaced_byte_order_mark_is_refused(self, client: FlaskClient, sender: Sender) -> None:
        for body in (b"\xef\xbb\xbf\xef\xbb\xbf{}", b'{"message":\xef\xbb\xbf"x"}', b"\xff\xfe{\x00}\x00"):
            answer = client.post("/v1/messages", data=body, content_type="application/json", headers=sender.bearer)
            assert answer.status_code == 400

    @pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/batch", "/v1/links/check", "/sms/messages/"])
    @pytest.mark.parametrize("coding", ["gzip", "GZIP", "deflate", "br", "zstd", "identity, gzip"])
    def test_a_compressed_body_is_refused_by_its_name(
        self, client: FlaskClient, sender: Sender, path: str, coding: str
    ) -> None:
        headers = {**sender.bearer, "Content-Encoding": coding}
        answer = client.post(path, data=b"\x1f\x8b", content_type="application/json", headers=headers)
        assert (answer.status_code, "Content-Encoding" in answer.text) == (415, True)

    def test_an_identity_coding_is_none(self, client: FlaskClient, sender: Sender) -> None:
        assert post(client, sender, {"Content-Encoding": "identity"}, message=TEXT).status_code == 201
