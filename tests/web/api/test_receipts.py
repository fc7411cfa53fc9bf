"""Receipts over HTTP: every shape, with credentials or with a key in the path; and the list of them."""

import datetime as dt
import json
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from shortener.config.settings import Settings
from shortener.receipts import keys
from shortener.rules.delivery.receipt_key import receipt_key
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Message, Receipt
from tests.conftest import SECRET_KEY
from tests.support.factories import Sender, disable_account, make_message
from tests.support.json_values import json_values
from tests.support.servers import OK, parsed, receiving

TAG = "order-1"
VONAGE = {"messageId": "0A01", "status": "delivered", "err-code": "0", "client-ref": TAG}
INFOBIP = {"results": [{"messageId": TAG, "status": {"groupName": "DELIVERED", "id": 5}, "error": {"id": 0}}]}
AICROSS = {"eventNotifications": [{"type": "DLR", "messageId": "a1", "clientTag": TAG, "statusId": "2"}]}
NAMES = ["vonage", "infobip", "twilio", "aicross", "karaden"]


@pytest.fixture
def message(sender: Sender) -> Message:
    return make_message(sender, client_tag=TAG).message


def post(client: FlaskClient, sender: Sender, gateway: str, **body: Any) -> TestResponse:
    return client.post(f"/v1/receipts/{gateway}", headers=sender.basic, **body)


def stored(message: Message) -> Message:
    with db.read() as session:
        return session.get_one(Message, message.id)


def receipts() -> list[Receipt]:
    with db.read() as session:
        return list(session.scalars(select(Receipt).order_by(Receipt.id)))


