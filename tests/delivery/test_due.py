"""Choosing due jobs: limits per destination hold for all processes; a look takes no lock and reads few rows."""

import datetime as dt
import multiprocessing
import threading
from collections import Counter
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, select

from shortener.callbacks.kind import CALLBACKS
from shortener.config.settings import Settings
from shortener.delivery import due
from shortener.delivery.job import Claimed
from shortener.rules.delivery.fair_share import Slots
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Callback
from tests.conftest import SECRET_KEY, running
from tests.support import due_callbacks
from tests.support.factories import NOW, Sender

LEASE = dt.timedelta(seconds=45)
LATER = NOW + dt.timedelta(minutes=1)
SLOW, QUICK, OTHER = (f"http://127.0.0.1:{port}/cb" for port in (1001, 1002, 1003))


def put(sender: Sender, counts: dict[str, int], since: dt.datetime = NOW) -> None:
    with db.write() as session:
        due_callbacks.add(session, sender.name, counts, since=since)


def claim(limit: int = 100, each: int = 2, now: dt.datetime = LATER, slots: Slots | None = None) -> list[Claimed]:
    with db.write() as session:
        return CALLBACKS.claim(session, now=now, limit=limit, lease=LEASE, per_destination=each, slots=slots)


def look(now: dt.datetime = LATER, each: int = 2, slots: Slots | None = None) -> bool:
    with db.read() as session:
        return bool(CALLBACKS.due.claimable(session, now=now, per_destination=each, limit=1, slots=slots))


def urls(claimed: list[Claimed]) -> Counter[str]:
    return Counter(one.loaded.url for one in claimed)


def test_a_destination_never_exceeds_its_limit(sender: Sender) -> None:
    put(sender, {SLOW: 10, QUICK: 1})
    assert urls(claim()) == {SLOW: 2, QUICK: 1}
    assert claim() == []
    assert not look()


def test_paths_share_a_destination_but_ports_do_not(sender: Sender) -> None:
    put(sender, {SLOW: 2, f"{SLOW}/more?id=1": 2, QUICK: 2})
    found = urls(claim())
    assert found[SLOW] + found[f"{SLOW}/more?id=1"] == 2
    assert found[QUICK] == 2


def test_accounts_have_separate_limits_per_receiver(sender: Sender, other_sender: Sender) -> None:
    put(sender, {SLOW: 5})
    put(other_sender, {SLOW: 5})
    assert sorted(Counter(one.account_id for one in claim()).values()) == [2, 2]


def test_an_ended_attempt_or_lease_frees_its_slot(sender: Sender) -> None:
    put(sender, {SLOW: 5})
    first, _ = claim()
    with db.write() as session:
        CALLBACKS.give_back(session, first, now=LATER + LEASE)  # due again after all the others
    assert len(claim()) == 1
    assert claim() == []
    assert len(claim(now=LATER + LEASE)) == 2


@pytest.mark.parametrize("backlogged", [due.WINDOW - 1, due.WINDOW, 3 * due.WINDOW])
def test_a_long_queue_hides_no_destination(sender: Sender, backlogged: int) -> None:
    put(sender, {SLOW: backlogged})
    put(sender, {QUICK: 3, OTHER: 1}, since=NOW + dt.timedelta(seconds=1))
    found: Counter[str] = Counter()
    while more := claim():
        found += urls(more)
    assert found == {SLOW: 2, QUICK: 2, OTHER: 1}


def test_a_first_slot_comes_before_a_second(sender: Sender) -> None:
    put(sender, {SLOW: 3 * due.WINDOW})
    put(sender, {QUICK: 3}, since=NOW + dt.timedelta(seconds=1))
    assert urls(claim(limit=1)) == {SLOW: 1}
    assert [one.loaded.url for one in claim(limit=2)] == [QUICK, SLOW]


def test_thousands_of_destinations_hide_no_other_account(sender: Sender, other_sender: Sender) -> None:
    put(sender, {f"http://127.0.0.1:{port}/cb": 1 for port in range(2000, 2000 + 2 * due.FIRSTS)})
    put(other_sender, {QUICK: 1}, since=NOW + dt.timedelta(seconds=1))
    assert QUICK in urls(claim(limit=64, slots=Slots(64)))


