"""Callbacks: listed, replayed and tested; an account can reach only its own."""

import datetime as dt
from typing import Any, ClassVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from standardwebhooks.webhooks import Webhook
from werkzeug.test import TestResponse

from shortener.callbacks import replay
from shortener.callbacks.kind import CALLBACKS
from shortener.reporting import callback_lists
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account, Attempt, Callback, Replay
from tests.support import due_callbacks
from tests.support.factories import Sender, make_message
from tests.support.sending_rows import put_state_callback
from tests.support.servers import OK, Call, parsed, receiving

GONE = b"HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\ngone"
DEAD = "http://127.0.0.1:9/cb"
HOUR = dt.timedelta(hours=1)
NOW = dt.datetime(2025, 11, 22, 9, 0, tzinfo=dt.UTC)  # when the clicks came: long ago


def get(client: FlaskClient, sender: Sender, path: str) -> TestResponse:
    return client.get(path, headers=sender.bearer)


def post(client: FlaskClient, sender: Sender, path: str, **fields: Any) -> TestResponse:
    return client.post(path, json=fields, headers=sender.bearer)


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    document: dict[str, Any] = answer.get_json(force=True)
    assert document["status"] == status
    return document


def put(sender: Sender, counts: dict[str, int], since: dt.datetime = NOW) -> list[str]:
    """The ids of due callbacks, in the order of their clicks."""
    with db.write() as session:
        known = set(session.scalars(select(Callback.event_id)))
        due_callbacks.add(session, sender.name, counts, since=since)
        every = session.scalars(select(Callback.event_id).order_by(Callback.id)).all()
    return [event_id for event_id in every if event_id not in known]


def settle(state: str, reason: str | None = None) -> None:
    """Settle all callbacks as if they had been attempted."""
    with db.write() as session:
        values = {"state": state, "settled_on": NOW, "exhausted_because": reason}
        session.execute(update(Callback).values(values))


def stored(event_id: str) -> Callback:
    with db.read() as session:
        return session.scalars(select(Callback).where(Callback.event_id == event_id)).one()


def asked() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Replay)).one()


class TestReport:
    def test_it_says_everything_about_a_callback(self, client: FlaskClient, sender: Sender, services: Services) -> None:
        with receiving(GONE) as receiver:
            [event_id] = put(sender, {receiver.url(): 1})
            services.deliverer.deliver_due()
        document = get(client, sender, f"/v1/callbacks/{event_id}").get_json()
        assert (document["id"], document["url"], document["state"]) == (event_id, receiver.url(), "pending")
        assert document["event"] == stored(event_id).body.decode()
        assert document["message"] == f"https://s.example.com/v1/messages/{document['msgid']}"
        assert document["next_attempt_on"] > document["created_on"]
        [attempt] = document["attempts"]
        assert document["last_attempt"] == attempt
        assert (attempt["number"], attempt["status"], attempt["answer"]) == (1, 410, "gone")
        assert (attempt["outcome"], attempt["detail"]) == ("answered", "answered 410; only 200 counts as delivered")
        steps = [attempt[f"{step}_ms"] for step in ("lookup", "connect", "first_byte", "total")]
        assert steps == sorted(steps)
        assert attempt["started_on"] <= attempt["ended_on"]
        assert document["replays"] == []

    def test_it_says_what_it_is_about(self, client: FlaskClient, sender: Sender) -> None:
        message = make_message(sender).message
        event_id = put_state_callback(message, MessageState.DELIVERED, DEAD)
        document = get(client, sender, f"/v1/callbacks/{event_id}").get_json()
        assert (document["about"], document["msgid"]) == ("delivered", message.msgid)
        [clicked] = put(sender, {DEAD: 1})
        assert get(client, sender, f"/v1/callbacks/{clicked}").get_json()["about"] == "click"

    def test_why_it_is_exhausted_is_there(self, client: FlaskClient, sender: Sender) -> None:
        [event_id] = put(sender, {DEAD: 1})
        settle("exhausted", "all 11 attempts failed")
        document = get(client, sender, f"/v1/callbacks/{event_id}").get_json()
        assert (document["state"], document["exhausted_because"]) == ("exhausted", "all 11 attempts failed")

    @pytest.mark.parametrize("event_id", ["evt_none", "x", "evt_%00", "evt_" + "a" * 26, "%F0%9F%98%80"])
    def test_one_that_does_not_exist_is_404(self, client: FlaskClient, sender: Sender, event_id: str) -> None:
        assert problem(get(client, sender, f"/v1/callbacks/{event_id}"), 404)["code"] == "callback_not_found"

    def test_another_accounts_is_404_for_every_call(
        self, client: FlaskClient, sender: Sender, other_sender: Sender
    ) -> None:
        [event_id] = put(other_sender, {DEAD: 1})
        settle("exhausted")
        assert problem(get(client, sender, f"/v1/callbacks/{event_id}"), 404)["code"] == "callback_not_found"
        assert problem(post(client, sender, f"/v1/callbacks/{event_id}/replay"), 404)["code"] == "callback_not_found"
        assert get(client, sender, "/v1/callbacks").get_json()["callbacks"] == []
        span = {"from": NOW.isoformat(), "to": (NOW + HOUR).isoformat()}
        assert post(client, sender, "/v1/callbacks/replay", **span).get_json()["replayed"] == 0
        assert stored(event_id).state == "exhausted"
        assert asked() == 0

    def test_no_answer_may_be_cached(self, client: FlaskClient, sender: Sender) -> None:
        assert get(client, sender, "/v1/callbacks").headers["Cache-Control"] == "no-store"


