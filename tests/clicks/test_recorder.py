"""The recorder: clicks share commits, answers wait for them, and no click is lost when the database fails."""

import dataclasses
import datetime as dt
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from shortener.clicks.new_click import NewClick
from shortener.clicks.recorder import PATIENCE, Recorder
from shortener.clicks.resolve import resolve
from shortener.clicks.spool import pack
from shortener.files import spool_folder
from shortener.rules.slug import Slugs
from shortener.rules.visitors.visitor import Verdict, Visitor
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import Services, services
from shortener.storage import db
from shortener.storage.models import Base, Callback, Click, Link
from tests.support import database_faults
from tests.support.factories import Sender, make_message
from tests.support.waiting import WITHIN, until

CALLBACK = "http://127.0.0.1:9/clicked"
PERSON = Verdict(Visitor.PERSON, "browser")
# So long that its row needs a new page: on a full disk it must not fit into a page that is partly free.
WORDY = Verdict(Visitor.PERSON, "browser" * 500)
MOMENT = dt.timedelta(seconds=30)

Log = pytest.LogCaptureFixture


@pytest.fixture
def make(app: Flask, services: Services) -> Iterator[Callable[..., Recorder]]:
    """Make a recorder, by default with a long patience."""
    made: list[Recorder] = []

    def recorder(
        *, patience: float = WITHIN, last_patience: float = 0.05, queue_limit: int = 1000, **changes: object
    ) -> Recorder:
        settings = services.settings.model_copy(update=changes)
        limits: dict[str, Any] = {"patience": patience, "last_patience": last_patience, "queue_limit": queue_limit}
        made.append(Recorder(app.app_context, settings, lambda: services.slugs, lambda: None, **limits))
        return made[-1]

    yield recorder
    for one in made:
        one.stop(WITHIN)


@pytest.fixture
def recorder(make: Callable[..., Recorder]) -> Recorder:
    return make()


@pytest.fixture
def occupied(services: Services) -> Path:
    """A file where the spool folder should be."""
    path = services.settings.data / "occupied"
    path.touch()
    return path


@pytest.fixture
def new(sender: Sender) -> Callable[[], NewClick]:
    """Make a person's click on a new link."""
    return lambda: click_at(make_message(sender, lt_callbackurl=CALLBACK).link)


def click_at(link: Link | None) -> NewClick:
    assert link is not None
    resolved = resolve(services().readers, link.number)
    assert resolved is not None
    return NewClick.of(resolved, PERSON)


def later_click(new_click: NewClick, later: dt.timedelta = MOMENT) -> NewClick:
    """Make another click on the same link, `later` than the first."""
    id_ = dataclasses.replace(new_click, id=new_click.id.__class__(int=new_click.id.int + 1))
    return dataclasses.replace(id_, clicked_on=new_click.clicked_on + later)


def count(table: type[Base]) -> int:
    counted: int = services().readers.row(select(func.count()).select_from(table), {})[0]  # works on a read-only node
    return counted


def stored(new_click: NewClick) -> Click | None:
    with db.read() as session:
        return session.get(Click, (new_click.link_id, new_click.id))


def accessed_on(new_click: NewClick) -> dt.datetime | None:
    with db.read() as session:
        return session.scalars(select(Link.accessed_on).where(Link.id == new_click.link_id)).one()


@contextmanager
def commits() -> Iterator[list[object]]:
    """Collect the commits made in the block."""
    seen: list[object] = []
    event.listen(db.db.engine, "commit", add := seen.append)
    yield seen
    event.remove(db.db.engine, "commit", add)


@contextmanager
def together(recorder: Recorder, new_clicks: list[NewClick], url: str) -> Iterator[None]:
    """Lock the database while these clicks are recorded: the first waits for it, the others in the queue."""
    trying = threading.Event()

    def on_statement(_: object, __: object, statement: str, *___: object) -> None:
        if statement == "BEGIN IMMEDIATE":  # on SQLite, where it waits for the lock
            trying.set()

    event.listen(db.db.engine, "before_cursor_execute", on_statement)
    event.listen(db.db.engine, "begin", lambda _: trying.set())
    threads = [threading.Thread(target=recorder.record, args=(one,)) for one in new_clicks]
    with database_faults.locked(url):
        threads[0].start()
        assert trying.wait(WITHIN)
        for thread in threads[1:]:
            thread.start()
        until(lambda: len(recorder.queue) == len(new_clicks) - 1)
        yield
    for thread in threads:
        thread.join(WITHIN)
        assert not thread.is_alive()


