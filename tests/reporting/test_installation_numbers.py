"""Numbers of an installation: due jobs by kind, size, rows."""

import datetime as dt

from flask import Flask
from sqlalchemy import update

from shortener.reporting import installation_numbers
from shortener.storage import db
from shortener.storage.models import Callback
from tests.support import due_callbacks
from tests.support.factories import Sender, make_message

HOUR = dt.timedelta(hours=1)


def test_due_jobs_and_the_oldest_are_counted(app: Flask, sender: Sender) -> None:
    with db.write() as session:
        now = db.now(session)
        due_callbacks.add(session, "shop", {"https://r.example.com/": 3}, since=now - HOUR)
        due_callbacks.add(session, "shop", {"https://r.example.com/": 1}, since=now + HOUR)
    with db.read() as session:
        numbers = installation_numbers.read(session)
    assert {kind: due.count for kind, due in numbers.due.items()} == {"callback": 3, "sending": 0, "export": 0}
    assert HOUR <= numbers.due["callback"].oldest < 2 * HOUR
    assert numbers.due["export"].oldest == dt.timedelta(0)
    assert numbers.size > 10_000
    assert numbers.pruned_on is None


def test_settled_jobs_are_not_due(app: Flask, sender: Sender) -> None:
    with db.write() as session:
        now = db.now(session)
        due_callbacks.add(session, "shop", {"https://r.example.com/": 2}, since=now - HOUR)
        session.execute(update(Callback).values(settled_on=now))
    with db.read() as session:
        assert installation_numbers.read(session).due["callback"].count == 0


def test_rows_are_estimated_without_reading_them(app: Flask, sender: Sender) -> None:
    make_message(sender)
    with db.read() as session:
        found = installation_numbers.rows(session)
    # PostgreSQL leaves out what it has never looked at.
    assert set(found) <= set(installation_numbers.TABLES)
    assert app.extensions["shortener"].settings.embedded is False or found["message"] == 1