class TestList:
    def test_the_newest_come_first_with_their_last_attempt(
        self, client: FlaskClient, sender: Sender, services: Services
    ) -> None:
        with receiving(OK) as receiver:
            first, second = put(sender, {receiver.url(): 1, DEAD: 1})
            services.deliverer.deliver_due()
        rows = get(client, sender, "/v1/callbacks").get_json()["callbacks"]
        assert [row["id"] for row in rows] == [second, first]
        assert [row["state"] for row in rows] == ["pending", "delivered"]
        assert [row["last_attempt"]["outcome"] for row in rows] == ["refused", "delivered"]
        assert [row["starts"] for row in rows] == [1, 1]

    @pytest.mark.parametrize("state", ["pending", "attempting", "delivered", "exhausted"])
    def test_a_state_selects(self, client: FlaskClient, sender: Sender, state: str) -> None:
        [event_id] = put(sender, {DEAD: 1})
        with db.write() as session:
            session.execute(update(Callback).values(state=state))
        for wanted in ("pending", "attempting", "delivered", "exhausted"):
            rows = get(client, sender, f"/v1/callbacks?state={wanted}").get_json()["callbacks"]
            assert [row["id"] for row in rows] == ([event_id] if wanted == state else [])

    def test_the_time_of_the_click_selects(self, client: FlaskClient, sender: Sender) -> None:
        put(sender, {DEAD: 1})
        [event_id] = put(sender, {DEAD: 1}, since=NOW + HOUR)
        path = "/v1/callbacks?from=2025-11-22T10:00:00Z&to=2025-11-22T11:00:00%2B00:00"
        assert [row["id"] for row in get(client, sender, path).get_json()["callbacks"]] == [event_id]

    def test_pages_follow_each_other_without_gap_or_repetition(self, client: FlaskClient, sender: Sender) -> None:
        ids = put(sender, {DEAD: 250})
        settle("exhausted")
        seen, path = [], "/v1/callbacks?state=exhausted&from=2025-11-22T00:00:00Z"
        sizes = []
        while path:
            document = get(client, sender, path).get_json()
            sizes.append(len(document["callbacks"]))
            seen += [row["id"] for row in document["callbacks"]]
            path = (document["next"] or "").removeprefix("https://s.example.com")
        assert seen == ids[::-1]
        assert sizes == [100, 100, 50]

    def test_what_they_are_about_selects(self, client: FlaskClient, sender: Sender) -> None:
        [clicked] = put(sender, {DEAD: 1})
        message = make_message(sender).message
        told = [put_state_callback(message, state) for state in (MessageState.SENT, MessageState.DELIVERED)]
        for about, ids in (("click", [clicked]), ("receipt", told[::-1])):
            rows = get(client, sender, f"/v1/callbacks?about={about}").get_json()["callbacks"]
            assert [row["id"] for row in rows] == ids

    def test_a_page_looks_at_a_bounded_number(
        self, client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A page of a few among many others can be empty, but says where to continue."""
        monkeypatch.setattr(callback_lists, "LOOKED_AT", 4)
        told = put_state_callback(make_message(sender, now=NOW - HOUR).message, MessageState.SENT)
        put(sender, {DEAD: 9})
        seen, path = [], "/v1/callbacks?about=receipt"
        while path:
            document = get(client, sender, path).get_json()
            seen.append([row["id"] for row in document["callbacks"]])
            path = (document["next"] or "").removeprefix("https://s.example.com")
        assert seen == [[], [], [told]]

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("state=lost", "state"),
            ("about=sent", "about"),
            ("from=yesterday", "from"),
            ("to=2025-11-22T09:00:00", "to"),
            ("to=0001-01-01T00:00:00%2B14:00", "to"),
            ("cursor=x", "cursor"),
            ("status=exhausted", "status"),
            ("state=pending&state=exhausted", "state"),
        ],
    )
    def test_what_cannot_be_used_is_named(self, client: FlaskClient, sender: Sender, query: str, field: str) -> None:
        assert field in problem(get(client, sender, f"/v1/callbacks?{query}"), 422)["errors"]

    def test_an_unknown_parameter_hides_no_other_fault(self, client: FlaskClient, sender: Sender) -> None:
        found = problem(get(client, sender, "/v1/callbacks?status=x&state=lost&from=x&cursor=x"), 422)["errors"]
        assert set(found) == {"status", "state", "from", "cursor"}
        assert found["status"] == ["is not a parameter of this call"]


class TestReplay:
    def test_a_replay_has_the_same_id_and_bytes(self, client: FlaskClient, sender: Sender, services: Services) -> None:
        with receiving(OK) as receiver:
            [event_id] = put(sender, {receiver.url(): 1})
            settle("exhausted", "all 11 attempts failed")
            answer = post(client, sender, f"/v1/callbacks/{event_id}/replay")
            assert (answer.status_code, answer.get_json()["state"]) == (202, "pending")
            services.deliverer.deliver_due()
        headers, body = parsed(receiver.requests[0])
        assert (headers["webhook-id"], body) == (event_id, stored(event_id).body)
        assert (stored(event_id).state, stored(event_id).exhausted_because) == ("delivered", None)

    @pytest.mark.parametrize(("state", "reason"), [("exhausted", "all 11 attempts failed"), ("delivered", None)])
    def test_a_failed_replay_leaves_the_state_unchanged(
        self, client: FlaskClient, sender: Sender, services: Services, state: str, reason: str | None
    ) -> None:
        [event_id] = put(sender, {DEAD: 1})
        settle(state, reason)
        for times in (1, 2):
            assert post(client, sender, f"/v1/callbacks/{event_id}/replay").status_code == 202
            assert services.deliverer.deliver_due() == 1
            callback = stored(event_id)
            assert (callback.state, callback.exhausted_because, callback.replayed_from) == (state, reason, None)
            assert callback.settled_on is not None
            assert len(get(client, sender, f"/v1/callbacks/{event_id}").get_json()["attempts"]) == times
            assert services.deliverer.deliver_due() == 0

    def test_only_receipts_are_replayed_if_asked(self, client: FlaskClient, sender: Sender) -> None:
        [clicked] = put(sender, {DEAD: 1})
        told = put_state_callback(make_message(sender, now=NOW).message, MessageState.SENT)
        settle("delivered")
        span = {"from": NOW.isoformat(), "to": (NOW + HOUR).isoformat(), "state": "delivered"}
        answer = post(client, sender, "/v1/callbacks/replay", **span, about="receipt")
        assert answer.get_json() == {"selected": 1, "replayed": 1, "cursor": None}
        assert (stored(told).state, stored(clicked).state) == ("pending", "delivered")

    def test_the_requester_is_stored(self, client: FlaskClient, sender: Sender) -> None:
        [event_id] = put(sender, {DEAD: 1})
        settle("exhausted")
        document = post(client, sender, f"/v1/callbacks/{event_id}/replay").get_json()
        [replay] = document["replays"]
        assert replay["asked_by"] == "account shop"
        assert replay["asked_on"] > "2026"

    @pytest.mark.parametrize("state", ["pending", "attempting"])
    def test_one_that_is_still_attempted_cannot_be_replayed(
        self, client: FlaskClient, sender: Sender, state: str
    ) -> None:
        [event_id] = put(sender, {DEAD: 1})
        with db.write() as session:
            session.execute(update(Callback).values(state=state))
        assert problem(post(client, sender, f"/v1/callbacks/{event_id}/replay"), 409)["code"] == "callback_open"
        assert asked() == 0

    def test_asked_twice_at_once_it_is_asked_for_once(self, client: FlaskClient, sender: Sender) -> None:
        [event_id] = put(sender, {DEAD: 1})
        settle("exhausted")
        assert post(client, sender, f"/v1/callbacks/{event_id}/replay").status_code == 202
        problem(post(client, sender, f"/v1/callbacks/{event_id}/replay"), 409)
        assert asked() == 1

    def test_the_starts_before_it_do_not_count(self, client: FlaskClient, sender: Sender) -> None:
        [event_id] = put(sender, {DEAD: 1})
        with db.write() as session:
            row_id = session.scalars(select(Callback.id)).one()
            session.add_all(
                Attempt(callback_id=row_id, number=number, started_on=NOW, outcome="interrupted")
                for number in range(1, 26)
            )
        settle("exhausted", "started 25 times")
        post(client, sender, f"/v1/callbacks/{event_id}/replay")
        with db.write() as session:
            now = db.now(session)
            lease = dt.timedelta(seconds=45)
            [claimed] = CALLBACKS.claim(session, now=now, limit=10, lease=lease, per_destination=2)
        assert claimed.label == event_id


class TestReplayOfMany:
    SPAN: ClassVar = {"from": NOW.isoformat(), "to": (NOW + HOUR).isoformat()}

    def test_a_range_of_time_and_a_state_select(self, client: FlaskClient, sender: Sender) -> None:
        put(sender, {DEAD: 2}, since=NOW - HOUR)
        inside = put(sender, {DEAD: 3})
        put(sender, {DEAD: 2}, since=NOW + HOUR)
        settle("exhausted")
        answer = post(client, sender, "/v1/callbacks/replay", **self.SPAN)
        assert (answer.status_code, answer.get_json()) == (202, {"selected": 3, "replayed": 3, "cursor": None})
        pending = get(client, sender, "/v1/callbacks?state=pending").get_json()["callbacks"]
        assert [row["id"] for row in pending] == inside[::-1]
        assert asked() == 3

    def test_delivered_ones_are_replayed_where_they_are_asked_for(self, client: FlaskClient, sender: Sender) -> None:
        put(sender, {DEAD: 3})
        settle("delivered")
        assert post(client, sender, "/v1/callbacks/replay", **self.SPAN).get_json()["replayed"] == 0
        answer = post(client, sender, "/v1/callbacks/replay", state="delivered", **self.SPAN)
        assert answer.get_json()["replayed"] == 3

    @pytest.mark.parametrize("state", ["exhausted", "delivered"])
    @pytest.mark.parametrize("destination", ["http://127.0.0.1:9", "HTTP://127.0.0.1:9/cb?x=1"])
    def test_a_destination_selects_its_callbacks_alone(
        self, client: FlaskClient, sender: Sender, other_sender: Sender, state: str, destination: str
    ) -> None:
        inside = put(sender, {DEAD: 3, "http://127.0.0.1:10/cb": 4, "https://127.0.0.1:9/cb": 2})[:3]
        put(other_sender, {DEAD: 2})
        settle(state)
        fields = {**self.SPAN, "state": state, "destination": destination}
        answer = post(client, sender, "/v1/callbacks/replay", **fields)
        assert answer.get_json() == {"selected": 3, "replayed": 3, "cursor": None}
        pending = get(client, sender, "/v1/callbacks?state=pending").get_json()["callbacks"]
        assert [row["id"] for row in pending] == inside[::-1]
        assert asked() == 3

    @pytest.mark.parametrize("dry", [True, "true"])
    def test_a_dry_run_counts_and_changes_nothing(self, client: FlaskClient, sender: Sender, dry: bool | str) -> None:
        put(sender, {DEAD: 3, "http://127.0.0.1:10/cb": 4})
        settle("exhausted")
        answer = post(client, sender, "/v1/callbacks/replay", destination=DEAD, dry_run=dry, **self.SPAN)
        assert (answer.status_code, answer.get_json()) == (200, {"selected": 3, "replayed": 0, "cursor": None})
        assert asked() == 0

    def test_a_call_is_bounded_and_can_continue(
        self, client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(replay, "AT_ONCE", 4)
        put(sender, {DEAD: 10})
        settle("delivered")
        counts, cursor = [], None
        while not counts or cursor:
            fields = {**self.SPAN, "state": "delivered", **({"cursor": cursor} if cursor else {})}
            document = post(client, sender, "/v1/callbacks/replay", **fields).get_json()
            counts.append(document["replayed"])
            cursor = document["cursor"]
            settle("delivered")  # as when each has been attempted meanwhile
        assert counts == [4, 4, 2]

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({}, "from"),
            ({"from": "2025-11-22T09:00:00Z"}, "to"),
            ({"from": "2025-11-22T09:00:00Z", "to": "2025-11-22T09:00:00Z"}, "to"),
            ({"from": 5, "to": "2025-11-22T09:00:00Z"}, "from"),
            ({**SPAN, "state": "pending"}, "state"),
            ({**SPAN, "cursor": "x"}, "cursor"),
            ({**SPAN, "limit": 5}, "limit"),
            ({**SPAN, "destination": "127.0.0.1:9"}, "destination"),
            ({**SPAN, "destination": "http://a b/"}, "destination"),
            ({**SPAN, "destination": ""}, "destination"),
            ({**SPAN, "destination": "http://127.1:9"}, "destination"),
            ({**SPAN, "dry_run": "perhaps"}, "dry_run"),
        ],
    )
    def test_what_cannot_be_used_is_named(
        self, client: FlaskClient, sender: Sender, fields: dict[str, Any], field: str
    ) -> None:
        assert field in problem(post(client, sender, "/v1/callbacks/replay", **fields), 422)["errors"]


class TestTrial:
    def test_a_test_event_is_signed_and_reported(self, client: FlaskClient, sender: Sender) -> None:
        with receiving(OK) as receiver:
            document = post(client, sender, "/v1/callbacks/test", url=receiver.url()).get_json()
        headers, body = parsed(receiver.requests[0])
        assert Webhook(sender.signing_secret).verify(body.decode(), headers)["type"] == "callback.test"
        assert (document["id"], document["event"]) == (headers["webhook-id"], body.decode())
        attempt = document["attempt"]
        assert (attempt["number"], attempt["outcome"], attempt["status"], attempt["answer"]) == (
            1,
            "delivered",
            200,
            "ok",
        )

    def test_what_a_receiver_does_wrong_is_said(self, client: FlaskClient, sender: Sender) -> None:
        with receiving(GONE) as receiver:
            attempt = post(client, sender, "/v1/callbacks/test", url=receiver.url()).get_json()["attempt"]
        assert (attempt["outcome"], attempt["detail"]) == ("answered", "answered 410; only 200 counts as delivered")

    def test_nothing_is_stored(self, client: FlaskClient, sender: Sender) -> None:
        post(client, sender, "/v1/callbacks/test", url=DEAD)
        with db.read() as session:
            assert session.scalars(select(Callback)).all() == session.scalars(select(Attempt)).all() == []

    @pytest.mark.parametrize(
        "url",
        ["http://10.0.0.5/", "ftp://example.com/", "https://s.example.com/x", "http://a:b@example.com/", "", None],
    )
    def test_test_events_obey_the_callback_rules(self, client: FlaskClient, sender: Sender, url: str | None) -> None:
        assert "url" in problem(post(client, sender, "/v1/callbacks/test", url=url), 422)["errors"]

    def test_test_events_leave_places_to_other_accounts(
        self, client: FlaskClient, sender: Sender, other_sender: Sender, app: Flask, services: Services
    ) -> None:
        inside: list[int] = []

        def ask_again(call: Call) -> None:
            with app.app_context():
                for who in (sender, other_sender):
                    inside.append(post(app.test_client(), who, "/v1/callbacks/test", url=DEAD).status_code)
            call.say(OK)

        with db.read() as session:
            account = session.scalars(select(Account).where(Account.name == sender.name)).one()
        under_way = []
        while call := services.long_calls.begin(account.id):
            under_way.append(call)
        under_way.pop().end()
        with receiving(ask_again) as receiver:
            assert post(client, sender, "/v1/callbacks/test", url=receiver.url()).status_code == 200
        for call in under_way:
            call.end()
        assert inside == [429, 200]
        assert post(client, sender, "/v1/callbacks/test", url=DEAD).status_code == 200