def test_a_click_is_stored_before_the_answer_leaves(recorder: Recorder, new: Callable[[], NewClick]) -> None:
    new_click = new()
    recorder.record(new_click)
    assert stored(new_click) is not None
    assert accessed_on(new_click) == new_click.clicked_on
    assert count(Callback) == 1


def test_a_single_click_is_committed_at_once(recorder: Recorder, new: Callable[[], NewClick]) -> None:
    new_clicks = [new() for _ in range(20)]
    recorder.record(new())  # starts the thread
    with commits() as seen:
        began = time.monotonic()
        for new_click in new_clicks:
            recorder.record(new_click)
        assert time.monotonic() - began < 5  # waiting for the next look at the spool would take 20
    assert len(seen) == len(new_clicks)


def test_clicks_that_arrive_together_share_one_commit(
    recorder: Recorder, new: Callable[[], NewClick], database_url: str
) -> None:
    new_clicks = [new() for _ in range(20)]
    with commits() as seen, together(recorder, new_clicks, database_url):
        pass
    assert len(seen) == 2
    assert (count(Click), count(Callback)) == (20, 20)


def test_clicks_share_the_commit_that_waits_for_its_turn(
    recorder: Recorder, new: Callable[[], NewClick], database_kind: str
) -> None:
    if database_kind == "postgresql":
        pytest.skip("PostgreSQL's writers take no turns")
    new_clicks = [new() for _ in range(3)]
    with commits() as seen, ThreadPoolExecutor(3) as pool, db.turn():
        for number, new_click in enumerate(new_clicks, 1):
            pool.submit(recorder.record, new_click)
            until(lambda number=number: len(recorder.queue) == number)  # type: ignore[misc]
    assert len(seen) == 1
    assert count(Click) == 3


def test_one_bad_click_does_not_affect_the_others(
    recorder: Recorder,
    new: Callable[[], NewClick],
    database_url: str,
    services: Services,
    caplog: Log,
) -> None:
    new_clicks = [new() for _ in range(6)]
    unstorable = dataclasses.replace(new_clicks[3], link_id=987_654_321)
    with together(recorder, [*new_clicks, unstorable], database_url):
        pass
    assert all(stored(new_click) for new_click in new_clicks)
    assert (count(Click), count(Callback)) == (6, 6)
    refused = services.settings.spool_folder / f"{services.slugs.encode(0)}-refused.jsonl"
    until(refused.exists)
    until(lambda: recorder.counts() == (0, 0))
    [line] = refused.read_text().splitlines()
    assert json.loads(line)["id"] == unstorable.id.hex
    assert f"click {unstorable.id} of link 987654321 cannot be stored" in caplog.text


def test_a_full_queue_spools_clicks_at_once(
    make: Callable[..., Recorder], new: Callable[[], NewClick], database_url: str
) -> None:
    recorder, new_clicks, late = make(queue_limit=3), [new() for _ in range(4)], new()
    with together(recorder, new_clicks, database_url):
        recorder.record(late)  # must not wait while the database is locked
        assert recorder.counts() == (1, 0)
    until(lambda: stored(late) is not None)
    assert count(Callback) == 5


def test_a_request_waits_two_seconds_at_most(
    make: Callable[..., Recorder], new: Callable[[], NewClick], database_url: str
) -> None:
    recorder, first, second = make(patience=PATIENCE), new(), new()
    recorder.start()
    with database_faults.locked(database_url):
        began = time.monotonic()
        recorder.record(first)
        assert PATIENCE <= time.monotonic() - began < PATIENCE + 2
        assert stored(first) is None
        began = time.monotonic()
        recorder.record(second)
        assert time.monotonic() - began < PATIENCE  # no second wait for the same lock
        assert recorder.counts() == (2, 0)
    until(lambda: recorder.counts() == (0, 0))
    assert (count(Click), count(Callback)) == (2, 2)


