"""Bind the tables to the application: connections, transactions, and the clock that counts."""

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any, Final

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, ExceptionContext, NullPool, event, text
from sqlalchemy.orm import Session

from shortener.config.settings import Settings
from shortener.storage import postgresql, sqlite, turns
from shortener.storage.lookups import Readers
from shortener.storage.models import Base
from shortener.storage.outages import is_node_lost
from shortener.storage.pool import Connections

db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

READERS: Final = "shortener.readers"
IDLE_CONNECTION: Final = TransactionStatus.IDLE
# The locks that storing a click takes; other writers do not conflict with them.
_CHECK: Final = "SET LOCAL lock_timeout = '1s'; LOCK TABLE message, link, click, callback IN ROW EXCLUSIVE MODE"


def bind(app: Flask, settings: Settings) -> None:
    """Connect the application to its database; the engine can be used after this."""
    # Errors are logged, and the log must not contain what senders wrote.
    options: dict[str, Any] = {"hide_parameters": True}
    if settings.embedded:
        options |= {"pool_size": settings.threads + 4, "max_overflow": 8}
    else:  # `Connections` keeps idle ones; nobody uses hstore
        options |= {"poolclass": NullPool, "use_native_hstore": False}
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.sqlalchemy_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        hide_details(db.engine)
        if db.engine.dialect.name == "sqlite":
            sqlite.prepare(db.engine)
            app.extensions[READERS] = sqlite.readers(db.engine, settings.connections)
        else:
            app.extensions[READERS] = prepare_postgresql(db.engine, settings)


def readers(app: Flask) -> Readers:
    """Return the application's connections for look-ups."""
    found: Readers = app.extensions[READERS]
    return found


def hide_details(engine: Engine) -> None:
    """Remove the detail from PostgreSQL's errors: "Failing row contains (…)" shows the whole row."""

    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> None:
        postgresql.hide_detail(context.original_exception, context.sqlalchemy_exception)


def prepare_postgresql(engine: Engine, settings: Settings) -> Readers:
    """Let sessions share the connections of look-ups; a transaction is begun on each that a session takes."""
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
        if driver.info.transaction_status == IDLE_CONNECTION:  # a further transaction on the same connection
            connection.exec_driver_sql(postgresql.beginning())

    @event.listens_for(engine, "handle_error")
    def on_error(context: ExceptionContext) -> None:
        if context.connection is not None and (context.is_disconnect or is_node_lost(context.original_exception)):
            connections.doubt()

    @event.listens_for(engine, "engine_disposed")
    def on_disposed(_engine: Engine) -> None:
        connections.close()

    any_node = partial(postgresql.connect, parameters, connections, writable=False)
    fetch = postgresql.Connection.fetch
    return Readers(engine, connections, fetch, any_node if postgresql.is_choosy(parameters) else None)


@contextmanager
def read() -> Iterator[Session]:
    """Open a session for reading. Loaded objects stay usable after it; its transaction ends."""
    session = db.session()
    try:
        yield session
    finally:
        session.close()


@contextmanager
def write() -> Iterator[Session]:
    """Open a session whose changes are committed together when the block ends without an error."""
    session = db.session()
    session.close()  # a transaction that is still open would keep its snapshot and lock mode
    with turn():
        session.connection(execution_options={"writes": True})
        try:
            yield session
            session.commit()
        finally:
            session.close()


@contextmanager
def writing() -> Iterator[Connection]:
    """Open a transaction like `write`, as a connection: for code that writes many rows and loads no models."""
    with turn(), db.engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


class Writer:
    """Transactions as `writing` opens them, for a thread that writes often.

    On SQLite each thread keeps one connection for them: to take one from the pool and set it up takes longer than to
    store a click. PostgreSQL's connections are shared, and not to be kept.
    """

    def __init__(self) -> None:
        self._own = threading.local()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction; it is committed when the block ends without an error."""
        if db.engine.dialect.name != "sqlite":
            with writing() as connection:
                yield connection
            return
        try:
            with turn():
                kept = self._kept()
                with kept.begin():
                    yield kept
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give this thread's connection back."""
        kept: Connection | None = self._own.__dict__.pop("connection", None)
        if kept is not None:
            kept.close()

    def _kept(self) -> Connection:
        own: dict[str, Connection] = self._own.__dict__
        if "connection" not in own:
            own["connection"] = db.engine.connect().execution_options(writes=True)
        return own["connection"]


def check(session: Session) -> None:
    """Raise if a click could not be stored: the database is unavailable or read-only, or a table is locked.

    On SQLite, check only that it answers.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql(_CHECK)
    else:
        session.execute(text("SELECT 1"))


def allow_time(session: Session) -> None:
    """Allow the statements of this transaction minutes, because they read very many rows."""
    if session.get_bind().dialect.name == "postgresql":
        postgresql.allow_time(session.connection(), postgresql.SLOW)


def turn() -> AbstractContextManager[None]:
    """On SQLite, wait until no other thread or process is writing; see `turns`. Turns may lie in one another.

    `write` and `writing` take one themselves. Whoever waits for more to write can take one before.
    """
    engine = db.engine
    return turns.turn(engine.url.database, sqlite.BUSY) if engine.dialect.name == "sqlite" else nullcontext()


def now(on: Session | Connection) -> dt.datetime:
    """Return the current time: the database's on PostgreSQL, so that clocks of nodes do not matter; ours on SQLite."""
    if (on if isinstance(on, Connection) else on.get_bind()).dialect.name != "postgresql":
        return dt.datetime.now(dt.UTC)
    return postgresql.moment(on.execute(text(f"SELECT {postgresql.CLOCK}")).scalar_one())
