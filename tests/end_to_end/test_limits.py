"""Limits of accounts by every way in: single messages, batches, campaigns, Xoxzo's format, two processes at once."""

import datetime as dt
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from shortener.accounts import limits, senders
from shortener.storage import db
from shortener.storage.models import Message
from tests.conftest import SECRET_KEY
from tests.support.factories import TEXT, Sender, make_account
from tests.support.processes import Harness, harness

LIMIT = 40


def stored() -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Message)).one()


@pytest.fixture
def limited(app: Flask) -> Sender:
    return make_account("limited", monthly_limit=2)


@pytest.fixture
def quiet(app: Flask) -> Sender:
    """An account whose quiet hours began an hour ago and end in an hour."""
    now, hour = dt.datetime.now(dt.UTC), dt.timedelta(hours=1)
    return make_account("quiet", quiet_hours=f"{now - hour:%H:%M}-{now + hour:%H:%M}")


def test_a_single_message_beyond_the_limit_is_refused(client: FlaskClient, limited: Sender) -> None:
    answers = [client.post("/v1/messages", json={"message": TEXT}, headers=limited.bearer) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[2].json is not None and answers[2].json["code"] == "monthly_limit"
    assert int(answers[2].headers["Retry-After"]) > 0
    assert stored() == 2


def test_a_batch_is_refused_from_the_limit_on(client: FlaskClient, limited: Sender) -> None:
    batch = [{"message": TEXT, "client_tag": tag} for tag in ("a", "a", "b", "c")]
    answer = client.post("/v1/messages/batch", json=batch, headers=limited.bearer)
    entries = json.loads(answer.data)
    assert [entry["status"] for entry in entries] == [201, 409, 201, 429]
    assert entries[3]["code"] == "monthly_limit"
    assert stored() == 2


def test_a_campaign_shows_what_was_refused(app: Flask, limited: Sender, tmp_path: Path) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("message\n" + f"{TEXT}\n" * 3)
    words = ["preprocess", str(source), str(target), "--account", "limited"]
    result = app.test_cli_runner().invoke(args=words)
    assert result.exit_code == 5, result.output
    rows = target.read_text(encoding="utf-8-sig").splitlines()
    assert ["2 messages in a month" in row for row in rows] == [False, False, False, True]


def test_xoxzos_clients_see_the_limit(client: FlaskClient, limited: Sender) -> None:
    fields = {"message": TEXT, "recipient": "+818012345678", "sender": "shop"}
    answers = [client.post("/sms/messages/", data=fields, headers=limited.basic) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert "2 messages in a month" in answers[2].get_data(as_text=True)


def test_quiet_hours_are_named_by_every_way_in(client: FlaskClient, quiet: Sender) -> None:
    single = client.post("/v1/messages", json={"message": TEXT}, headers=quiet.bearer)
    batch = client.post("/v1/messages/batch", json=[{"message": TEXT}], headers=quiet.bearer)
    xoxzo = client.post(
        "/sms/messages/", data={"message": TEXT, "recipient": "+818012345678", "sender": "shop"}, headers=quiet.basic
    )
    assert single.json is not None
    assert [single.json["code"], json.loads(batch.data)[0]["code"]] == ["quiet_hours"] * 2
    assert [single.status_code, json.loads(batch.data)[0]["status"], xoxzo.status_code] == [409] * 3
    assert stored() == 0


@pytest.fixture
def processes(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Harness]:
    settings = {"database_url": database_url, "data": str(tmp_path), "secret_key": SECRET_KEY, "worker": "off"}
    with harness({**settings, "public_url": "https://s.example.com"}, tmp_path / "harness") as made:
        yield made


def test_two_processes_store_no_more_than_the_limit(processes: Harness, sender: Sender) -> None:
    """Single messages of several accounts and batches, on two processes at once."""
    with db.write() as session:
        senders.configure(session, sender.name, {"monthly_limit": LIMIT})
    second = make_account("second", monthly_limit=LIMIT)
    nodes = [processes.web(), processes.web()]

    def single(number: int) -> list[int]:
        account = (sender, second)[number // 2 % 2]
        url = f"{nodes[number % 2].url}/v1/messages"
        return [requests.post(url, json={"message": TEXT}, headers=account.bearer, timeout=60).status_code]

    def batch(number: int) -> list[int]:
        url = f"{nodes[number % 2].url}/v1/messages/batch"
        entries = [{"message": TEXT, "client_tag": f"{number // 2}-{place}"} for place in range(7)]
        answer = requests.post(url, json=entries, headers=sender.bearer, timeout=60)
        return [entry["status"] for entry in answer.json()]

    with ThreadPoolExecutor(8) as pool:
        singles = [pool.submit(single, number) for number in range(160)]
        batches = [pool.submit(batch, number) for number in range(12)]
        found = [status for future in (*singles, *batches) for status in future.result()]
    assert set(found) <= {201, 409, 429}
    assert (found.count(201), stored()) == (2 * LIMIT, 2 * LIMIT)
    with db.write() as session:
        now = db.now(session)
        for name in (sender.name, second.name):
            allowed = limits.allowance(session.connection(), senders.named(session, name).id, now)
            assert allowed is not None and allowed.left == 0
