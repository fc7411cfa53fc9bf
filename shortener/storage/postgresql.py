"""How PostgreSQL is talked to: nothing that needs the same session twice, and an end to every wait.

A transaction pooler gives each transaction another session. So no statement is prepared by name, and what a transaction
needs is set in it, by the round trip that begins it.
"""

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import psycopg
from psycopg.abc import RV, PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Dialect
from sqlalchemy import Connection as SQLConnection

from shortener.errors import SettingsError
from shortener.storage.pool import Connections

CONNECT: Final = 3  # seconds, for each host
LOOK_UP: Final = 3.0  # seconds that a look-up may take
LOCK: Final = "3s"  # that a statement waits for a lock
STATEMENT: Final = 15  # seconds that a statement of a session may take
MARGIN: Final = 3.0  # seconds that we wait longer than the server should need to say so
SLOW: Final = 120  # seconds for a statement that goes through very many rows
# PostgreSQL ends a session that is silent inside a transaction for so long. Ours never are; but a node that froze in
# its turn at the queue or with a batch of clicks, or whose machine is gone, would hold up all others.
SILENCE = "10s"
CANCEL: Final = 1.0  # seconds to tell the server that nobody waits any more
READ_ONLY: Final = "this node is read-only: a standby, or a database that is set so"
# All of these are the client's own: no pooler sees them. A server that is gone without a word is noticed in seconds.
CLIENT_SIDE: Final = {
    "connect_timeout": CONNECT,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}
WRONG_ENCODING: Final = (
    "SHORTENER_DATABASE_URL: the database's encoding is {}, which cannot hold every message; make one with "
    "CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
)
WRITABLE: Final = ("read-write", "primary")


class SilentError(psycopg.OperationalError):
    """The server did not answer in time."""


class Connection(psycopg.Connection[Any]):
    """A connection that does not wait for ever, and that goes back to the others when it is closed."""

    home: Connections | None = None
    longest: float | None = LOOK_UP  # seconds; None: as long as it takes
    _logs_notices = False

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Do what psycopg does, but not for longer than `longest`; SilentError, and the connection is closed."""
        try:
            return super().wait(gen, interval, self.longest if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            with contextlib.suppress(psycopg.Error):
                self.cancel_safe(timeout=CANCEL)  # or it would go on over there, and take a connection for itself
            self.pgconn.finish()
            raise SilentError(f"the database did not answer within {timeout or self.longest:g} s") from None

    def add_notice_handler(self, callback: Callable[[Any], None]) -> None:
        """Add it once: SQLAlchemy adds its own whenever it takes the connection for a new one."""
        if not self._logs_notices:
            super().add_notice_handler(callback)
            self._logs_notices = True

    def close(self) -> None:
        """Give it back; close it where it cannot be used again."""
        if self.home is None:
            super().close()
        elif self.pgconn.transaction_status == TransactionStatus.IDLE:
            self.longest = LOOK_UP
            self.home.give_back(self)
        else:
            self.home.drop(self)

    def end(self) -> None:
        """Close it for good."""
        super().close()


def connect(parameters: Mapping[str, Any], home: Connections | None = None, *, writable: bool = True) -> Connection:
    """Open a connection by what SQLAlchemy makes of the URL.

    Where the URL asks for a node that can be written, `writable=False` takes any. SettingsError where the database is
    not in UTF-8; psycopg.Error where no node can be reached.
    """
    given = dict(parameters) if writable else {**parameters, "target_session_attrs": "any"}
    ours = {"client_encoding": "utf8", "autocommit": True, "prepare_threshold": None}
    made = Connection.connect(**{**CLIENT_SIDE, **given, **ours})
    encoding = made.info.parameter_status("server_encoding")
    if encoding not in ("UTF8", None):
        made.close()
        raise SettingsError([WRONG_ENCODING.format(encoding)])
    made.home = home
    return made


def parameters_of(dialect: Dialect, url: URL) -> dict[str, Any]:
    """What to connect by. Of several hosts the one that can be written is wanted, unless the URL says otherwise."""
    parameters = dict(dialect.create_connect_args(url)[1])
    if "," in str(parameters.get("host", "")):
        parameters.setdefault("target_session_attrs", WRITABLE[0])
    return parameters


def is_choosy(parameters: Mapping[str, Any]) -> bool:
    """Whether only a node that can be written will do."""
    return parameters.get("target_session_attrs") in WRITABLE


def why_unusable(url: URL) -> str | None:
    """Say why the product cannot work with this database; None where it can, or where nobody answers."""
    dialect: Dialect = url.get_dialect()()
    try:
        connect(parameters_of(dialect, url), writable=False).close()
    except SettingsError as error:
        return error.faults[0]
    except psycopg.Error:
        return None
    return None


def begun(connections: Connections) -> Connection:
    """A connection in a new transaction. What begins it shows whether the connection and its node are still good."""
    try:
        return _begun(connections)
    except SilentError:  # a second wait would be too long for whoever asks
        raise
    except psycopg.Error:  # the idle ones are gone: this is a new one
        return _begun(connections)


def _begun(connections: Connections) -> Connection:
    connection: Connection = connections.take()
    try:
        answer = connection.execute(beginning())
        answer.set_result(-1)
        if answer.fetchone() != ("off",):
            raise psycopg.errors.ReadOnlySqlTransaction(READ_ONLY)
    except BaseException:
        connections.drop(connection)
        connections.doubt()
        raise
    connection.longest = STATEMENT + MARGIN
    return connection


def beginning() -> str:
    """What begins a transaction with its bounds, by one round trip; the second answer is `on` where it cannot write."""
    return (
        f"BEGIN; SET LOCAL lock_timeout = '{LOCK}'; SET LOCAL statement_timeout = '{STATEMENT}s'; "
        f"SET LOCAL idle_in_transaction_session_timeout = '{SILENCE}'; SHOW transaction_read_only"
    )


def allow_time(connection: SQLConnection, seconds: int | None) -> None:
    """Let a transaction's statements take so long; as long as they need where that is None."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{seconds or 0}s'")
    driver = connection.connection.driver_connection
    if isinstance(driver, Connection):
        driver.longest = None if seconds is None else seconds + MARGIN
