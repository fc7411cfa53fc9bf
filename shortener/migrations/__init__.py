"""Bring the database's tables up to this version, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from shortener.errors import SettingsError

# Two nodes that start at once upgrade one after the other; the number is arbitrary and ours.
ADVISORY_LOCK = 5_203_418_667


def upgrade(engine: Engine) -> list[str]:
    """Apply what is missing, in one transaction; give back the revisions that were applied.

    SettingsError where a later version has been at this database.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ADVISORY_LOCK})
        before = _applied(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return [revision for revision in _history(config) if revision not in before]


def missing(engine: Engine) -> list[str]:
    """The revisions that this version needs and the database does not have."""
    with engine.connect() as connection:
        before = _applied(connection)
    return [revision for revision in _history(_config()) if revision not in before]


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
    history = _history(_config())
    if current not in history:
        raise SettingsError(
            [f"SHORTENER_DATABASE_URL: a later version has upgraded this database (to {current}); run that version"]
        )
    return set(history[: history.index(current) + 1])
