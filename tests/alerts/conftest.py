"""An installation that tells: a mail server, an application, and an incident."""

import datetime as dt
from collections.abc import Iterator

import pytest
from flask import Flask

from shortener.config.settings import Settings
from shortener.storage import db
from tests.conftest import running
from tests.support.incidents import OPERATOR
from tests.support.smtp import Mailbox, mailbox


@pytest.fixture
def relay() -> Iterator[Mailbox]:
    with mailbox() as kept:
        yield kept


@pytest.fixture
def app(settings: Settings, relay: Mailbox) -> Iterator[Flask]:
    """An application whose operator gets mails."""
    given = {"alert_smtp_url": relay.url(), "alert_mail": (OPERATOR,)}
    with running(settings.model_copy(update=given)) as made:
        yield made


@pytest.fixture
def now(app: Flask) -> dt.datetime:
    with db.read() as session:
        return db.now(session)
