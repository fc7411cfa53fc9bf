"""Retention: what is deleted, what stays, and that other work is not blocked."""

import datetime as dt
import sqlite3
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from shortener.callbacks import replay
from shortener.callbacks.kind import CALLBACKS, judge
from shortener.clicks import record
from shortener.clicks.new_click import NewClick
from shortener.clicks.recorder import Recorder
from shortener.delivery.job import Claimed
from shortener.messages.preprocess import Preprocessed
from shortener.outbound.client import Answer
from shortener.retention import steps
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.job_state import JobState
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import (
    Account,
    Attachment,
    Attempt,
    Base,
    Callback,
    Click,
    Export,
    ExportAttempt,
    Link,
    Message,
    Part,
    Receipt,
    Replay,
    Sending,
    SendingAttempt,
    Usage,
)
from tests.support.factories import DAY, NOW, Sender, make_message, slug_of
from tests.support.links import add_link
from tests.support.sending_rows import put_attachment, put_receipt, put_sending, put_state_callback
from tests.support.waiting import WITHIN, until

CALLBACK = "http://127.0.0.1:9/clicked"
PERSON = Verdict(Visitor.PERSON, "browser")
LEASE = dt.timedelta(seconds=45)
SECOND = dt.timedelta(seconds=1)
MICROSECOND = dt.timedelta(microseconds=1)
EVERYTHING = (Message, Link, Click, Callback, Attempt, Replay)
DELIVERED, FAILED = (
    Answer(AttemptOutcome.ANSWERED, 200, "answered 200"),
    Answer(AttemptOutcome.ANSWERED, 500, "answered 500"),
)


def prune(before: dt.datetime = NOW) -> int:
    """Without pauses: nobody waits here."""
    return sum(steps.prune(before, sleep=lambda _: None))


def count(*tables: type[Base]) -> list[int]:
    with db.read() as session:
        return [session.scalars(select(func.count()).select_from(table)).one() for table in tables or EVERYTHING]


def msgids() -> set[str]:
    with db.read() as session:
        return set(session.scalars(select(Message.msgid)))


def new_clicks(made: Preprocessed, times: int = 1) -> list[NewClick]:
    """A person's clicks on a link, each a microsecond after the last."""
    assert made.link is not None
    return [
        NewClick(
            link_id=made.link.id,
            id=uuid.UUID(int=made.link.id << 64 | number),
            clicked_on=made.message.received_on + number * MICROSECOND,
            verdict=PERSON,
            counts=True,
        )
        for number in range(times)
    ]


@pytest.fixture
def clicked(sender: Sender, services: Services) -> Callable[..., Preprocessed]:
    """Makes a clicked message, whose callback is pending."""

    def make(now: dt.datetime = NOW, times: int = 1, url: str | None = CALLBACK) -> Preprocessed:
        made = make_message(sender, now=now, lt_callbackurl=url)
        with db.writing() as connection:
            record.record_all(connection, new_clicks(made, times), services.slugs)
        return made

    return make


def claim(now: dt.datetime = NOW) -> list[Claimed]:
    with db.write() as session:
        return CALLBACKS.claim(session, now=now, limit=100, lease=LEASE, per_destination=100)


def settle(claimed: Claimed, answer: Answer = DELIVERED, now: dt.datetime = NOW) -> None:
    with db.write() as session:
        CALLBACKS.settle(session, [(claimed, judge(answer))], now=now, waits=(), chance=lambda: 0.5)


def ask_for_replay(callback_id: int) -> None:
    with db.write() as session:
        callback = session.get_one(Callback, callback_id)
        replay.ask(session, callback, asked_by="a test", now=NOW)


# What goes, and what stays


def test_a_message_goes_with_all_that_hangs_on_it(clicked: Callable[..., Preprocessed]) -> None:
    clicked(times=3)
    [claimed] = claim()
    settle(claimed, FAILED)
    ask_for_replay(claimed.job_id)
    [again] = claim()
    settle(again)
    assert count() == [1, 1, 3, 1, 2, 1]
    assert prune() == 1
    assert count() == [0, 0, 0, 0, 0, 0]


def test_a_sent_message_goes_with_its_sending(sender: Sender) -> None:
    """Its callbacks about receipts have no link."""
    made = make_message(sender, "No link in here.", now=NOW)
    put_sending(made.message)
    put_receipt(made.message, MessageState.ACCEPTED)
    put_attachment(made.message)
    put_state_callback(made.message, MessageState.ACCEPTED)
    [claimed] = claim()
    settle(claimed)
    assert prune() == 1
    assert count(Message, Part, Callback, Attempt, Sending, SendingAttempt, Receipt, Attachment) == [0] * 8