@pytest.mark.parametrize("fault", database_faults.FAULTS)
def test_refused_clicks_are_spooled_and_imported_later(
    make: Callable[..., Recorder],
    new: Callable[[], NewClick],
    database_url: str,
    fault: str,
    caplog: Log,
) -> None:
    if fault not in database_faults.faults(database_url):
        pytest.skip("PostgreSQL has no switch for a full disk")
    recorder, new_clicks = make(patience=0.2), [dataclasses.replace(new(), verdict=WORDY) for _ in range(5)]
    with database_faults.failing(fault, database_url):
        for new_click in new_clicks:
            recorder.record(new_click)
        assert recorder.counts() == (5, 0)
        assert count(Click) == 0
    until(lambda: recorder.counts() == (0, 0))
    assert [accessed_on(new_click) for new_click in new_clicks] == [new_click.clicked_on for new_click in new_clicks]
    assert (count(Click), count(Callback)) == (5, 5)
    assert "the database accepts no clicks" in caplog.text
    assert "the database accepts clicks again" in caplog.text
    late = new()
    with commits() as seen:
        recorder.record(late)
    assert len(seen) == 1


def test_a_full_spool_counts_lost_clicks(
    make: Callable[..., Recorder], new: Callable[[], NewClick], database_url: str, caplog: Log
) -> None:
    recorder, new_clicks = make(spool_bytes=4096), [new() for _ in range(40)]
    with database_faults.read_only(database_url):
        promised = [new_click for new_click in new_clicks if recorder.record(new_click)]
        kept, lost = recorder.counts()
        assert (kept, lost) == (len(promised), 40 - len(promised))
        assert 0 < kept < 40
        assert recorder.fault() == "the file of this process is full"
        assert caplog.text.count("a click is lost") == lost
        assert new_clicks[-1].id.hex in caplog.text
        recorder.stop(WITHIN)  # it may still be trying to store a click that was given up
    recorder.start()
    until(lambda: recorder.counts() == (0, lost))
    assert recorder.fault() is None
    assert all(stored(new_click) for new_click in promised)
    assert count(Click) == kept


def test_an_empty_spool_does_not_end_an_outage(recorder: Recorder, caplog: Log) -> None:
    """Only a stored click shows that the database accepts clicks: a full disk can still be read."""
    recorder._store.mark_unavailable("the disk is full")
    recorder._import_spooled()
    recorder.stop(WITHIN)
    assert "accepts clicks again" not in caplog.text


def test_without_a_spool_a_click_waits_for_the_database(
    make: Callable[..., Recorder], new: Callable[[], NewClick], occupied: Path, database_url: str, caplog: Log
) -> None:
    recorder, new_click = make(spool=occupied, patience=0.1, last_patience=WITHIN), new()
    with ThreadPoolExecutor(1) as pool:
        with database_faults.read_only(database_url):
            recorded = pool.submit(recorder.record, new_click)
            until(lambda: "the database accepts no clicks" in caplog.text)
            assert not recorded.done()
        assert recorded.result(WITHIN)
    assert stored(new_click) is not None
    assert recorder.counts() == (0, 0)


def test_without_a_spool_a_refused_click_is_lost(
    make: Callable[..., Recorder], new: Callable[[], NewClick], occupied: Path, database_url: str, caplog: Log
) -> None:
    recorder, new_clicks = make(spool=occupied, last_patience=0.5), [new() for _ in range(3)]
    another = new()
    assert recorder.record(new_clicks[0])
    with database_faults.read_only(database_url):
        assert not recorder.record(new_clicks[1])
        next_in_queue = recorder.queue.put(another)
        assert next_in_queue and next_in_queue.wait(WITHIN) is False  # nothing tries to store the lost click any more
    assert recorder.counts() == (0, 1)
    assert recorder.fault() is not None
    until(lambda: recorder.record(new_clicks[2]))
    assert [stored(new_click) is not None for new_click in new_clicks] == [True, False, True]
    assert f"no spool in {occupied}" in caplog.text


