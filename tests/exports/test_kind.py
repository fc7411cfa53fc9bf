"""Exports from the request to the file, to a real S3 server and to a folder."""

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.exc import OperationalError

from shortener.config.settings import Settings
from shortener.delivery.loop import Deliverer
from shortener.exports import attempt
from shortener.files import whole_file
from shortener.reporting import message_exports
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Export
from tests.conftest import running
from tests.support.factories import NOW, Sender, make_account, make_message
from tests.support.object_stores import KEYS, ObjectStore
from tests.support.servers import receiving
from tests.support.waiting import WITHIN, until

CSV = {"format": "csv", "name": "all.csv"}
DENIED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/xml\r\nContent-Length: 120\r\n\r\n"
    + b"<Error><Code>SignatureDoesNotMatch</Code><AWSAccessKeyId>testing</AWSAccessKeyId></Error>".ljust(120)
)
Make = Callable[..., Flask]


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Make]:
    """Makes an application with further settings, on the same database."""
    contexts = []

    def make(**changes: Any) -> Flask:
        contexts.append(running(Settings(**{**settings.model_dump(), **changes})))
        return contexts[-1].__enter__()

    yield make
    for context in reversed(contexts):
        context.__exit__(None, None, None)


@pytest.fixture
def app(make_app: Make, store: ObjectStore) -> Flask:
    return make_app(**store.settings())


@pytest.fixture
def messages(app: Flask, sender: Sender) -> None:
    for number in range(5):
        make_message(sender, client_tag=f"order-{number}", tags=["春"] if number % 2 else None)


def start(client: FlaskClient, sender: Sender, **fields: Any) -> dict[str, Any]:
    answer = client.post("/v1/exports", json={**CSV, **fields}, headers=sender.basic)
    assert answer.status_code == 202, answer.text
    return dict(answer.get_json())


def report(client: FlaskClient, sender: Sender, export: dict[str, Any]) -> dict[str, Any]:
    return dict(client.get(f"/v1/exports/{export['id']}", headers=sender.basic).get_json())


def work(app: Flask) -> int:
    services: Services = app.extensions["shortener"]
    return services.exports.deliver_due()


def streamed(client: FlaskClient, sender: Sender, query: str = "format=csv") -> bytes:
    return client.get(f"/v1/messages/export?{query}", headers=sender.basic, buffered=True).data


def make_due() -> None:
    with db.write() as session:
        session.execute(update(Export).where(Export.settled_on.is_(None)).values(due_on=NOW))


@pytest.mark.usefixtures("messages")
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_file_has_the_streamed_bytes(
    app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore, kind: str
) -> None:
    started = start(client, sender, format=kind, name="a")
    assert (started["state"], started["rows"], started["bytes"]) == ("pending", 0, 0)
    assert work(app) == 1
    expected = streamed(client, sender, f"format={kind}")
    key = f"exports/{sender.sid}/a"
    assert store.names() == [key]
    assert store.read(key) == expected
    assert store.content_type(key) == message_exports.FORMATS[kind].content_type
    done = report(client, sender, started)
    assert (done["state"], done["rows"], done["bytes"]) == ("delivered", 5, len(expected))
    assert done["place"] == f"s3://{store.bucket}/{key}"
    assert [one["outcome"] for one in done["attempts"]] == ["delivered"]
    assert store.uploads() == []


@pytest.mark.usefixtures("messages")
def test_the_filter_is_that_of_lists(app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore) -> None:
    start(client, sender, tag="春", clicked=False, delimiter="semicolon")
    work(app)
    expected = streamed(client, sender, "format=csv&delimiter=semicolon&tag=春&clicked=false")
    assert expected.count(b"\n") == 3
    assert store.read(f"exports/{sender.sid}/all.csv") == expected


@pytest.mark.usefixtures("messages")
def test_later_messages_are_left_out(app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore) -> None:
    expected = streamed(client, sender)
    start(client, sender)
    make_message(sender, client_tag="later")
    work(app)
    assert store.read(f"exports/{sender.sid}/all.csv") == expected