def test_an_account_takes_its_share_and_no_more(sender: Sender, other_sender: Sender) -> None:
    put(sender, {f"http://127.0.0.{host}/cb": 2 for host in range(1, 200)})
    taken = claim(limit=64, slots=Slots(64))
    assert len(taken) == 42
    slots = Slots(22, [one.destination for one in taken])
    assert not look(slots=slots)
    assert claim(limit=22, slots=slots) == []
    put(other_sender, {QUICK: 1}, since=NOW + dt.timedelta(seconds=1))
    assert look(slots=slots)
    assert urls(claim(limit=22, slots=slots)) == {QUICK: 1}


def test_a_job_not_yet_due_is_not_found(sender: Sender) -> None:
    put(sender, {SLOW: 2 * due.WINDOW})
    put(sender, {QUICK: 1}, since=LATER + dt.timedelta(hours=1))
    claim()
    assert not look()
    assert claim() == []


def test_a_look_reads_a_bounded_number_of_rows(app: Flask, sender: Sender) -> None:
    """Every statement has a limit or reads leases only; seconds would depend on the machine."""
    put(sender, {SLOW: 10 * due.WINDOW})
    claim()
    asked: list[str] = []
    event.listen(db.db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert not look()
    bounded = ["LIMIT" in statement or "lease_token IS NOT NULL" in statement for statement in asked]
    assert bounded == [True] * 3 or bounded == [False, *[True] * 3]  # the first may ask for the time


def test_a_look_waits_for_no_lock(services: Services, sender: Sender) -> None:
    put(sender, {SLOW: 1})
    other = create_engine(services.settings.sqlalchemy_url)
    if other.dialect.name == "sqlite":
        event.listen(other, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    with other.connect() as connection:
        if other.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5203418668)")
            connection.exec_driver_sql("SELECT id FROM callback FOR UPDATE")
        assert look()
        assert not look(each=0)
        connection.rollback()
    other.dispose()


def test_concurrent_threads_never_exceed_the_limit(app: Flask, sender: Sender) -> None:
    put(sender, {SLOW: 60, QUICK: 60})
    together, claimed = threading.Barrier(4), list[Claimed]()

    def work() -> None:
        with app.app_context():
            together.wait()
            for _ in range(10):
                claimed.extend(claim(limit=3, each=2))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert urls(claimed) == {SLOW: 2, QUICK: 2}


def claim_in_a_process(url: str, folder: str, together: Any, out: "Queue[tuple[list[int], list[int]]]") -> None:
    """Claim what the cap allows, then without a cap until nothing is left."""
    with running(Settings(database_url=url, data=Path(folder), secret_key=SECRET_KEY)):
        claimed: tuple[list[int], list[int]] = [], []
        for ids, each in zip(claimed, (2, 10_000), strict=True):
            together.wait()
            while more := claim(limit=20, each=each):
                ids += [one.job_id for one in more]
        out.put(claimed)


def test_four_processes_claim_each_callback_once(database_url: str, tmp_path: Path, sender: Sender) -> None:
    put(sender, {SLOW: 200, QUICK: 100, OTHER: 100})
    spawn = multiprocessing.get_context("spawn")
    together, out = spawn.Barrier(4), spawn.Queue()
    given = (database_url, str(tmp_path), together, out)
    workers = [spawn.Process(target=claim_in_a_process, args=given) for _ in range(4)]
    for worker in workers:
        worker.start()
    claimed = [out.get(timeout=100) for _ in workers]
    for worker in workers:
        worker.join()
    capped = [row_id for first, _ in claimed for row_id in first]
    with db.read() as session:
        per_url = Counter(session.scalars(select(Callback.url).where(Callback.id.in_(capped))))
    assert per_url == {SLOW: 2, QUICK: 2, OTHER: 2}
    ids = [row_id for both in claimed for part in both for row_id in part]
    assert len(ids) == len(set(ids)) == 400