def test_the_count_of_lost_clicks_outlives_the_process(
    make: Callable[..., Recorder], new: Callable[[], NewClick], occupied: Path, database_url: str
) -> None:
    recorder, new_click = make(spool=occupied, patience=0.1), new()
    with database_faults.read_only(database_url):
        assert not recorder.record(new_click)
    occupied.unlink()
    until(lambda: recorder.fault() is None)
    recorder.stop(WITHIN)
    assert make(spool=occupied).counts() == (0, 1)


def test_a_deleted_spool_loses_no_click(
    make: Callable[..., Recorder], new: Callable[[], NewClick], services: Services, database_url: str
) -> None:
    recorder, new_clicks = make(patience=0.1), [new(), new()]
    with database_faults.read_only(database_url):
        assert recorder.record(new_clicks[0])
        shutil.rmtree(services.settings.spool_folder)
        assert recorder.record(new_clicks[1])
        assert len(list(services.settings.spool_folder.glob("*.spool"))) == 1
    until(lambda: all(stored(new_click) for new_click in new_clicks))
    assert count(Callback) == 2


def test_waiting_without_a_spool_leaves_threads_free(
    make: Callable[..., Recorder], new: Callable[[], NewClick], occupied: Path, database_url: str
) -> None:
    recorder, new_clicks = (
        make(spool=occupied, patience=0.1, last_patience=WITHIN, threads=2),
        [new() for _ in range(4)],
    )
    with ThreadPoolExecutor(4) as pool:
        with database_faults.read_only(database_url):
            recorded = [pool.submit(recorder.record, new_click) for new_click in new_clicks]
            until(lambda: sum(one.done() for one in recorded) == 3)
        assert sorted(one.result(WITHIN) for one in recorded) == [False] * 3 + [True]


def test_the_first_click_is_spooled_without_a_database(
    app: Flask, services: Services, new: Callable[[], NewClick], database_url: str, caplog: Log
) -> None:
    known: list[Slugs] = []

    def slugs() -> Slugs:
        if not known:
            raise OperationalError("SELECT", {}, Exception("the database is away"))
        return known[0]

    recorder, new_click = Recorder(app.app_context, services.settings, slugs, lambda: None, patience=0.1), new()
    recorder.start()
    until(lambda: "the database accepts no clicks" in caplog.text)
    with database_faults.read_only(database_url):
        known.append(services.slugs)  # as after looking the link up
        assert recorder.record(new_click)
        assert recorder.counts() == (1, 0)
    until(lambda: stored(new_click) is not None)
    recorder.stop(WITHIN)


def leave_spool(services: Services, *records: bytes) -> None:
    name = services.slugs.encode(0)
    dead = spool_folder.acquire(services.settings.spool_folder, name, services.settings.spool_bytes)
    for one in records:
        dead.append(one)
    dead.close()


def test_clicks_of_a_dead_process_keep_their_time(
    make: Callable[..., Recorder], new: Callable[[], NewClick], services: Services
) -> None:
    living, new_click = make(), new()
    living.record(new())  # owns a file, so it acquires no other
    leave_spool(services, pack(new_click))
    until(lambda: stored(new_click) is not None)
    until(lambda: living.counts() == (0, 0))
    assert accessed_on(new_click) == new_click.clicked_on
    with db.read() as session:
        [callback] = session.scalars(select(Callback).where(Callback.link_id == new_click.link_id))
    event = json.loads(callback.body)["data"]
    assert event["accessed_on"] == f"{new_click.clicked_on:%Y-%m-%dT%H:%M:%S.%fZ}"
    assert callback.due_on == new_click.clicked_on


def test_a_click_imported_twice_is_stored_once(
    recorder: Recorder, new: Callable[[], NewClick], services: Services
) -> None:
    new_click = new()
    recorder.record(new_click)
    leave_spool(services, pack(new_click), pack(new_click))
    until(lambda: recorder.counts() == (0, 0))
    assert (count(Click), count(Callback)) == (1, 1)


def test_the_earliest_click_of_a_spool_is_the_first(
    recorder: Recorder, new: Callable[[], NewClick], services: Services
) -> None:
    first = new()
    leave_spool(services, *(pack(later_click(first, number * MOMENT)) for number in range(300, 0, -1)), pack(first))
    recorder.start()
    until(lambda: recorder.counts() == (0, 0))
    assert accessed_on(first) == first.clicked_on
    assert count(Callback) == 1


