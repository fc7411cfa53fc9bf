"""Binds the tables to the application: connections, transactions and the clock that counts."""

import contextlib
import datetime as dt
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, ExceptionContext, event, text
from sqlalchemy.orm import Session

from shortener.config import Settings
from shortener.models import Base
from shortener.rules.moments import from_micros

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

BUSY = 10  # seconds that a writer waits on SQLite for the one before it
_line = threading.RLock()
# WAL: readers and the writer do not wait for each other. FULL: a commit that we promised survives a power cut.
SQLITE_PRAGMAS = (
    f"PRAGMA busy_timeout = {BUSY * 1000}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # A reader that stays open for long lets the WAL grow; afterwards its file is cut back to so many bytes.
    f"PRAGMA journal_size_limit = {16 * 1024 * 1024}",
)
# PostgreSQL ends a session that is silent inside a transaction for so long. Ours never are; but a node that froze in
# its turn at the queue or with a batch of clicks, or whose machine is gone, would hold up all others.
SILENCE = "10s"


def bind(app: Flask, settings: Settings) -> None:
    """Give the application its database; the engine is ready for use after this."""
    # Errors are logged, and what senders wrote does not belong there.
    options: dict[str, Any] = {"pool_size": settings.threads + 4, "max_overflow": 8, "hide_parameters": True}
    if not settings.embedded:
        # A server that is gone without a word is noticed in seconds, not after the kernel's quarter of an hour.
        alive = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
        options |= {"pool_pre_ping": True, "connect_args": {"connect_timeout": 5, "tcp_user_timeout": 5000, **alive}}
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.sqlalchemy_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        hide_details(db.engine)
        if db.engine.dialect.name == "sqlite":
            prepare_sqlite(db.engine)
        else:
            prepare_postgresql(db.engine)


def hide_details(engine: Engine) -> None:
    """Leave the detail out of what errors say: "Failing row contains (…)" holds the row that PostgreSQL refused."""

    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> None:
        said = getattr(context.original_exception, "diag", None)
        if said is None or said.message_detail is None:
            return
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                error.args = (said.message_primary, *error.args[1:])


def prepare_sqlite(engine: Engine) -> None:
    """Set the pragmas on every connection, and begin transactions ourselves: a writer takes its lock at once.

    A deferred transaction that reads first and writes later fails at once when another wrote in between, whatever
    the busy timeout; `BEGIN IMMEDIATE` waits its turn instead.
    """

    @event.listens_for(engine, "do_connect")
    def before_connect(_dialect: object, _record: object, arguments: list[Any], options: dict[str, Any]) -> None:
        if not options.get("uri"):
            _make_private(Path(arguments[0]))

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        # It works before the first table only; and to say it again takes the write lock, which a reader must not need.
        if cursor.execute("PRAGMA page_count").fetchone() == (0,):
            cursor.execute("PRAGMA auto_vacuum = INCREMENTAL")
        for pragma in SQLITE_PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _make_private(path: Path) -> None:
    """Make the database's file before SQLite does, which would let others read it; its -wal and -shm get its mode."""
    if not path.exists() and path.name != ":memory:":
        with contextlib.suppress(OSError):  # SQLite says what is wrong
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def prepare_postgresql(engine: Engine) -> None:
    """Bound how long a transaction of ours may be silent: said once to each connection, not at every transaction."""

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (SILENCE,))
        connection.commit()


@contextmanager
def read() -> Iterator[Session]:
    """A session for reading; what it loaded stays usable afterwards, and no transaction stays open."""
    session = db.session()
    try:
        yield session
    finally:
        session.close()


@contextmanager
def write() -> Iterator[Session]:
    """A session whose changes are committed together when the block ends, or not at all."""
    session = db.session()
    session.close()  # a read that is still open would keep its old view, and its lock mode
    with _turn(db.engine):
        session.connection(execution_options={"writes": True})
        try:
            yield session
            session.commit()
        finally:
            session.close()


@contextmanager
def writing() -> Iterator[Connection]:
    """What `write` is, without a session around it: for what writes rows by the dozen and loads no models."""
    engine = db.engine
    with _turn(engine), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """On SQLite, let the writers of this process stand in line.

    Left to SQLite, each would ask again and again and sleep ever longer in between, while the lock lies free. Whoever
    has waited here for too long asks SQLite all the same, which knows what to say.
    """
    has_turn = engine.dialect.name == "sqlite" and _line.acquire(timeout=BUSY)
    try:
        yield
    finally:
        if has_turn:
            _line.release()


def now(on: Session | Connection) -> dt.datetime:
    """The time that counts: the database's on PostgreSQL, so that the nodes' clocks do not matter; ours on SQLite."""
    if (on if isinstance(on, Connection) else on.get_bind()).dialect.name != "postgresql":
        return dt.datetime.now(dt.UTC)
    micros = on.scalar(text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))
    return from_micros(micros or 0)