def test_all_links_of_a_message_go(clicked: Callable[..., Preprocessed]) -> None:
    add_link(clicked(times=2))
    for claimed in claim():
        settle(claimed)
    assert count(Message, Link, Click) == [1, 2, 2]
    assert prune() == 1
    assert count() == [0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        (JobState.PENDING, True),
        (JobState.ATTEMPTING, True),
        (JobState.HELD, True),
        (JobState.DELIVERED, False),
        (JobState.EXHAUSTED, False),
        (JobState.CANCELED, False),
    ],
)
def test_a_message_stays_while_its_sending_is_open(sender: Sender, state: JobState, stays: bool) -> None:
    put_sending(make_message(sender, now=NOW).message, state)
    make_message(sender, now=NOW)
    assert steps.count(NOW) == 2 - stays
    assert prune() == 2 - stays
    assert count(Message, Sending) == [stays, stays]


def test_a_message_with_several_open_jobs_counts_once(sender: Sender, clicked: Callable[..., Preprocessed]) -> None:
    put_sending(clicked().message, JobState.PENDING)
    make_message(sender, now=NOW)
    assert steps.count(NOW) == 1


def test_a_message_is_deleted_exactly_on_time(sender: Sender) -> None:
    make_message(sender, now=NOW)
    make_message(sender, now=NOW - MICROSECOND)
    younger = make_message(sender, now=NOW + MICROSECOND).message.msgid
    assert steps.count(NOW) == 2
    assert prune(NOW) == 2
    assert msgids() == {younger}


def test_messages_without_link_click_or_callback_go_too(sender: Sender, clicked: Callable[..., Preprocessed]) -> None:
    make_message(sender, "No link in here.", now=NOW)
    make_message(sender, now=NOW)
    clicked(url=None)
    assert prune() == 3
    assert count() == [0, 0, 0, 0, 0, 0]


def test_what_is_younger_stays_whole(clicked: Callable[..., Preprocessed]) -> None:
    clicked(NOW - DAY, times=2)
    kept = clicked(NOW, times=2)
    for claimed in claim():
        settle(claimed)
    assert prune(NOW - DAY) == 1
    assert msgids() == {kept.message.msgid}
    assert count() == [1, 1, 2, 1, 1, 0]


def test_every_accounts_messages_go(sender: Sender, other_sender: Sender) -> None:
    for each in (sender, other_sender):
        make_message(each, now=NOW)
    younger = {make_message(each, now=NOW + SECOND).message.msgid for each in (sender, other_sender)}
    assert steps.count(NOW) == prune() == 2
    assert msgids() == younger
    assert count(Account) == [2]


def test_a_message_whose_callback_is_pending_stays(sender: Sender, clicked: Callable[..., Preprocessed]) -> None:
    kept = clicked(NOW - DAY)
    make_message(sender, now=NOW)
    assert steps.count(NOW) == 1
    assert prune() == 1
    assert msgids() == {kept.message.msgid}
    assert count() == [1, 1, 1, 1, 0, 0]


def test_a_message_with_a_running_attempt_stays(
    clicked: Callable[..., Preprocessed],
) -> None:
    clicked()
    [claimed] = claim()
    assert prune() == 0
    assert count() == [1, 1, 1, 1, 1, 0]
    settle(claimed)
    assert prune() == 1
    assert count() == [0, 0, 0, 0, 0, 0]


def test_a_message_whose_callback_is_replayed_stays(clicked: Callable[..., Preprocessed]) -> None:
    clicked()
    [claimed] = claim()
    settle(claimed)
    ask_for_replay(claimed.job_id)
    assert steps.count(NOW) == prune() == 0
    assert count() == [1, 1, 1, 1, 1, 1]


