"""Bring the database's tables up to this version, with Alembic."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from shortener.errors import DatabaseVersionError
from shortener.storage import functions, outages, postgresql

# Two nodes that start at once upgrade one after the other; the number is arbitrary and ours.
ADVISORY_LOCK = 5_203_418_667
# While a session waits for a table lock, all others queue behind it. So each wait is short, and we try again.
BUSY: Final = ("55P03", "40P01")  # lock not available, deadlock
LOCK: Final = "3s"
PAUSE = 2.0  # seconds between two attempts
WITHIN: Final = 600.0  # seconds for all attempts


def upgrade(engine: Engine) -> list[str]:
    """Apply the missing revisions in one transaction, and return them.

    If other sessions hold locks on the tables, tries again for ten minutes. DatabaseVersionError if a later version of
    the product has upgraded this database.
    """
    ends = time.monotonic() + WITHIN
    while True:
        try:
            return _upgrade(engine)
        except DBAPIError as error:
            if outages.sqlstate(error) not in BUSY or time.monotonic() >= ends:
                raise
        time.sleep(PAUSE)


def _upgrade(engine: Engine) -> list[str]:
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            _take_turn(connection)
        before = _applied(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        done = [revision for revision in _history(config) if revision not in before]
        if done or functions.are_missing(connection):
            functions.create(connection)
        return done


def _take_turn(connection: Connection) -> None:
    """Wait until no other node is upgrading, however long that takes, then limit the waits for table locks."""
    postgresql.allow_time(connection, None)
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
    connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK}'"))


def missing(engine: Engine) -> list[str]:
    """Return the revisions that this version needs and the database does not have."""
    with engine.connect() as connection:
        before = _applied(connection)
    return [revision for revision in _history(_config()) if revision not in before]


def refuse_other_version(engine: Engine, *, may_be_empty: bool = False) -> None:
    """Raise DatabaseVersionError if the tables are of an earlier or a later version, or if there are none.

    Also if PostgreSQL lacks our functions, as after the tables alone were restored by other means than ours.
    """
    with engine.connect() as connection:
        applied = _applied(connection)
        lacks_functions = functions.are_missing(connection)
    if not applied and not may_be_empty:
        raise DatabaseVersionError(is_empty=True)
    if applied and (lacks_functions or applied != set(_history(_config()))):
        raise DatabaseVersionError


def refuse_later(revisions: Iterable[str]) -> None:
    """Raise DatabaseVersionError if one of these revisions is of a later version of the product."""
    known = _history(_config())
    for revision in revisions:
        if revision not in known:
            raise DatabaseVersionError(later=revision)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def _history(config: Config) -> list[str]:
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return [script.revision for script in reversed(list(scripts))]


def _applied(connection: Connection) -> set[str]:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is None:
        return set()
    refuse_later([current])
    history = _history(_config())
    return set(history[: history.index(current) + 1])