def event_of(new_click: NewClick) -> tuple[str, str, dt.datetime]:
    """Return the callback's event id, its `accessed_on`, and when it is due."""
    with db.read() as session:
        callback = session.scalars(select(Callback).where(Callback.link_id == new_click.link_id)).one()
    return callback.event_id, json.loads(callback.body)["data"]["accessed_on"], callback.due_on


def test_a_late_first_click_corrects_an_unclaimed_callback(
    recorder: Recorder, new: Callable[[], NewClick], services: Services
) -> None:
    spooled = new()
    later = later_click(spooled)
    recorder.record(later)
    event_id, *_ = event_of(later)
    leave_spool(services, pack(spooled), pack(later_click(later)))
    until(lambda: recorder.counts() == (0, 0))
    assert accessed_on(later) == spooled.clicked_on
    assert event_of(later) == (event_id, rfc3339(spooled.clicked_on), spooled.clicked_on)
    assert (count(Click), count(Callback)) == (3, 1)


def test_a_late_first_click_changes_no_claimed_callback(
    recorder: Recorder, new: Callable[[], NewClick], services: Services
) -> None:
    spooled = new()
    later = later_click(spooled, -dt.timedelta(seconds=1))  # due at once
    spooled = later_click(spooled, -MOMENT)
    recorder.record(later)
    assert services.deliverer.deliver_due() == 1
    before = event_of(later)
    leave_spool(services, pack(spooled))
    until(lambda: stored(spooled) is not None)
    assert accessed_on(later) == later.clicked_on
    assert event_of(later) == before


def test_a_late_first_click_without_callback_counts(recorder: Recorder, sender: Sender, services: Services) -> None:
    spooled = click_at(make_message(sender).link)
    recorder.record(later_click(spooled))
    leave_spool(services, pack(spooled))
    until(lambda: stored(spooled) is not None)
    assert accessed_on(spooled) == spooled.clicked_on
    assert count(Callback) == 0


def test_an_unreadable_record_is_set_aside(recorder: Recorder, new: Callable[[], NewClick], services: Services) -> None:
    new_click = new()
    leave_spool(services, b'{"of": "a later version"}', b"[1]", b"nonsense", pack(new_click))
    recorder.start()
    until(lambda: recorder.counts() == (0, 0))
    assert stored(new_click) is not None
    aside = services.settings.spool_folder / f"{services.slugs.encode(0)}-refused.jsonl"
    assert aside.read_bytes().splitlines() == [b'{"of": "a later version"}', b"[1]", b"nonsense"]


def test_spools_of_other_installations_are_ignored(
    recorder: Recorder, new: Callable[[], NewClick], services: Services
) -> None:
    theirs = spool_folder.acquire(services.settings.spool_folder, "0therInst", 4096)
    theirs.append(pack(new()))
    theirs.close()
    recorder.start()
    recorder.record(new())
    recorder.stop(WITHIN)
    assert count(Click) == 1
    assert spool_folder.counts(services.settings.spool_folder, "0therInst") == (1, 0)


def test_stopping_stores_queued_clicks(recorder: Recorder, new: Callable[[], NewClick], database_url: str) -> None:
    new_clicks = [new() for _ in range(5)]
    with together(recorder, new_clicks, database_url):
        stopping = threading.Thread(target=recorder.stop, args=(WITHIN,))
        stopping.start()
    stopping.join(WITHIN)
    assert (count(Click), count(Callback)) == (5, 5)
    recorder.record(new())  # starts it again
    assert count(Click) == 6


def test_a_forked_process_has_its_own_spool(
    recorder: Recorder, new: Callable[[], NewClick], services: Services
) -> None:
    new_clicks = [new(), new()]
    recorder.record(new_clicks[0])
    child = os.fork()
    if not child:
        db.db.engine.dispose(close=False)
        recorder.record(new_clicks[1])
        os._exit(len(list(services.settings.spool_folder.glob("*.spool"))))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 2
    assert all(stored(new_click) for new_click in new_clicks)


