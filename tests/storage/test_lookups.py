"""Connections for look-ups: reused, replaced when stale, never shared with another process."""

import contextlib
import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Text, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError

from shortener.storage import db
from shortener.storage.lookups import Readers
from shortener.storage.models import Link
from shortener.storage.outages import sqlstate
from tests.support import database_faults
from tests.support.factories import Sender, make_message

LINK = Link.__table__
TARGETS = select(LINK.c.target).where(LINK.c.number == bindparam("number"))
BACKEND = select(func.pg_backend_pid())
BACKEND_AFTER_A_WHILE = select(func.pg_backend_pid(), func.pg_sleep(bindparam("seconds")).cast(Text))


@pytest.fixture
def readers(app: Flask) -> Readers:
    return app.extensions["shortener"].readers  # type: ignore[no-any-return]


def only_on(kind: str, url: str) -> None:
    if not url.startswith(f"{kind}:"):
        pytest.skip(f"{kind} alone has that")


def test_a_row_is_found_or_there_is_none(readers: Readers, sender: Sender) -> None:
    link = make_message(sender).link
    assert link is not None
    assert readers.row(TARGETS, {"number": link.number})[0] == link.target
    assert readers.row(TARGETS, {"number": 0}) is None


def test_only_numbers_become_part_of_the_statement(readers: Readers, sender: Sender) -> None:
    link = make_message(sender).link
    assert link is not None
    numbers = select(LINK.c.number).where(LINK.c.target == bindparam("target"))
    assert readers.row(numbers, {"target": link.target}) == (link.number,)
    assert readers.row(numbers, {"target": "' OR '%' = '%"}) is None


def test_a_failed_look_up_keeps_its_sqlstate(readers: Readers, database_url: str) -> None:
    only_on("postgresql", database_url)
    with pytest.raises(DBAPIError) as caught:
        readers.row(select(text("1 / 0")), {})
    assert sqlstate(caught.value) == "22012"


def test_a_look_up_sees_what_was_committed_before_it(readers: Readers, sender: Sender) -> None:
    for _ in range(3):
        link = make_message(sender).link
        assert link is not None
        assert readers.row(TARGETS, {"number": link.number}) is not None


def test_no_snapshot_stays_open_between_look_ups(readers: Readers, sender: Sender, database_url: str) -> None:
    only_on("sqlite", database_url)
    link = make_message(sender).link
    assert link is not None
    readers.row(TARGETS, {"number": link.number})
    make_message(sender)
    with contextlib.closing(sqlite3.connect(database_url.removeprefix("sqlite:///"))) as connection:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0


def test_a_connection_is_reused_by_the_next_look_up(readers: Readers, database_url: str) -> None:
    only_on("postgresql", database_url)
    assert readers.row(BACKEND, {}) == readers.row(BACKEND, {})


def test_a_connection_that_has_gone_stale_is_replaced(readers: Readers, database_url: str) -> None:
    only_on("postgresql", database_url)
    before = readers.row(BACKEND, {})
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(database_faults.TERMINATE, [connection.info.dbname])
    assert readers.row(BACKEND, {}) != before


def test_stale_connections_are_replaced_at_once(readers: Readers, database_url: str) -> None:
    only_on("postgresql", database_url)
    together = threading.Barrier(8)

    def backend(_: int) -> object:
        together.wait()
        return readers.row(BACKEND_AFTER_A_WHILE, {"seconds": 0.2})[0]

    with ThreadPoolExecutor(8) as pool:
        before = set(pool.map(backend, range(8)))
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(database_faults.TERMINATE, [connection.info.dbname])
        after = set(pool.map(backend, range(8)))
    assert len(before) > 1
    assert not before & after


def test_after_a_fork_each_process_has_its_own_connections(readers: Readers, sender: Sender, database_url: str) -> None:
    link = make_message(sender).link
    assert link is not None
    statement = BACKEND if database_url.startswith("postgresql:") else TARGETS
    before = readers.row(statement, {"number": link.number})
    child = os.fork()
    if not child:
        db.db.engine.dispose(close=False)
        same = readers.row(statement, {"number": link.number}) == before
        readers.close()
        os._exit(same)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == (0 if statement is BACKEND else 1)
    assert readers.row(statement, {"number": link.number}) == before
