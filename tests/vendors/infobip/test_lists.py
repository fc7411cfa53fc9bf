"""What reports and logs select, over the calls of SMS."""

import threading
from collections import Counter
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from shortener.reporting import face_search
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Message
from tests.support.factories import DAY, Sender, day_ahead

SEND, OLD, NEW = "/sms/3/messages", "/sms/1/logs", "/sms/3/logs"


def send(client: FlaskClient, sender: Sender, *names: str, options: Any = None, campaign: str = "") -> None:
    destinations = [{"to": f"4179302672{number % 10}", "messageId": name} for number, name in enumerate(names)]
    message = {"sender": "Acme", "destinations": destinations, "content": {"text": "Hi"}}
    message["options"] = {"campaignReferenceId": campaign}
    answer = client.post(SEND, json={"messages": [message], "options": options}, headers=key(sender))
    assert answer.status_code == 200, answer.text


def key(sender: Sender) -> dict[str, str]:
    return {"Authorization": f"App {sender.token}"}


def listed(client: FlaskClient, sender: Sender, path: str) -> list[str]:
    answer = client.get(path, headers=key(sender))
    assert answer.status_code == 200, answer.text
    return [row["messageId"] for row in answer.json["results"]]


def change(name: str | None = None, **values: Any) -> None:
    """Change a message, or all; `age` is how long ago it was received."""
    with db.write() as session:
        if age := values.pop("age", None):
            values["received_on"] = db.now(session) - age
        if "state" in values:
            values["state_on"] = db.now(session)
        query = update(Message).values(**values)
        session.execute(query.where(Message.client_tag == name) if name else query)


@pytest.mark.parametrize("path", [OLD, NEW])
def test_logs_have_the_newest_first(client: FlaskClient, sender: Sender, path: str) -> None:
    send(client, sender, "a", "b")
    send(client, sender, "c")
    assert listed(client, sender, path) == listed(client, sender, path) == ["c", "b", "a"]
    assert listed(client, sender, f"{path}?limit=1") == ["c"]


@pytest.mark.parametrize("path", [OLD, NEW])
def test_logs_end_after_two_days(client: FlaskClient, sender: Sender, path: str) -> None:
    send(client, sender, "old", "new")
    change("old", age=2 * DAY)
    assert listed(client, sender, path) == ["new"]
    assert listed(client, sender, f"{path}?messageId=old,new") == ["new"]


def test_a_scheduled_message_is_found_by_its_id(client: FlaskClient, sender: Sender) -> None:
    options = {"schedule": {"sendAt": f"{day_ahead(30)}T00:00:00Z"}}
    send(client, sender, "later", options=options)
    change("later", age=10 * DAY)
    assert listed(client, sender, NEW) == []
    assert listed(client, sender, f"{NEW}?messageId=later") == ["later"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("messageId=a&messageId=b", {"a", "b"}),
        ("messageId[]=a&messageId[]=c", {"a", "c"}),
        ("bulkId=two,other", {"c"}),
        ("generalStatus=DELIVERED", {"b"}),
        ("generalStatus=PENDING", {"a", "c"}),
        ("generalStatus=ACCEPTED", set()),
        ("campaignReferenceId=spring", {"a", "b"}),
        ("campaignReferenceId=spring&entityId=e", set()),
        ("sentSince=2020-01-01T00:00:00.000%2B0000", {"a", "b", "c"}),
        ("sentSince=2020-01-01T00:00:00.000+0000", {"a", "b", "c"}),
        ("sentUntil=2020-01-01T00:00:00.000Z", set()),
        ("mcc=228", set()),
        ("mcc=228&mnc=01", set()),
        ("nobody=knows", {"a", "b", "c"}),
    ],
)
@pytest.mark.parametrize("path", [OLD, NEW])
def test_a_filter_of_logs_selects(client: FlaskClient, sender: Sender, path: str, query: str, found: set[str]) -> None:
    send(client, sender, "a", "b", options={"schedule": {"bulkId": "one"}}, campaign="spring")
    send(client, sender, "c", options={"schedule": {"bulkId": "two"}}, campaign="summer")
    change("b", state=MessageState.DELIVERED)
    assert set(listed(client, sender, f"{path}?{query}")) == found


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "mnc=01",
        "generalStatus=delivered",
        "sentSince=yesterday",
        "sentUntil=9999-12-31T23:59:59Z",
        "messageId=%00",
        "useCursor=perhaps",
        "cursor=nonsense",
    ],
)
def test_a_bad_parameter_is_a_violation(client: FlaskClient, sender: Sender, query: str) -> None:
    answer = client.get(f"{NEW}?{query}", headers=key(sender))
    assert answer.status_code == 400
    assert [fault["property"] for fault in answer.json["violations"]] == [query.partition("=")[0]]


def test_a_list_without_cursor_goes_through_several_pages(
    client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face_search, "EXAMINED", 3)
    send(client, sender, *(f"m{number}" for number in range(10)))
    change("m0", state=MessageState.DELIVERED)
    assert listed(client, sender, f"{OLD}?generalStatus=DELIVERED") == ["m0"]


def test_another_accounts_messages_stay_hidden(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    send(client, other_sender, "a", options={"schedule": {"bulkId": "b"}})
    change(state=MessageState.DELIVERED)
    for path in (OLD, NEW, "/sms/1/reports", "/sms/3/reports"):
        assert listed(client, sender, f"{path}?messageId=a") == listed(client, sender, f"{path}?bulkId=b") == []
    assert listed(client, other_sender, "/sms/1/reports") == ["a"]


def test_a_report_is_given_out_once_to_both_generations(client: FlaskClient, sender: Sender) -> None:
    send(client, sender, "a", "b", "c")
    change("a", state=MessageState.FAILED)
    change("b", state=MessageState.UNKNOWN)
    assert listed(client, sender, "/sms/1/reports?messageId=c") == []
    assert listed(client, sender, "/sms/1/reports") == ["a"]
    assert listed(client, sender, "/sms/3/reports") == []
    change("c", state=MessageState.DELIVERED)
    assert listed(client, sender, "/sms/3/reports?limit=1000") == ["c"]


def test_eight_clients_at_once_see_each_report_once(app: Flask, client: FlaskClient, sender: Sender) -> None:
    names = [f"m{number}" for number in range(60)]
    send(client, sender, *names)
    change(state=MessageState.DELIVERED)
    got: list[str] = []
    start = threading.Barrier(8)

    def take(version: int) -> None:
        own = app.test_client()
        start.wait()
        while more := listed(own, sender, f"/sms/{version}/reports?limit=3"):
            got.extend(more)

    threads = [threading.Thread(target=take, args=(1 + 2 * (number % 2),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One that found the others' reports locked has stopped early.
    got += listed(client, sender, "/sms/1/reports?limit=1000")
    assert Counter(got) == Counter(names)