def answers(recorder: Recorder, new_clicks: list[NewClick]) -> list[bool]:
    """Record clicks for late answers, and return the list of these."""
    told: list[bool] = []
    for new_click in new_clicks:
        recorder.record_later(new_click, told.append)
    return told


def test_a_late_answer_follows_the_commit(recorder: Recorder, new: Callable[[], NewClick]) -> None:
    new_click, found = new(), []
    recorder.record_later(new_click, lambda is_stored: found.append((is_stored, stored(new_click) is not None)))
    until(lambda: bool(found))
    assert found == [(True, True)]


def test_an_overdue_click_is_spooled_and_answered(
    make: Callable[..., Recorder], new: Callable[[], NewClick], database_url: str
) -> None:
    recorder, new_clicks = make(patience=0.2), [new() for _ in range(4)]
    with database_faults.locked(database_url):
        told = answers(recorder, new_clicks[:3])
        until(lambda: len(told) == 3)
        assert recorder.counts() == (3, 0)
        spooled_at_once = answers(recorder, new_clicks[3:])
        until(lambda: spooled_at_once == [True])
    until(lambda: recorder.counts() == (0, 0))
    assert told == [True] * 3
    assert (count(Click), count(Callback)) == (4, 4)


def test_a_full_queue_spools_late_answers_too(
    make: Callable[..., Recorder], new: Callable[[], NewClick], database_url: str
) -> None:
    recorder, new_clicks, late = make(queue_limit=3), [new() for _ in range(4)], new()
    with together(recorder, new_clicks, database_url):
        told = answers(recorder, [late])
        until(lambda: told == [True])
        assert recorder.counts() == (1, 0)
    until(lambda: stored(late) is not None)


def test_a_late_answer_waits_for_the_database(
    make: Callable[..., Recorder], new: Callable[[], NewClick], occupied: Path, database_url: str, caplog: Log
) -> None:
    recorder, new_click = make(spool=occupied, patience=0.1, last_patience=WITHIN), new()
    with database_faults.read_only(database_url):
        told = answers(recorder, [new_click])
        until(lambda: "the database accepts no clicks" in caplog.text)
        assert told == []
    until(lambda: told == [True])
    assert stored(new_click) is not None


def test_a_late_answer_says_that_a_click_is_lost(
    make: Callable[..., Recorder], new: Callable[[], NewClick], occupied: Path, database_url: str
) -> None:
    recorder, new_click = make(spool=occupied), new()
    with database_faults.read_only(database_url):
        told = answers(recorder, [new_click])
        until(lambda: told == [False])
    assert recorder.counts() == (0, 1)


def test_a_failing_answer_affects_no_other(
    recorder: Recorder, new: Callable[[], NewClick], database_url: str, caplog: Log
) -> None:
    new_clicks, told = [new() for _ in range(3)], list[bool]()
    with together(recorder, [new()], database_url):
        recorder.record_later(new_clicks[0], told.append)
        recorder.record_later(new_clicks[1], lambda _: 1 // 0)
        recorder.record_later(new_clicks[2], told.append)
    until(lambda: told == [True, True])
    assert f"click {new_clicks[1].id} was not answered" in caplog.text
    assert all(stored(new_click) for new_click in new_clicks)


def test_stopping_spools_what_cannot_be_stored(
    make: Callable[..., Recorder], new: Callable[[], NewClick], services: Services, database_url: str
) -> None:
    recorder, new_clicks = make(), [new() for _ in range(3)]
    with database_faults.locked(database_url):
        told = answers(recorder, new_clicks)
        recorder.stop(0.1)
        until(lambda: told == [True] * 3)
        assert recorder.counts() == (3, 0)
    make().start()
    until(lambda: all(stored(new_click) for new_click in new_clicks))


def test_only_new_callbacks_wake_the_delivery(app: Flask, services: Services, new: Callable[[], NewClick]) -> None:
    calls: list[bool] = []
    recorder = Recorder(app.app_context, services.settings, lambda: services.slugs, lambda: calls.append(True))
    new_click = new()
    recorder.record(new_click)
    recorder.record(later_click(new_click))
    recorder.stop(WITHIN)
    assert calls == [True]
