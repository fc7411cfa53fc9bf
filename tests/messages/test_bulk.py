"""Preprocess in bulk: one outcome for each entry, and what is retried."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, event, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shortener.errors import ClientTagTakenError, InvalidFieldsError
from shortener.messages import bulk, portions, preprocess
from shortener.messages.analysis import analyze
from shortener.messages.bulk import Outcome
from shortener.messages.preprocess import Preprocessed
from shortener.messages.submission import Submission
from shortener.rules.wire.json_stream import NOT_OBJECT, Entry, of_array, of_lines
from shortener.rules.wire.strict_json import DECODER
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Account
from tests.support.factories import NOW, TEXT, Sender, store
from tests.support.waiting import WITHIN, until


def entry(**fields: Any) -> Entry:
    found: Entry = DECODER.decode(json.dumps({"message": TEXT, **fields}))
    return found


def account_of(sender: Sender) -> Account:
    with db.read() as session:
        return session.scalars(select(Account).where(Account.name == sender.name)).one()


def store_all(services: Services, sender: Sender, *entries: Entry) -> list[Outcome]:
    return bulk.preprocess_entries(entries, account_of(sender), services.site, services.policy)


def test_parts_fill_a_transaction_and_none_is_empty() -> None:
    assert [len(part) for part in bulk.in_chunks(range(2 * bulk.SIZE + 1))] == [bulk.SIZE, bulk.SIZE, 1]
    assert [len(part) for part in bulk.in_chunks(range(bulk.SIZE))] == [bulk.SIZE]
    assert list(bulk.in_chunks([])) == []


def test_heavy_entries_fill_a_transaction() -> None:
    heavy = bytes(json.dumps({"html": "x" * (bulk.HEAVY // 2)}), "ascii")
    entries = list(of_lines([b"\n".join([heavy] * 5)]))
    assert [len(part) for part in bulk.in_chunks(entries)] == [2, 2, 1]
    array = list(of_array([b"[" + b",".join([heavy] * 5) + b"]"]))
    assert [len(part) for part in bulk.in_chunks(array)] == [2, 2, 1]


def test_attachments_are_refused_by_name(services: Services, sender: Sender) -> None:
    file = {"name": "a.txt", "content": "aGVsbG8="}
    refused, wrong, stored = store_all(
        services, sender, entry(attachments=[file]), entry(attachments=5, tags=5), entry(attachments=None)
    )
    assert isinstance(refused, InvalidFieldsError) and refused.fields == {"attachments": [bulk.NO_ATTACHMENTS]}
    assert isinstance(wrong, InvalidFieldsError) and set(wrong.fields) == {"attachments", "tags"}
    assert isinstance(stored, Preprocessed)


def test_each_entry_has_its_outcome_in_its_place(services: Services, sender: Sender) -> None:
    outcomes = store_all(services, sender, NOT_OBJECT, entry(), entry(tags=5), entry(client_tag="t"), NOT_OBJECT)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [type(NOT_OBJECT), Preprocessed, InvalidFieldsError, Preprocessed, type(NOT_OBJECT)]


def test_a_chunk_with_many_links_has_several_transactions(
    services: Services, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "LINKS", 2)
    begun: list[object] = []

    @event.listens_for(db.db.engine, "commit")
    def count(connection: object) -> None:
        begun.append(connection)

    outcomes = store_all(services, sender, *[entry()] * 5)
    assert (len(begun), len(outcomes)) == (3, 5)


def test_where_nothing_can_be_stored_no_transaction_is_begun(services: Services, sender: Sender) -> None:
    account = account_of(sender)
    with db.write():  # a second writer would wait for the first, on SQLite for seconds
        assert bulk.preprocess_entries([NOT_OBJECT], account, services.site, services.policy) == [NOT_OBJECT]


def test_a_database_fault_is_not_retried(services: Services, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []

    def away(*_: Any, **__: Any) -> Any:
        tried.append(1)
        raise OperationalError("INSERT", {}, Exception("gone"))

    monkeypatch.setattr(preprocess, "preprocess_all", away)
    with pytest.raises(OperationalError):
        store_all(services, sender, entry())
    assert len(tried) == 1


def test_batches_with_shared_client_tags_do_not_deadlock(
    app: Flask, services: Services, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MAX_TRIES", 1)

    def in_a_thread(number: int) -> list[Outcome]:
        tags = [f"{tag:03}" for tag in range(100)]
        with app.app_context():
            return store_all(services, sender, *(entry(client_tag=tag) for tag in tags[:: 1 if number % 2 else -1]))

    with ThreadPoolExecutor(4) as pool:
        outcomes = [outcome for batch in pool.map(in_a_thread, range(4)) for outcome in batch]
    assert sum(isinstance(outcome, Preprocessed) for outcome in outcomes) == 100
    assert sum(isinstance(outcome, ClientTagTakenError) for outcome in outcomes) == 300


def test_a_batch_ended_by_a_deadlock_is_retried(
    app: Flask, services: Services, sender: Sender, database_kind: str
) -> None:
    """Another transaction holds `b` and wants `a`; ours holds `a` and wants `b`."""
    if database_kind != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    account, site = account_of(sender), services.site

    def in_a_thread() -> list[Outcome]:
        with app.app_context():
            return store_all(services, sender, entry(client_tag="a"), entry(client_tag="b"), entry(client_tag="c"))

    def other_takes(tag: str) -> None:
        submission = Submission.check({"message": TEXT, "client_tag": tag}, services.policy)
        store(other, account, analyze(submission, account, site), site, now=NOW)

    def waits() -> bool:
        with db.read() as session:
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            return bool(session.scalar(waiting))

    with Session(db.db.engine) as other, ThreadPoolExecutor(1) as pool:
        other.execute(text("SET LOCAL deadlock_timeout = '1min'"))  # so that PostgreSQL ends the batch
        other_takes("b")
        batch = pool.submit(in_a_thread)
        until(waits)
        other_takes("a")
        other.commit()
        first, second, third = batch.result(WITHIN)
    assert isinstance(first, ClientTagTakenError) and isinstance(second, ClientTagTakenError)
    assert isinstance(third, Preprocessed)


def test_single_messages_wait_for_one_sqlite_batch(
    app: Flask, services: Services, sender: Sender, monkeypatch: pytest.MonkeyPatch, database_kind: str
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    at_work, most = 0, 0
    writing = db.writing

    @contextmanager
    def counted() -> Iterator[Connection]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        threading.Event().wait(0.01)  # other threads could run meanwhile
        with writing() as connection:
            yield connection
        at_work -= 1

    monkeypatch.setattr(db, "writing", counted)

    def work(_: int) -> list[Outcome]:
        with app.app_context():
            return store_all(services, sender, entry(), entry())

    with ThreadPoolExecutor(4) as pool:
        outcomes = [outcome for each in pool.map(work, range(8)) for outcome in each]
    assert {type(outcome) for outcome in outcomes} == {Preprocessed}
    assert most == 1


def test_a_slow_preparation_holds_up_no_other_account(
    app: Flask, services: Services, sender: Sender, other_sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    check = Submission.check

    def slow(given: Any, *rest: Any, **options: Any) -> Submission:
        if given.get("tags") == ["slow"]:
            begun.set()
            assert go_on.wait(WITHIN)
        return check(given, *rest, **options)

    monkeypatch.setattr(Submission, "check", slow)

    def work(by: Sender, tag: str) -> list[Outcome]:
        with app.app_context():
            return store_all(services, by, entry(tags=[tag]))

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(work, sender, "slow")
        try:
            assert begun.wait(WITHIN)
            assert isinstance(pool.submit(work, other_sender, "quick").result(WITHIN / 2)[0], Preprocessed)
            assert not held.done()
        finally:
            go_on.set()
        assert isinstance(held.result(WITHIN)[0], Preprocessed)
