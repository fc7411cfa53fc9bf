"""Binds the tables to the application: connections, transactions and the clock that counts."""

import contextlib
import datetime as dt
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, ExceptionContext, NullPool, event, text
from sqlalchemy.orm import Session

from shortener.config.settings import Settings
from shortener.rules.wire.moments import from_micros
from shortener.storage import postgresql
from shortener.storage.lookups import Readers
from shortener.storage.models import Base
from shortener.storage.outages import is_node_lost
from shortener.storage.pool import Connections

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

READERS: Final = "shortener.readers"
IDLE_CONNECTION: Final = TransactionStatus.IDLE
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
# The locks that a click takes: others who write are not in its way.
_CHECK: Final = "SET LOCAL lock_timeout = '1s'; LOCK TABLE message, link, click, callback IN ROW EXCLUSIVE MODE"


def bind(app: Flask, settings: Settings) -> None:
    """Give the application its database; the engine is ready for use after this."""
    # Errors are logged, and what senders wrote does not belong there.
    options: dict[str, Any] = {"hide_parameters": True}
    if settings.embedded:
        options |= {"pool_size": settings.threads + 4, "max_overflow": 8}
    else:  # what is idle waits in `Connections`; a search for hstore would be for nothing
        options |= {"poolclass": NullPool, "use_native_hstore": False}
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.sqlalchemy_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        hide_details(db.engine)
        if db.engine.dialect.name == "sqlite":
            prepare_sqlite(db.engine)
            app.extensions[READERS] = _sqlite_readers(db.engine, settings)
        else:
            app.extensions[READERS] = prepare_postgresql(db.engine, settings)


def readers(app: Flask) -> Readers:
    """The application's connections for look-ups."""
    found: Readers = app.extensions[READERS]
    return found


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

    if engine.url.database:
        _close_to_others(engine.url.database)

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


def _close_to_others(database: str) -> None:
    """Take the rights of group and others from files of ours that are there: earlier versions let anybody read them."""
    for path in (Path(database), Path(f"{database}-wal"), Path(f"{database}-shm")):
        with contextlib.suppress(OSError):  # the file is missing, or its file system has no modes
            found = path.stat()
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & 0o077:
                path.chmod(found.st_mode & 0o700)


def _sqlite_readers(engine: Engine, settings: Settings) -> Readers:
    """Look-ups on SQLite, whose connections cost nobody anything."""

    def opened() -> Any:
        pooled = engine.raw_connection()
        pooled.detach()
        return pooled.dbapi_connection

    return Readers(engine, Connections(opened, lambda connection: connection.close(), settings.connections, idle=None))


def prepare_postgresql(engine: Engine, settings: Settings) -> Readers:
    """Let sessions take their connections from where look-ups have theirs, with a transaction begun on each."""
    parameters = postgresql.parameters_of(engine.dialect, engine.url)
    connections = Connections(
        lambda: postgresql.connect(parameters, connections), postgresql.Connection.end, settings.connections
    )

    @event.listens_for(engine, "do_connect")
    def on_connect(*_: object) -> postgresql.Connection:
        return postgresql.begun(connections)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        if driver.info.transaction_status == IDLE_CONNECTION:  # the second transaction of a connection
            connection.exec_driver_sql(postgresql.beginning())

    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> None:
        if context.connection is not None and (context.is_disconnect or is_node_lost(context.original_exception)):
            connections.doubt()

    @event.listens_for(engine, "engine_disposed")
    def on_disposed(_engine: Engine) -> None:
        connections.close()

    any_node = partial(postgresql.connect, parameters, connections, writable=False)
    return Readers(engine, connections, any_node if postgresql.is_choosy(parameters) else None)


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


def check(session: Session) -> None:
    """Raise where a click could not be stored: the database is away or read-only, or somebody locks a table.

    On SQLite only whether it answers.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql(_CHECK)
    else:
        session.execute(text("SELECT 1"))


def allow_time(session: Session) -> None:
    """Let the statements of this transaction take minutes: they go through very many rows."""
    if session.get_bind().dialect.name == "postgresql":
        postgresql.allow_time(session.connection(), postgresql.SLOW)


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
