"""A database of either kind with due callbacks, for the scripts that measure the queue."""

import datetime as dt
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from sqlalchemy import text

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from shortener import create_app  # noqa: E402  # the checkout is on the path from here on
from shortener.accounts import senders  # noqa: E402
from shortener.config.settings import Settings  # noqa: E402
from shortener.storage import db  # noqa: E402
from tests.support import databases, due_callbacks  # noqa: E402

KINDS = databases.KINDS
SECRET_KEY = "a key for measuring, long enough to be one"


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty, migrated database of that kind, with the settings that it has in use."""
    with tempfile.TemporaryDirectory(prefix="shortener-") as folder:
        if kind == "sqlite":
            yield databases.copy_sqlite(databases.sqlite_template(Path(folder)), Path(folder))
            return
        with databases.postgresql_server(Path(folder), hurried=False) as server:
            yield databases.create_postgresql(server, f"bench_{uuid.uuid4().hex[:8]}")


def settings(url: str, **given: object) -> Settings:
    """Settings for a database made here; loopback is open."""
    values = {"secret_key": SECRET_KEY, "public_url": "https://s.example.com", "callback_allow_nets": "127.0.0.0/8"}
    return Settings(database_url=url, **{**values, **given})  # type: ignore[arg-type]


@contextmanager
def application(url: str, **given: object) -> Iterator[Flask]:
    """The product on that database, pushed."""
    app = create_app(settings(url, **given))
    with app.app_context():
        yield app
        db.db.session.remove()
        db.db.engine.dispose()


def fill(counts: Mapping[str, int], account: str = "shop") -> None:
    """Add an account and, for each callback URL, so many callbacks that are due; those named first are longest due."""
    with db.write() as session:
        now = db.now(session)
        senders.create(session, account, secret_key=SECRET_KEY, now=now)
        due_callbacks.add(session, account, counts, since=now - dt.timedelta(hours=1))
    if db.db.engine.dialect.name == "postgresql":  # as autovacuum would have done within a minute
        with db.write() as session:
            db.allow_time(session)
            session.execute(text("ANALYZE"))
