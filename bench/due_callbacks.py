"""A SQLite or PostgreSQL database with due callbacks, for the scripts that measure the queue."""

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
    """Yield the URL of an empty, migrated database of that kind, configured as in production."""
    with tempfile.TemporaryDirectory(prefix="shortener-") as folder:
        if kind == "sqlite":
            yield databases.copy_sqlite(databases.sqlite_template(Path(folder)), Path(folder))
            return
        with databases.postgresql_server(Path(folder), hurried=False) as server:
            yield databases.create_postgresql(server, f"bench_{uuid.uuid4().hex[:8]}")


def settings(url: str, **given: object) -> Settings:
    """Return settings for a database made here; callbacks to loopback are allowed."""
    values = {"secret_key": SECRET_KEY, "public_url": "https://s.example.com", "callback_allow_nets": "127.0.0.0/8"}
    return Settings(database_url=url, **{**values, **given})  # type: ignore[arg-type]


@contextmanager
def application(url: str, **given: object) -> Iterator[Flask]:
    """Run the application on that database, with its context pushed."""
    app = create_app(settings(url, **given))
    with app.app_context():
        yield app
        db.db.session.remove()
        db.db.engine.dispose()


def fill(counts: Mapping[str, int], account: str = "shop") -> None:
    """Add an account with due callbacks; `counts` says how many for each URL. The first URLs are due first."""
    with db.write() as session:
        now = db.now(session)
        senders.create(session, account, secret_key=SECRET_KEY, now=now)
        due_callbacks.add(session, account, counts, since=now - dt.timedelta(hours=1))
    if db.db.engine.dialect.name == "postgresql":  # as autovacuum would have done within a minute
        with db.write() as session:
            db.allow_time(session)
            session.execute(text("ANALYZE"))
