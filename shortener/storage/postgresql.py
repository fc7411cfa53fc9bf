"""Connections to PostgreSQL: nothing depends on a session, and every wait has an end.

A transaction pooler gives each transaction another session. So no statement is prepared by name, and each transaction
sets its limits itself, in the round trip that begins it.
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import psycopg
from psycopg import abc, adapt, generators
from psycopg.abc import RV, PQGen
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import URL, Dialect
from sqlalchemy import Connection as SQLConnection

from shortener.errors import SettingsError
from shortener.rules.wire.moments import from_micros
from shortener.storage.pool import Connections

CLOCK: Final = "extract(epoch FROM clock_timestamp())"  # the database's clock, in seconds with all microseconds
MICROS: Final = 1_000_000
CONNECT: Final = 3  # seconds, for each host
LOOK_UP: Final = 3.0  # seconds for a look-up
LOCK: Final = "3s"  # for which a statement waits for a lock
STATEMENT: Final = 15  # seconds for a statement of a session
MARGIN: Final = 3.0  # seconds that we wait longer than the server's own limit
SLOW: Final = 120  # seconds for a statement that reads very many rows
# PostgreSQL ends a session that is idle in a transaction for so long. Ours never are, unless a node freezes or its
# machine fails while it holds locks, which would block all others.
SILENCE = "10s"
CANCEL: Final = 1.0  # seconds to cancel a statement on the server
READ_ONLY: Final = "this node is read-only: a standby, or a database that is set so"
# Settings of the client alone, unaffected by poolers. A server that vanishes is noticed within seconds.
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
    """A connection that never waits forever, and that returns to its pool when it is closed."""

    home: Connections | None = None
    longest: float | None = LOOK_UP  # seconds; None: as long as it takes
    _logs_notices = False

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait as psycopg does, but at most `longest` seconds; then close the connection and raise SilentError."""
        try:
            return super().wait(gen, interval, self.longest if timeout is None else timeout)
        except psycopg.errors._WaitTimeout:
            with contextlib.suppress(psycopg.Error):
                self.cancel_safe(timeout=CANCEL)  # otherwise the statement would continue on the server
            self.pgconn.finish()
            raise SilentError(f"the database did not answer within {timeout or self.longest:g} s") from None

    def fetch(self, statement: str, values: Any = None) -> Sequence[Any]:
        """Return the rows of a statement; with values only if it has any."""
        if values:
            return self.execute(statement, values).fetchall()
        return self.rows_of(self.run(statement))

    def run(self, statement: str, texts: Sequence[str] = ()) -> PGresult:
        """Run a statement whose values `$1`, `$2`, … have these texts; return its result, or raise its error.

        No cursor is made: psycopg needs as long for a cursor and its adapters as for the statement.
        """
        if texts:
            self.pgconn.send_query_params(statement.encode(), [text.encode() for text in texts])
        else:
            self.pgconn.send_query(statement.encode())
        result: PGresult = self.wait(generators.execute(self.pgconn))[-1]
        if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            raise psycopg.errors.error_from_result(result)
        return result

    def rows_of(self, result: PGresult) -> Sequence[Any]:
        """Return the rows of a result."""
        self._loading.set_pgresult(result)
        return self._loading.load_rows(0, result.ntuples, tuple)

    @cached_property
    def _loading(self) -> abc.Transformer:
        """Makes Python's values of those of a result; made once, because it looks up how for each type."""
        transformer: abc.Transformer = adapt.Transformer.from_context(self)
        return transformer

    def add_notice_handler(self, callback: Callable[[Any], None]) -> None:
        """Add it only once: SQLAlchemy adds its handler whenever it takes the connection for a new one."""
        if not self._logs_notices:
            super().add_notice_handler(callback)
            self._logs_notices = True

    def close(self) -> None:
        """Return it to the pool; close it if it cannot be used again."""
        if self.home is None:
            super().close()
        elif self.pgconn.transaction_status == TransactionStatus.IDLE:
            self.longest = LOOK_UP
            self.home.give_back(self)
        else:
            self.home.drop(self)

    def end(self) -> None:
        """Close it."""
        super().close()


def connect(parameters: Mapping[str, Any], home: Connections | None = None, *, writable: bool = True) -> Connection:
    """Open a connection with the parameters that SQLAlchemy made from the URL.

    `writable=False` accepts a read-only node even if the URL asks for a writable one. SettingsError if the database's
    encoding is not UTF-8; psycopg.Error if no node can be reached.
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
    """Return the connection parameters. Of several hosts the writable one is wanted, unless the URL says otherwise."""
    parameters = dict(dialect.create_connect_args(url)[1])
    if "," in str(parameters.get("host", "")):
        parameters.setdefault("target_session_attrs", WRITABLE[0])
    return parameters


def is_choosy(parameters: Mapping[str, Any]) -> bool:
    """Whether a writable node is required."""
    return parameters.get("target_session_attrs") in WRITABLE


def why_unusable(url: URL) -> str | None:
    """Say why the product cannot use this database; None if it can, or if the server does not answer."""
    dialect: Dialect = url.get_dialect()()
    try:
        connect(parameters_of(dialect, url), writable=False).close()
    except SettingsError as error:
        return error.faults[0]
    except psycopg.Error:
        return None
    return None


def hide_detail(error: BaseException, *others: BaseException | None) -> None:
    """Remove an error's detail from it and from the errors made of it: the detail may show a whole row."""
    said = getattr(error, "diag", None)
    if said is None or said.message_detail is None:
        return
    for one in (error, *others):
        if one is not None:
            one.args = (said.message_primary, *one.args[1:])


def begun(connections: Connections) -> Connection:
    """Return a connection with a new transaction, whose beginning shows whether connection and node are usable."""
    try:
        return _begun(connections)
    except SilentError:  # a second wait would be too long
        raise
    except psycopg.Error:  # the idle ones were broken: this one is new
        return _begun(connections)


def _begun(connections: Connections) -> Connection:
    connection: Connection = connections.take()
    try:
        if connection.fetch(beginning()) != [("off",)]:
            raise psycopg.errors.ReadOnlySqlTransaction(READ_ONLY)
    except BaseException:
        connections.drop(connection)
        connections.doubt()
        raise
    connection.longest = STATEMENT + MARGIN
    return connection


def beginning() -> str:
    """Return the SQL that begins a transaction with its limits; its last result is `on` if the node is read-only."""
    return (
        f"BEGIN; SET LOCAL lock_timeout = '{LOCK}'; SET LOCAL statement_timeout = '{STATEMENT}s'; "
        f"SET LOCAL idle_in_transaction_session_timeout = '{SILENCE}'; SHOW transaction_read_only"
    )


def moment(clock: Decimal) -> dt.datetime:
    """Return the time that CLOCK has told."""
    return from_micros(int(clock * MICROS))


def allow_time(connection: SQLConnection, seconds: int | None) -> None:
    """Set the limit of a transaction's statements in seconds; None for no limit."""
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{seconds or 0}s'")
    driver = connection.connection.driver_connection
    if isinstance(driver, Connection):
        driver.longest = None if seconds is None else seconds + MARGIN