def test_undeletable_messages_do_not_block_others(
    sender: Sender, clicked: Callable[..., Preprocessed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although it fills several transactions."""
    monkeypatch.setattr(steps, "MESSAGES", 2)
    kept = {clicked(NOW - DAY + number * SECOND).message.msgid for number in range(5)}
    for number in range(5):
        make_message(sender, now=NOW - number * SECOND)
    assert prune() == 5
    assert msgids() == kept


# For those who come later


def test_a_pruned_slug_is_unknown(client: FlaskClient, sender: Sender) -> None:
    made = make_message(sender, now=NOW - 400 * DAY)
    path = f"/{slug_of(made.link)}"
    assert client.get(path).status_code == 410
    prune()
    assert client.get(path).status_code == 404
    assert client.get(f"/v1/messages/{made.message.msgid}", headers=sender.bearer).status_code == 404


def test_a_pruned_messages_client_tag_can_be_used_again(sender: Sender) -> None:
    make_message(sender, now=NOW, client_tag="order-1")
    prune()
    make_message(sender, now=NOW, client_tag="order-1")
    assert count(Message) == [1]


def test_a_lost_attempt_may_outlive_its_message(clicked: Callable[..., Preprocessed]) -> None:
    clicked()
    [lost] = claim()
    [taken_over] = claim(NOW + LEASE)
    settle(taken_over)
    prune()
    settle(lost)
    with db.write() as session:
        CALLBACKS.give_back(session, lost, now=NOW)
    assert count() == [0, 0, 0, 0, 0, 0]


def test_a_click_on_a_pruned_link_is_set_aside(
    app: Flask, services: Services, sender: Sender, clicked: Callable[..., Preprocessed]
) -> None:
    """It was in flight, or spooled, when the link was deleted."""
    gone, alive = make_message(sender, now=NOW - DAY), make_message(sender, now=NOW)
    late, other = new_clicks(gone)[0], new_clicks(alive)[0]
    prune(NOW - DAY)
    recorder = Recorder(app.app_context, services.settings, lambda: services.slugs, lambda: None)
    recorder.start()
    until(lambda: next(services.settings.spool_folder.glob("*"), None) is not None)
    try:
        for new_click in (late, other):
            recorder.record(new_click)
        until(
            lambda: recorder.counts() == (0, 0) and bool(list(services.settings.spool_folder.glob("*-refused.jsonl")))
        )
    finally:
        recorder.stop(WITHIN)
    assert count(Link, Click) == [1, 1]


# In small steps


def test_a_transaction_removes_a_few_messages_only(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MESSAGES", 2)
    for number in range(5):
        make_message(sender, now=NOW - number * SECOND)
    rests: list[float] = []
    removed = [some for some in steps.prune(NOW, rests.append) if some]
    assert removed == [2, 2, 1]
    assert len(rests) >= len(removed)
    assert min(rests) >= steps.SHORTEST_PAUSE


def test_a_transaction_removes_no_more_clicks_than_it_may(
    clicked: Callable[..., Preprocessed], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a message with more clicks, the oldest are deleted first, and the message with the last ones."""
    monkeypatch.setattr(steps, "CLICKS", 10)
    for number, times in enumerate((4, 4, 4, 25, 3)):
        clicked(NOW + number * SECOND, times, url=None)
    left = [count(Message, Click)]
    left += [count(Message, Click) for _ in steps.prune(NOW + DAY, lambda _: None)]
    assert left[:6] == [[5, 40], [3, 32], [2, 28], [2, 18], [2, 8], [0, 0]]


def test_an_interrupted_run_leaves_whole_messages(
    clicked: Callable[..., Preprocessed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MESSAGES", 2)
    for number in range(6):
        clicked(NOW + number * SECOND, times=2)
    for claimed in claim(NOW + DAY):
        settle(claimed)
    assert next(steps.prune(NOW + DAY)) == 2
    assert count() == [4, 4, 8, 4, 4, 0]
    assert prune(NOW + DAY) == 4
    assert count() == [0, 0, 0, 0, 0, 0]


def test_a_transaction_that_fails_removes_nothing(clicked: Callable[..., Preprocessed]) -> None:
    def fail(_: object, __: object, statement: str, *___: object) -> None:
        if statement.startswith("DELETE FROM message"):
            raise RuntimeError("the last statement of all")

    clicked(times=2, url=None)
    event.listen(db.db.engine, "before_cursor_execute", fail)
    with pytest.raises(RuntimeError):
        prune()
    event.remove(db.db.engine, "before_cursor_execute", fail)
    assert count(Message, Link, Click) == [1, 1, 2]
    assert prune() == 1


# What belongs to no message


def test_receipts_that_nothing_matched_go(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LEFTOVERS", 2)
    message = make_message(sender).message
    with db.read() as session:
        now = db.now(session)
    for days in (6, 8, 8, 8):
        put_receipt(message, MessageState.ACCEPTED, now=now - days * DAY, early=True)
    put_receipt(message, MessageState.ACCEPTED, now=now - 8 * DAY)
    prune(now - 400 * DAY)
    with db.read() as session:
        kept = session.scalars(select(Receipt.received_on).order_by(Receipt.received_on)).all()
    assert kept == [now - 8 * DAY, now - 6 * DAY]


def test_the_present_month_keeps_its_count(sender: Sender, other_sender: Sender) -> None:
    """It may have just ended in UTC, but not where the account is."""
    with db.write() as session:
        ids = session.scalars(select(Account.id)).all()
        months = [f"2026-{number:02}" for number in range(7, 12)]
        session.add_all(Usage(account_id=id_, month=month, messages=3) for id_ in ids for month in months)
    prune(dt.datetime(2026, 12, 1, tzinfo=dt.UTC))
    with db.read() as session:
        kept = session.execute(select(Usage.month, Usage.messages)).all()
    assert sorted(map(tuple, kept)) == [("2026-10", 3), ("2026-10", 3), ("2026-11", 3), ("2026-11", 3)]


def test_old_exports_that_ended_go(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LEFTOVERS", 2)
    values = {"bucket": "", "format": "csv", "wanted": {}, "destination": "1 export://storage:0", "due_on": NOW}
    with db.write() as session:
        account_id = session.scalars(select(Account.id)).one()
        for number, (days, is_open) in enumerate([(9, False), (9, False), (9, False), (9, True), (7, False)]):
            id_ = f"exp_{number}"
            named = {"public_id": id_, "place": id_, "name": id_, "settled_on": None if is_open else NOW}
            export = Export(account_id=account_id, created_on=NOW - days * DAY, **named, **values)
            session.add(export)
            session.flush()
            session.add(ExportAttempt(export_id=export.id, number=1, started_on=NOW))
    prune(NOW - 8 * DAY)
    with db.read() as session:
        assert session.scalars(select(Export.public_id)).all() == ["exp_3", "exp_4"]
        assert len(session.scalars(select(ExportAttempt.id)).all()) == 2


# Beside others


def test_two_that_prune_at_once_remove_everything_once(
    app: Flask, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "MESSAGES", 5)
    for number in range(60):
        make_message(sender, now=NOW - number * SECOND)
    start = threading.Barrier(2)

    def run() -> int:
        with app.app_context():
            start.wait(WITHIN)
            return prune()

    with ThreadPoolExecutor(2) as pool:
        removed = [future.result(WITHIN) for future in [pool.submit(run), pool.submit(run)]]
    assert sum(removed) == 60
    assert count(Message, Link) == [0, 0]


def test_locked_rows_are_not_waited_for(
    clicked: Callable[..., Preprocessed], sender: Sender, database_kind: str
) -> None:
    """Clicks, settling and replays lock the row; on SQLite they lock the whole file, one at a time."""
    if database_kind == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    held = [clicked(NOW - DAY), clicked(NOW - DAY + SECOND)]
    for claimed in claim():
        settle(claimed)
    make_message(sender, now=NOW)
    with Session(db.db.engine) as other:
        other.execute(select(Link.id).where(Link.message_id == held[0].message.id).with_for_update(key_share=True))
        link_id = held[1].link and held[1].link.id
        other.execute(update(Callback).where(Callback.link_id == link_id).values(due_on=NOW))
        assert prune() == 1
    assert msgids() == {one.message.msgid for one in held}
    assert prune() == 2


# The file


def fill(sender: Sender, messages: int) -> None:
    for number in range(messages):
        make_message(sender, f"https://example.com/ {'x' * 8000}", now=NOW - number * SECOND)


def size(url: str) -> int:
    """The size of a SQLite file in bytes, after a checkpoint of its journal."""
    path = Path(url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return path.stat().st_size


def test_a_sqlite_file_with_free_space_shrinks(
    sender: Sender, database_kind: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL sees to its files itself")
    empty = size(database_url)
    fill(sender, 200)
    full = size(database_url)
    assert full > empty + 200 * 8000
    monkeypatch.setattr(steps, "PAGES", 50)
    taken = list(steps.prune(NOW, sleep=lambda _: None))
    assert len(taken) > (full - empty) / 4096 / 50 * 0.8
    assert size(database_url) < empty + (full - empty) / 10


def test_a_sqlite_file_keeps_some_free_space(sender: Sender, database_kind: str, database_url: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("PostgreSQL sees to its files itself")
    fill(sender, 100)
    full = size(database_url)
    assert prune(NOW - 95 * SECOND) == 5
    assert size(database_url) == full


# Claiming runs


def test_a_run_can_be_claimed_again_after_the_interval(app: Flask) -> None:
    hour = dt.timedelta(hours=1)
    assert steps.claim_run(hour)
    assert not steps.claim_run(hour)
    assert steps.claim_run(dt.timedelta(0))


def test_only_one_of_many_processes_claims_a_run(app: Flask) -> None:
    start = threading.Barrier(4)

    def ask() -> bool:
        with app.app_context():
            start.wait(WITHIN)
            return steps.claim_run(dt.timedelta(hours=1))

    with ThreadPoolExecutor(4) as pool:
        assert sorted(future.result(WITHIN) for future in [pool.submit(ask) for _ in range(4)]) == [False] * 3 + [True]
