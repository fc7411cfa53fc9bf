"""The API of exports as jobs: what is accepted, what is refused, and whose it is."""

import datetime as dt
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from shortener.config.settings import Settings
from shortener.exports import asking, lists
from shortener.storage import db
from shortener.storage.models import Export
from tests.support.factories import DAY, NOW, Sender

PATH = "/v1/exports"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    more = {"export_url": "s3://bucket/folder", "export_buckets": "other,third", "export_options": "region=us-east-1"}
    return Settings(**{**settings.model_dump(), **more})


def post(client: FlaskClient, sender: Sender, fields: Any, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(PATH, json=fields, headers={**sender.basic, **named})


def faults(answer: TestResponse) -> dict[str, Any]:
    assert answer.status_code == 422, answer.text
    return dict(answer.get_json()["errors"])


def code(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_a_default_name_has_time_and_id(client: FlaskClient, sender: Sender) -> None:
    answer = post(client, sender, {"format": "jsonl"})
    assert answer.status_code == 202
    report = answer.get_json()
    time = dt.datetime.fromisoformat(report["created_on"])
    assert report["name"] == f"messages-{time:%Y%m%dT%H%M%SZ}-{report['id'][4:12]}.jsonl"
    assert report["place"] == f"s3://bucket/folder/{sender.sid}/{report['name']}"


def test_a_form_is_taken_too(client: FlaskClient, sender: Sender) -> None:
    fields = {"format": "csv", "tag": "a", "clicked": "false", "name": "a.csv", "bucket": "other", "delimiter": "tab"}
    report = client.post(PATH, data=fields, headers=sender.basic).get_json()
    assert report["filter"] == {"tag": "a", "clicked": "false"}
    assert report["place"] == f"s3://other/folder/{sender.sid}/a.csv"
    assert report["delimiter"] == "tab"


@pytest.mark.parametrize(
    ("fields", "faulty"),
    [
        ({}, {"format"}),
        ({"format": "xml"}, {"format"}),
        ({"format": "jsonl", "delimiter": "tab"}, {"delimiter"}),
        ({"format": "csv", "name": "../x"}, {"name"}),
        ({"format": "csv", "name": "a/b"}, {"name"}),
        ({"format": "csv", "name": ".hidden"}, {"name"}),
        ({"format": "csv", "name": "a\0"}, {"name"}),
        ({"format": "csv", "name": "a" * 129}, {"name"}),
        ({"format": "csv", "name": 7}, {"name"}),
        ({"format": "csv", "name": "a.JSONL"}, {"name"}),
        ({"format": "jsonl", "name": "a.csv"}, {"name"}),
        ({"format": "csv", "from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}, {"to"}),
        ({"format": "csv", "bucket": "somebody-elses"}, {"bucket"}),
        ({"format": "csv", "bucket": ""}, {"bucket"}),
        ({"format": "csv", "cursor": "AAAA"}, {"cursor"}),
        ({"format": "csv", "limit": 5}, {"limit"}),
        ({"format": "csv", "from": "yesterday", "state": "lost", "clicked": 1}, {"from", "state", "clicked"}),
        ({"format": "csv", "text": "\0"}, {"text"}),
    ],
)
def test_wrong_fields_are_named(client: FlaskClient, sender: Sender, fields: dict[str, Any], faulty: set[str]) -> None:
    assert set(faults(post(client, sender, fields))) == faulty


def test_a_name_can_be_used_once(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    fields = {"format": "csv", "name": "a.csv"}
    assert post(client, sender, fields).status_code == 202
    assert code(post(client, sender, fields)) == (409, "export_name_taken")
    assert post(client, sender, {**fields, "bucket": "other"}).status_code == 202
    assert post(client, other_sender, fields).status_code == 202


def test_a_repeated_key_returns_the_first(client: FlaskClient, sender: Sender) -> None:
    first = post(client, sender, {"format": "csv", "clicked": True}, Idempotency_Key="k")
    again = post(client, sender, {"clicked": "true", "format": "csv"}, Idempotency_Key="k")
    assert (again.status_code, again.get_json()) == (202, first.get_json())
    other = post(client, sender, {"format": "jsonl"}, Idempotency_Key="k")
    assert code(other) == (422, "idempotency_key_reused")


def test_only_some_exports_may_be_open(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    for _ in range(asking.MOST_OPEN):
        assert post(client, sender, {"format": "csv"}).status_code == 202
    refused = post(client, sender, {"format": "csv"})
    assert code(refused) == (429, "too_many_open_exports")
    assert "Retry-After" in refused.headers
    assert post(client, other_sender, {"format": "csv"}).status_code == 202


def test_another_accounts_export_is_unknown(client: FlaskClient, sender: Sender, other_sender: Sender) -> None:
    export_id = post(client, sender, {"format": "csv"}).get_json()["id"]
    for answer in (
        client.get(f"{PATH}/{export_id}", headers=other_sender.basic),
        client.post(f"{PATH}/{export_id}/cancel", headers=other_sender.basic),
        client.get(f"{PATH}/exp_%00", headers=sender.basic),
    ):
        assert code(answer) == (404, "export_not_found")
    assert client.get(PATH, headers=other_sender.basic).get_json()["exports"] == []


def test_a_waiting_export_can_be_canceled_once(client: FlaskClient, sender: Sender) -> None:
    path = f"{PATH}/{post(client, sender, {'format': 'csv'}).get_json()['id']}"
    canceled = client.post(f"{path}/cancel", headers=sender.basic)
    assert (canceled.status_code, canceled.get_json()["state"]) == (200, "canceled")
    assert code(client.post(f"{path}/cancel", headers=sender.basic)) == (409, "export_settled")


def test_the_list_has_pages(client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists.find, "__kwdefaults__", {"size": 2})
    ids = [post(client, sender, {"format": "csv"}).get_json()["id"] for _ in range(5)]
    with db.write() as session:  # two of the same moment
        session.execute(update(Export).where(Export.public_id.in_(ids[1:3])).values(created_on=NOW + DAY))
    seen, path = [], PATH
    while path:
        page = client.get(path, headers=sender.basic).get_json()
        seen += [one["id"] for one in page["exports"]]
        path = (page["next"] or "").removeprefix("https://s.example.com")
    with db.read() as session:
        order = session.scalars(select(Export.public_id).order_by(Export.created_on.desc(), Export.id.desc()))
        assert seen == list(order)


def test_unknown_parameters_of_the_list_are_refused(client: FlaskClient, sender: Sender) -> None:
    assert set(faults(client.get(f"{PATH}?state=pending&cursor=x", headers=sender.basic))) == {"state", "cursor"}


class TestWithoutStorage:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        without = {"export_url": None, "export_buckets": (), "export_options": None}
        return Settings(**{**settings.model_dump(), **without})

    def test_a_clear_refusal_without_a_storage(self, client: FlaskClient, sender: Sender) -> None:
        assert code(post(client, sender, {"format": "csv"})) == (409, "exports_not_configured")
        assert client.get(PATH, headers=sender.basic).get_json() == {"exports": [], "next": None}