@pytest.mark.usefixtures("messages")
def test_a_large_file_has_several_parts(
    app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 takes no part below 5 MiB but the last, so each line is repeated."""
    monkeypatch.setattr(message_exports, "AT_ONCE", 1)
    monkeypatch.setattr(attempt, "AT_ONCE", 1)
    write = message_exports.FORMATS["jsonl"].write
    big = message_exports.Format("application/jsonl", "", lambda found: write(found) * 8000, "")
    monkeypatch.setitem(message_exports.FORMATS, "jsonl", big)
    start(client, sender, format="jsonl", name="all.jsonl")
    work(app)
    expected = streamed(client, sender, "format=jsonl")
    assert len(expected) > 17 * 1024 * 1024
    assert store.read(f"exports/{sender.sid}/all.jsonl") == expected


@pytest.mark.usefixtures("messages")
@pytest.mark.parametrize("is_own", [True, False])
def test_only_its_own_file_is_replaced(make_app: Make, tmp_path: Path, sender: Sender, is_own: bool) -> None:
    """A process may die after its file has appeared, before the database knows."""
    app = make_app(export_url=f"file://{tmp_path}/out", export_options=None)
    client = app.test_client()
    started = start(client, sender)
    file = tmp_path / "out" / sender.sid / "all.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"old")
    with db.write() as session:
        session.execute(update(Export).values(size=3 if is_own else 0))
    work(app)
    now = report(client, sender, started)
    if is_own:
        assert now["state"] == "delivered" and file.read_bytes() == streamed(client, sender)
    else:
        assert now["attempts"][0]["detail"] == f"{file}: a file of that name is already there"
        assert file.read_bytes() == b"old"


@pytest.mark.usefixtures("messages")
def test_a_folder_gets_the_whole_file(make_app: Make, tmp_path: Path, sender: Sender) -> None:
    app = make_app(export_url=f"file://{tmp_path}/out", export_options=None)
    client = app.test_client()
    started = start(client, sender)
    work(app)
    file = tmp_path / "out" / sender.sid / "all.csv"
    assert file.read_bytes() == streamed(client, sender)
    assert [*file.parent.iterdir()] == [file]
    assert started["place"] == f"file://{file}"


def test_an_empty_export_has_a_file(app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore) -> None:
    started = start(client, sender, format="jsonl", name="none.jsonl")
    work(app)
    assert store.read(f"exports/{sender.sid}/none.jsonl") == b""
    assert report(client, sender, started)["state"] == "delivered"


def failed(app: Flask, client: FlaskClient, sender: Sender) -> str:
    """Why the one attempt failed; the export waits for another."""
    started = start(client, sender)
    work(app)
    now = report(client, sender, started)
    assert (now["state"], now["rows"]) == ("pending", now["attempts"][0]["rows"])
    assert now["next_attempt_on"] is not None
    [tried] = now["attempts"]
    assert tried["outcome"] == "unwritten"
    return str(tried["detail"])


@pytest.mark.usefixtures("messages")
def test_wrong_credentials_are_named_not_shown(make_app: Make, store: ObjectStore, sender: Sender) -> None:
    with receiving(DENIED) as server:
        options = store.options.replace(store.endpoint, server.url(path=""))
        app = make_app(**{**store.settings(), "export_options": options})
        detail = failed(app, app.test_client(), sender)
    assert detail == "the storage answered 403 SignatureDoesNotMatch"
    assert not any(value in detail for value in KEYS.values())


@pytest.mark.usefixtures("messages")
def test_a_missing_bucket_is_named(make_app: Make, store: ObjectStore, sender: Sender) -> None:
    app = make_app(**{**store.settings(), "export_url": "s3://there-is-none/exports"})
    assert failed(app, app.test_client(), sender) == "the storage answered 404 NoSuchBucket"


@pytest.mark.usefixtures("messages")
def test_a_storage_that_is_away_is_named(make_app: Make, store: ObjectStore, sender: Sender) -> None:
    options = store.options.replace(store.endpoint, "http://127.0.0.1:9")
    app = make_app(**{**store.settings(), "export_options": options})
    assert failed(app, app.test_client(), sender) == "the storage cannot be reached: Connection refused"


@pytest.mark.usefixtures("messages")
def test_an_unwritable_folder_is_named(make_app: Make, sender: Sender, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    app = make_app(export_url=f"file://{tmp_path}/out", export_options=None)
    assert failed(app, app.test_client(), sender) == f"{tmp_path}/out: Not a directory"


@pytest.mark.usefixtures("messages")
def test_a_lost_database_fails_the_attempt(
    app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> Any:
        raise OperationalError("SELECT", {}, ConnectionError("away"), connection_invalidated=True)

    with monkeypatch.context() as broken:
        broken.setattr(message_exports.message_lists, "look", away)
        broken.setattr(attempt.outages, "is_outage", lambda error: isinstance(error, OperationalError))
        assert failed(app, client, sender) == attempt.DATABASE
    assert store.names() == store.uploads() == []
    make_due()
    work(app)
    assert store.names() == [f"exports/{sender.sid}/all.csv"]


@pytest.mark.usefixtures("messages")
def test_a_failure_midway_leaves_nothing(
    app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "AT_ONCE", 2)
    look = message_exports.message_lists.look
    calls: list[int] = []

    def breaking(*given: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise ValueError("a bug")
        return look(*given, **more)

    monkeypatch.setattr(message_exports.message_lists, "look", breaking)
    assert failed(app, client, sender) == attempt.UNEXPECTED
    assert store.names() == store.uploads() == []


@pytest.mark.usefixtures("messages")
def test_retries_end_with_the_reason(make_app: Make, store: ObjectStore, sender: Sender) -> None:
    app = make_app(**{**store.settings(), "export_url": "s3://there-is-none/exports"})
    client = app.test_client()
    started = start(client, sender)
    while work(app):
        make_due()
    ended = report(client, sender, started)
    assert (ended["state"], ended["exhausted_because"]) == ("exhausted", "all 5 attempts failed")
    assert len(ended["attempts"]) == 5
    assert ended["settled_on"] is not None


@pytest.mark.usefixtures("messages")
def test_a_place_that_is_no_longer_allowed_fails(
    make_app: Make, client: FlaskClient, sender: Sender, store: ObjectStore
) -> None:
    started = start(client, sender)
    app = make_app(**store.settings("elsewhere"))
    work(app)
    [tried] = report(client, sender, started)["attempts"]
    assert tried["detail"] == attempt.NOT_ALLOWED


def paused(monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Call a function after the first part of an export has been read."""
    monkeypatch.setattr(attempt, "AT_ONCE", 2)
    look, calls = message_exports.message_lists.look, []

    def looking(*given: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            given[0].close()  # the transaction of this part
            then()
        return look(*given, **more)

    monkeypatch.setattr(message_exports.message_lists, "look", looking)


@pytest.mark.usefixtures("messages")
def test_a_lost_lease_ends_the_attempt(
    app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose() -> None:
        with db.write() as session:
            session.execute(update(Export).values(lease_token="another"))

    paused(monkeypatch, lose)
    started = start(client, sender)
    work(app)
    now = report(client, sender, started)
    assert (now["state"], now["attempts"][0]["outcome"]) == ("attempting", "interrupted")
    assert now["attempts"][0]["detail"] == attempt.LOST
    assert store.names() == store.uploads() == []


@pytest.mark.usefixtures("messages")
def test_a_canceled_export_leaves_no_file(
    app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = []
    paused(monkeypatch, lambda: answers.append(app.test_client().post(f"{path}/cancel", headers=sender.basic)))
    started = start(client, sender)
    path = f"/v1/exports/{started['id']}"
    work(app)
    assert [answer.status_code for answer in answers] == [200]
    assert report(client, sender, started)["state"] == "canceled"
    assert store.names() == store.uploads() == []


@pytest.mark.usefixtures("messages")
def test_a_stop_ends_and_returns_the_export(
    app: Flask,
    client: FlaskClient,
    sender: Sender,
    store: ObjectStore,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused(monkeypatch, services.exports.request_stop)
    started = start(client, sender)
    work(app)
    now = report(client, sender, started)
    assert (now["state"], now["attempts"][0]["detail"]) == ("pending", attempt.STOPPED)
    assert dt.datetime.fromisoformat(now["next_attempt_on"]) <= dt.datetime.now(dt.UTC)
    assert store.names() == store.uploads() == []


@pytest.mark.usefixtures("messages")
def test_the_progress_can_be_seen(
    app: Flask,
    client: FlaskClient,
    sender: Sender,
    store: ObjectStore,
    services: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shortener.delivery.heartbeat.BEATS", 4000)
    seen: list[int] = []

    def look() -> None:
        until(lambda: report(app.test_client(), sender, started)["rows"] == 2)
        seen.append(report(app.test_client(), sender, started)["bytes"])

    paused(monkeypatch, look)
    started = start(client, sender)
    work(app)
    assert seen and seen[0] > 0


@pytest.mark.usefixtures("messages")
def test_two_loops_share_the_exports(
    app: Flask, make_app: Make, client: FlaskClient, sender: Sender, store: ObjectStore
) -> None:
    """Each file is written once, and an account has one under way at a time."""
    other = make_account("other")
    made = [start(client, one, name=f"{number}.csv") for one in (sender, other) for number in range(3)]
    loops = [
        Deliverer(one.extensions["shortener"].exports.kind, one.app_context)
        for one in (app, make_app(**store.settings()))
    ]
    for loop in loops:
        loop.start()
    try:
        until(lambda: len(store.names()) == len(made))
    finally:
        for loop in loops:
            loop.stop(WITHIN)
    with db.read() as session:
        states = session.execute(select(Export.state, Export.starts_before)).all()
    assert {tuple(row) for row in states} == {("delivered", 0)}
    reports = [report(client, one, export) for one, export in zip([sender] * 3 + [other] * 3, made, strict=True)]
    assert [len(one["attempts"]) for one in reports] == [1] * 6


@pytest.mark.usefixtures("messages")
def test_an_account_has_one_at_a_time(app: Flask, client: FlaskClient, sender: Sender, services: Services) -> None:
    for number in range(2):
        start(client, sender, name=f"{number}.csv")
    with db.write() as session:
        claim = services.exports.kind.queue.claim
        claimed = claim(session, now=db.now(session), limit=9, lease=services.exports.kind.lease, per_destination=1)
    assert len(claimed) == 1
    assert work(app) == 0


@pytest.mark.usefixtures("messages")
def test_accounts_take_turns_with_the_slot(app: Flask, client: FlaskClient, sender: Sender, store: ObjectStore) -> None:
    """An account that asks for many does not let another wait for all of them."""
    for number in range(3):
        start(client, sender, name=f"{number}.csv")
    other = make_account("other")
    start(client, other, name="one.csv")
    assert [work(app), work(app)] == [1, 1]
    assert sorted(store.names()) == sorted([f"exports/{sender.sid}/0.csv", f"exports/{other.sid}/one.csv"])


@pytest.mark.usefixtures("messages")
def test_a_full_disk_leaves_no_file(
    make_app: Make, sender: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, os.strerror(28))

    app = make_app(export_url=f"file://{tmp_path}/out", export_options=None)
    monkeypatch.setattr(whole_file.os, "fsync", full)
    assert failed(app, app.test_client(), sender) == "the file cannot be written: No space left on device"
    assert [*(tmp_path / "out" / sender.sid).iterdir()] == []


def test_each_part_has_its_own_transaction(
    app: Flask, client: FlaskClient, sender: Sender, monkeypatch: pytest.MonkeyPatch, messages: None
) -> None:
    """The database may move on while a part is uploaded."""
    monkeypatch.setattr(attempt, "AT_ONCE", 1)
    begun: list[int] = []
    main = threading.get_ident()
    event.listen(db.db.engine, "begin", lambda _: begun.append(threading.get_ident()))
    start(client, sender)
    work(app)
    assert sum(thread != main for thread in begun) > 5


def test_recipients_of_filters_are_masked(app: Flask, client: FlaskClient) -> None:
    private = make_account("private", recipient_storage="masked")
    started = start(client, private, recipient="+818012345678")
    assert started["filter"] == {"recipient": "+818012345678"}
    work(app)
    assert report(client, private, started)["filter"] == {"recipient": "*********5678"}