def problem(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    return answer.status_code, answer.get_json(force=True)["code"]


def account_path(sender: Sender, gateway: str = "vonage") -> str:
    return keys.account_path(gateway, sender.sid, SECRET_KEY)


def message_path(message: Message, gateway: str = "vonage") -> str:
    return f"/receipts/{gateway}/{message.msgid}/{receipt_key(SECRET_KEY, gateway, message.msgid)}"


class TestShapes:
    def test_a_form_is_taken(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        answer = post(client, sender, "vonage", data=VONAGE)
        assert (answer.status_code, answer.data) == (200, b"")
        assert stored(message).state == "delivered"

    def test_json_is_taken(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        assert post(client, sender, "vonage", json=VONAGE).status_code == 200
        assert stored(message).state == "delivered"

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_query_is_taken(self, client: FlaskClient, sender: Sender, message: Message, method: str) -> None:
        answer = client.open("/v1/receipts/vonage", method=method, query_string=VONAGE, headers=sender.bearer)
        assert answer.status_code == 200
        assert stored(message).state == "delivered"

    def test_a_look_at_the_url_reports_nothing(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        for path in ("/v1/receipts/vonage", account_path(sender), message_path(message)):
            headers = sender.basic if path.startswith("/v1") else None
            answer = client.head(path, query_string=VONAGE, headers=headers)
            assert (answer.status_code, answer.data) == (200, b"")
        assert (receipts(), stored(message).state) == ([], None)
        assert client.head("/v1/receipts/vonage", query_string=VONAGE).status_code == 401
        assert client.head("/v1/receipts/pigeon", headers=sender.basic).status_code == 404

    def test_several_receipts_are_taken_at_once(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        other = make_message(sender, client_tag="order-2").message
        results = [INFOBIP["results"][0], {**INFOBIP["results"][0], "messageId": "order-2"}]
        assert post(client, sender, "infobip", json={"results": results}).status_code == 200
        assert (stored(message).state, stored(other).state) == ("delivered", "delivered")

    def test_json_in_a_form_is_taken(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        body = "json=" + quote(json.dumps(AICROSS))
        headers = {**sender.basic, "Content-Type": "application/x-www-form-urlencoded"}
        assert client.post("/v1/receipts/aicross", data=body, headers=headers).status_code == 200
        assert stored(message).state == "delivered"

    def test_a_message_is_reported_by_its_msgid(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        twilio = {"MessageSid": f"SM{message.msgid}", "MessageStatus": "delivered"}
        assert post(client, sender, "twilio", data=twilio).status_code == 200
        karaden = {"id": "82bdf9de", "status": "done", "sent_result": "received", "tags": [message.msgid]}
        assert post(client, sender, "karaden", json=karaden).status_code == 200
        assert [row.gateway for row in receipts()] == ["twilio", "karaden"]

    @pytest.mark.parametrize("name", ["msgid", "client_tag"])
    def test_the_url_may_name_the_message(
        self, client: FlaskClient, sender: Sender, message: Message, name: str
    ) -> None:
        value = {"msgid": message.msgid, "client_tag": TAG}[name]
        twilio = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "delivered"}
        path = f"{account_path(sender, 'twilio')}?{name}="
        assert problem(client.post(f"{path}x", data=twilio)) == (404, "message_not_found")
        assert client.post(path + value, data=twilio).status_code == 200
        assert stored(message).state == "delivered"

    def test_a_push_without_receipts_is_taken(self, client: FlaskClient, sender: Sender) -> None:
        assert post(client, sender, "infobip", json={"results": []}).status_code == 200

    def test_a_repetition_is_answered_alike(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        assert [post(client, sender, "vonage", data=VONAGE).status_code for _ in range(3)] == [200] * 3
        assert len(receipts()) == 1

    def test_a_thousand_receipts_are_taken(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        one = INFOBIP["results"][0]
        results = [{**one, "error": {"id": number}} for number in range(1000)]
        assert post(client, sender, "infobip", json={"results": results}).status_code == 200
        assert len(receipts()) < 200


class TestRefusals:
    def test_an_unknown_message_is_not_found(self, client: FlaskClient, sender: Sender) -> None:
        assert problem(post(client, sender, "vonage", data=VONAGE)) == (404, "message_not_found")

    def test_another_accounts_message_is_not_found(
        self, client: FlaskClient, other_sender: Sender, message: Message
    ) -> None:
        assert problem(post(client, other_sender, "vonage", data=VONAGE)) == (404, "message_not_found")
        assert (stored(message).state, receipts()) == (None, [])

    @pytest.mark.parametrize("name", ["nobody", "Vonage", "..", "vonage%00"])
    def test_an_unknown_gateway_is_not_found(self, client: FlaskClient, sender: Sender, name: str) -> None:
        assert problem(post(client, sender, name, data=VONAGE))[0] == 404

    def test_without_credentials_nothing_is_taken(self, client: FlaskClient, message: Message) -> None:
        answer = client.post("/v1/receipts/vonage", data=VONAGE)
        assert problem(answer) == (401, "credentials_invalid")
        assert "WWW-Authenticate" in answer.headers
        assert receipts() == []

    @pytest.mark.parametrize("gateway", NAMES)
    @pytest.mark.parametrize("body", [{}, {"data": {"status": "lost", "a": "b"}}, {"json": {"status": []}}])
    def test_what_is_no_receipt_is_refused(
        self, client: FlaskClient, sender: Sender, gateway: str, body: dict[str, Any]
    ) -> None:
        answer = post(client, sender, gateway, **body)
        assert problem(answer) == (422, "invalid_fields")
        assert answer.get_json(force=True)["errors"]

    def test_a_repeated_parameter_is_refused(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        answer = client.get("/v1/receipts/vonage?status=failed&status=delivered", headers=sender.basic)
        assert problem(answer) == (422, "invalid_fields")

    def test_an_overlong_body_is_refused(self, client: FlaskClient, sender: Sender) -> None:
        answer = post(client, sender, "infobip", json={"results": [{"text": "x" * 1024 * 1024}]})
        assert problem(answer) == (413, "body_too_large")
        assert "1 MiB" in answer.get_json(force=True)["detail"]

    def test_a_body_may_be_longer_than_a_messages(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        results = [{**INFOBIP["results"][0], "text": "x" * 600 * 1024}]
        assert post(client, sender, "infobip", json={"results": results}).status_code == 200

    def test_another_media_type_is_refused(self, client: FlaskClient, sender: Sender) -> None:
        headers = {**sender.basic, "Content-Type": "application/xml"}
        answer = client.post("/v1/receipts/infobip", data=b"<a/>", headers=headers)
        assert problem(answer) == (415, "unsupported_media_type")


class TestKeyOfAnAccount:
    def test_a_path_with_a_key_needs_no_credentials(
        self, client: FlaskClient, sender: Sender, message: Message
    ) -> None:
        assert client.post(account_path(sender), data=VONAGE).status_code == 200
        assert client.get(account_path(sender), query_string=VONAGE).status_code == 200
        assert stored(message).state == "delivered"

    def test_the_path_is_short_enough(self, sender: Sender) -> None:
        """A vendor takes URLs of at most 100 characters."""
        assert len("https://links.example.com" + account_path(sender)) < 100

    def test_a_forged_key_is_refused(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        path = account_path(sender)
        forged = [
            path[:-1] + ("A" if path[-1] != "A" else "B"),
            path[:-1],
            path + "x",
            f"/receipts/vonage/{sender.sid}",
        ]
        forged += [path.replace("-", "", 1), f"/receipts/vonage/{sender.sid}-", f"/receipts/vonage/{sender.token}"]
        for one in forged:
            assert problem(client.post(one, data=VONAGE)) == (401, "credentials_invalid"), one
        assert receipts() == []

    def test_a_key_holds_for_one_gateway(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        path = account_path(sender, "infobip").replace("infobip", "vonage")
        assert problem(client.post(path, data=VONAGE)) == (401, "credentials_invalid")

    def test_a_key_holds_for_one_account(
        self, client: FlaskClient, sender: Sender, other_sender: Sender, message: Message
    ) -> None:
        path = account_path(sender).replace(sender.sid, other_sender.sid)
        assert problem(client.post(path, data=VONAGE)) == (401, "credentials_invalid")
        assert problem(client.post(account_path(other_sender), data=VONAGE)) == (404, "message_not_found")

    def test_the_key_of_a_message_is_none_of_an_account(
        self, client: FlaskClient, sender: Sender, message: Message
    ) -> None:
        path = f"/receipts/vonage/{sender.sid}-{receipt_key(SECRET_KEY, 'vonage', sender.sid)}"
        assert problem(client.post(path, data=VONAGE)) == (401, "credentials_invalid")

    def test_the_key_of_an_unknown_account_is_refused(self, client: FlaskClient, app: Flask) -> None:
        path = keys.account_path("vonage", "0" * 32, SECRET_KEY)
        assert problem(client.post(path, data=VONAGE)) == (401, "credentials_invalid")

    def test_a_disabled_account_takes_nothing(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        disable_account()
        assert problem(client.post(account_path(sender), data=VONAGE)) == (401, "account_disabled")

    def test_keys_of_the_previous_secret_key_hold(
        self, client: FlaskClient, sender: Sender, services: Services, message: Message
    ) -> None:
        old = "another key for tests, as long as one"
        path = keys.account_path("vonage", sender.sid, old)
        assert client.post(path, data=VONAGE).status_code == 401
        services.settings = Settings(**services.settings.model_dump(exclude_unset=True) | {"secret_key_old": old})
        assert client.post(path, data=VONAGE).status_code == 200


class TestKeyOfAMessage:
    def test_a_gateway_reports_about_one_message(self, client: FlaskClient, message: Message) -> None:
        fields = {"messageId": "1", "status": "accepted"}
        assert client.get(message_path(message), query_string=fields).status_code == 200
        assert client.post(message_path(message), data={**fields, "status": "delivered"}).status_code == 200
        assert stored(message).state == "delivered"

    def test_it_reports_about_no_other_message(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        other = make_message(sender).message
        assert client.post(message_path(other), data=VONAGE).status_code == 200
        assert (stored(message).state, stored(other).state) == (None, "delivered")

    def test_a_forged_key_is_refused(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        other = make_message(sender).message
        path = message_path(message)
        forged = [path[:-1] + ("A" if path[-1] != "A" else "B"), path.replace(message.msgid, other.msgid)]
        forged += [path.replace("vonage", "infobip"), f"/receipts/vonage/{message.msgid}/é", path[:-16] + "A" * 5000]
        for one in forged:
            assert problem(client.get(one, query_string=VONAGE)) == (401, "credentials_invalid"), one

    def test_a_deleted_message_is_not_found(self, client: FlaskClient, app: Flask) -> None:
        path = f"/receipts/vonage/{'0' * 32}/{receipt_key(SECRET_KEY, 'vonage', '0' * 32)}"
        assert problem(client.get(path, query_string=VONAGE)) == (404, "message_not_found")

    def test_a_disabled_accounts_messages_are_under_way(self, client: FlaskClient, message: Message) -> None:
        disable_account()
        assert client.get(message_path(message), query_string=VONAGE).status_code == 200


class TestEvent:
    def test_each_new_state_is_told_signed(
        self, client: FlaskClient, sender: Sender, services: Services, message: Message
    ) -> None:
        with receiving(OK) as receiver:
            with db.write() as session:
                session.execute(update(Account).values(receipts_url=receiver.url()))
            for status in ("accepted", "accepted", "delivered", "failed"):
                assert post(client, sender, "vonage", data={**VONAGE, "status": status}).status_code == 200
            services.deliverer.deliver_due()
        events = []
        for request in receiver.requests:
            headers, body = parsed(request)
            events.append(Webhook(sender.signing_secret).verify(body, headers))
        assert sorted(event["data"]["state"] for event in events) == ["accepted", "delivered"]
        assert {event["type"] for event in events} == {"message.receipt"}
        assert {event["data"]["msgid"] for event in events} == {message.msgid}


class TestList:
    def listed(self, client: FlaskClient, sender: Sender, **filters: str) -> list[dict[str, Any]]:
        answer = client.get("/v1/receipts", query_string=filters, headers=sender.bearer)
        assert answer.status_code == 200
        found: list[dict[str, Any]] = answer.get_json()["receipts"]
        return found

    def test_a_receipt_is_listed_with_everything(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        at = dt.datetime.now(dt.UTC).replace(microsecond=0)  # a time that cannot be right would be replaced
        fields = {**VONAGE, "status": "failed", "err-code": "3", "message-timestamp": f"{at:%Y-%m-%d %H:%M:%S}"}
        post(client, sender, "vonage", data=fields)
        [found] = self.listed(client, sender)
        assert found.pop("received_on") > "2026"
        assert found == {
            "msgid": message.msgid,
            "message": f"https://s.example.com/v1/messages/{message.msgid}",
            "state": "failed",
            "code": "3",
            "reason": "absent_permanent",
            "explanation": "The number is no longer in use. Take it off your lists.",
            "final": True,
            "at": f"{at:%Y-%m-%dT%H:%M:%S}.000000Z",
            "gateway": "vonage",
            "gateway_ref": "0A01",
        }

    def test_the_filters_choose(self, client: FlaskClient, sender: Sender, message: Message) -> None:
        other = make_message(sender, client_tag="order-2").message
        post(client, sender, "vonage", data={**VONAGE, "status": "accepted"})
        post(client, sender, "vonage", data={**VONAGE, "client-ref": "order-2"})
        post(client, sender, "infobip", json=INFOBIP)
        assert [one["gateway"] for one in self.listed(client, sender)] == ["infobip", "vonage", "vonage"]
        assert [one["state"] for one in self.listed(client, sender, msgid=message.msgid)] == ["delivered", "accepted"]
        assert [one["msgid"] for one in self.listed(client, sender, gateway="vonage", state="delivered")] == [
            other.msgid
        ]
        assert self.listed(client, sender, **{"from": "2100-01-01T00:00:00Z"}) == []
        assert self.listed(client, sender, to="2020-01-01T00:00:00Z") == []

    def test_an_account_sees_only_its_own(
        self, client: FlaskClient, sender: Sender, other_sender: Sender, message: Message
    ) -> None:
        post(client, sender, "vonage", data=VONAGE)
        assert self.listed(client, other_sender) == []
        answer = client.get("/v1/receipts", query_string={"msgid": message.msgid}, headers=other_sender.bearer)
        assert problem(answer) == (404, "message_not_found")

    @pytest.mark.parametrize("filters", [{}, {"state": "buffered"}, {"gateway": "infobip"}])
    def test_the_pages_have_every_receipt_once(
        self, client: FlaskClient, sender: Sender, message: Message, filters: dict[str, str]
    ) -> None:
        with db.write() as session:
            now = db.now(session)
            common = {"account_id": message.account_id, "gateway": "infobip", "happened_on": now, "received_on": now}
            for number in range(1305):
                own = message.id if number < 5 else None
                state = "buffered" if number % 5 == 0 else "unknown"
                session.add(Receipt(**common, message_id=own, state=state, code=str(number)))
        codes, pages = [], 0
        url: str | None = "/v1/receipts?" + "&".join(f"{name}={value}" for name, value in filters.items())
        while url:
            document = client.get(url, headers=sender.bearer).get_json()
            codes += [one["code"] for one in document["receipts"]]
            url, pages = document["next"], pages + 1
        assert len(codes) == (261 if "state" in filters else 1305)
        assert pages == (3 if "state" in filters else 14)

    @pytest.mark.parametrize("query", ["state=lost", "from=x", "cursor=x", "page=2", "state=sent&state=sent"])
    def test_a_wrong_filter_is_refused(self, client: FlaskClient, sender: Sender, query: str) -> None:
        assert problem(client.get(f"/v1/receipts?{query}", headers=sender.bearer)) == (422, "invalid_fields")


class TestFuzz:
    @pytest.mark.parametrize("gateway", NAMES)
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=json_values() | st.dictionaries(st.sampled_from([*VONAGE, "results", "json", "id"]), json_values()))
    def test_no_json_is_answered_with_500(self, client: FlaskClient, sender: Sender, gateway: str, body: Any) -> None:
        text = json.dumps(body)  # a lone surrogate stays escaped
        headers = {**sender.basic, "Content-Type": "application/json"}
        answer = client.post(f"/v1/receipts/{gateway}", data=text, headers=headers)
        assert answer.status_code in {200, 400, 404, 422}

    @pytest.mark.parametrize("gateway", NAMES)
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=st.binary(max_size=60) | st.text().map(lambda text: f"status={quote(text)}&json=%7B%7D".encode()))
    def test_no_form_is_answered_with_500(self, client: FlaskClient, sender: Sender, gateway: str, body: bytes) -> None:
        for media in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "message/rfc822", ""):
            headers = {**sender.basic, "Content-Type": media}
            answer = client.post(f"/v1/receipts/{gateway}", data=body, headers=headers)
            assert answer.status_code in {200, 400, 404, 415, 422}

    @pytest.mark.parametrize("gateway", NAMES)
    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(query=st.dictionaries(st.sampled_from([*VONAGE, "MessageSid", "MessageStatus", "id", "json"]), st.text()))
    def test_no_query_is_answered_with_500(
        self, client: FlaskClient, sender: Sender, gateway: str, query: dict[str, str]
    ) -> None:
        for path in (f"/v1/receipts/{gateway}", account_path(sender, gateway)):
            answer = client.get(path, query_string=query, headers=sender.basic)
            assert answer.status_code in {200, 404, 422}


def test_kannel_reports_at_the_url_of_a_message(client: FlaskClient, message: Message) -> None:
    path = f"/receipts/kannel/{message.msgid}/{receipt_key(SECRET_KEY, 'kannel', message.msgid)}"
    kinds = [("1", "stat:DELIVRD err:000"), ("8", "ACK/"), ("1", "stat:DELIVRD err:000")]
    answers = [client.get(path, query_string={"type": kind, "answer": words, "ref": "F1"}) for kind, words in kinds]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert [receipt.state for receipt in receipts()] == ["delivered", "accepted"]
    assert stored(message).state == "delivered"


def test_odd_words_of_a_carrier_are_stored(client: FlaskClient, message: Message) -> None:
    path = f"/receipts/kannel/{message.msgid}/{receipt_key(SECRET_KEY, 'kannel', message.msgid)}"
    answer = client.get(path, query_string={"type": "1", "answer": "stat:DELIVRD\0" + "x" * 3000, "ref": "F\0" * 300})
    assert answer.status_code == 200


def test_a_notification_of_a_relay_is_taken_as_a_mail(client: FlaskClient, sender: Sender, message: Message) -> None:
    mail = (
        "Content-Type: multipart/report; boundary=x\n\n--x\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; relay.test\nOriginal-Envelope-Id: {message.msgid}\n\n"
        "Final-Recipient: rfc822; anna@example.com\nAction: failed\nStatus: 5.1.1\n\n--x--\n"
    )
    assert post(client, sender, "dsn", data=mail, content_type="message/rfc822").status_code == 200
    found = stored(message)
    assert (found.state, found.code, found.reason) == ("failed", "5.1.1", "no_such_address")


def test_a_mail_that_is_no_notification_is_refused(client: FlaskClient, sender: Sender, message: Message) -> None:
    away = post(client, sender, "dsn", data="Subject: away\n\nI am away.\n", content_type="message/rfc822")
    assert problem(away) == (422, "invalid_fields")
