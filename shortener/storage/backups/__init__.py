"""Back up the database to one checked file while the product runs, and restore a database from it."""

import os
import tempfile
from pathlib import Path

from sqlalchemy import Engine, inspect, select

from shortener.errors import BackupError
from shortener.files.durability import to_disk
from shortener.storage.backups import postgresql, sqlite
from shortener.storage.models import Account


def make(engine: Engine, target: Path, *, overwrite: bool = False) -> int:
    """Write everything committed so far to one file of mode 0600, and return its size in bytes.

    The file gets its name only once it is complete, checked and on disk. BackupError if that fails.
    """
    if target.exists() and not overwrite:
        raise BackupError(f"{target} exists already; remove it, or replace it with --overwrite.")
    part = _part_of(target)
    try:
        if engine.dialect.name == "sqlite":
            sqlite.dump(engine, part)
        else:
            postgresql.dump(engine, part)
        to_disk(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    to_disk(target.parent)
    return target.stat().st_size


def restore(engine: Engine, source: Path, *, overwrite: bool = False) -> None:
    """Replace the content of the database with that of a backup. Nothing else may use the database meanwhile.

    BackupError if the file is not a complete backup of ours, if the database has accounts and `overwrite` is false, or
    if the database is in use; DatabaseVersionError if a later version of the product made the backup.
    """
    if not source.is_file():
        raise BackupError(f"There is no file {source}.")
    tool = sqlite if engine.dialect.name == "sqlite" else postgresql
    if not tool.is_ours(source):
        raise BackupError(f"{source} is not a backup of {tool.NAME}, the kind of database that the settings name.")
    tool.check(source)
    if not overwrite and _has_accounts(engine):
        raise BackupError("The database has accounts already; --overwrite replaces everything in it.")
    tool.load(engine, source)


def _part_of(target: Path) -> Path:
    """Create a temporary file in the target's folder, with mode 0600 from the start."""
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise BackupError(f"Cannot write into {target.parent}: {error.strerror}.") from None
    os.close(descriptor)
    return Path(name)


def _has_accounts(engine: Engine) -> bool:
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        return Account.__tablename__ in tables and connection.execute(select(Account.id).limit(1)).first() is not None
