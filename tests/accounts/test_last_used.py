"""When a token was last used: noted by requests, written by another thread."""

from flask import Flask
from sqlalchemy import select, text

from shortener.accounts.last_used import LIMIT, LastUsed
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Credential
from tests.support.factories import Sender


def used() -> list[bool]:
    with db.read() as session:
        return [moment is not None for moment in session.scalars(select(Credential.used_on).order_by(Credential.id))]


def only_id() -> int:
    with db.read() as session:
        return session.scalars(select(Credential.id).order_by(Credential.id)).first() or 0


def test_what_was_noted_is_written_and_nothing_else(services: Services, sender: Sender, other_sender: Sender) -> None:
    services.last_used.note(only_id())
    services.last_used.write()
    assert used() == [True, False]


def test_a_credential_that_is_gone_harms_nothing(services: Services, sender: Sender) -> None:
    services.last_used.note(only_id() + 1000)
    services.last_used.write()
    assert used() == [False]


def test_what_is_noted_between_two_writes_is_bounded(services: Services, sender: Sender) -> None:
    for number in range(LIMIT + 10):
        services.last_used.note(1_000_000 + number)
    services.last_used.note(only_id())
    services.last_used.write()
    assert used() == [False]
    services.last_used.note(only_id())
    services.last_used.write()
    assert used() == [True]


def test_a_stopped_thread_writes_the_rest(app: Flask, sender: Sender) -> None:
    last_used = LastUsed(app.app_context)
    last_used.start()
    last_used.note(only_id())
    last_used.stop()
    assert used() == [True]


def test_a_database_that_refuses_ends_nothing(app: Flask, sender: Sender) -> None:
    last_used = LastUsed(app.app_context)
    last_used.note(only_id())
    with db.write() as session:
        session.execute(text("ALTER TABLE credential RENAME TO elsewhere"))
    try:
        last_used.start()
        last_used.stop()
    finally:
        with db.write() as session:
            session.execute(text("ALTER TABLE elsewhere RENAME TO credential"))
    assert used() == [False]
