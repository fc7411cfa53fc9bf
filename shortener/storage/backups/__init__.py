"""Backups of the database: one checked file, made while the product runs, and the way back into a database."""

import os
import tempfile
from pathlib import Path

from sqlalchemy import Engine, inspect, select

from shortener.storage.backups import postgresql, sqlite
from shortener.errors import BackupError
from shortener.storage.models import Account


def make(engine: Engine, target: Path, *, overwrite: bool = False) -> int:
    """Write all that was committed before into one file of mode 0600, and give its size in bytes.

    The file gets its name when it is whole, checked and on disk. BackupError where that cannot be.
    """
    if target.exists() and not overwrite:
        raise BackupError(f"{target} is there already; take it away, or replace it by --overwrite.")
    part = _part_of(target)
    try:
        if engine.dialect.name == "sqlite":
            sqlite.dump(engine, part)
        else:
            postgresql.dump(engine, part)
        _to_disk(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    _to_disk(target.parent)
    return target.stat().st_size


def restore(engine: Engine, source: Path, *, overwrite: bool = False) -> None:
    """Put what a backup holds in place of what the database holds. Nothing else may use the database meanwhile.

    BackupError where the file is no whole backup of ours, where the database has accounts and `overwrite` is not
    given, and where SQLite's file is in use.
    """
    if not source.is_file():
        raise BackupError(f"There is no file {source}.")
    tool = sqlite if engine.dialect.name == "sqlite" else postgresql
    if not tool.is_ours(source):
        raise BackupError(f"{source} is no backup of the kind of database that the settings lead to ({tool.NAME}).")
    tool.check(source)
    if not overwrite and _has_accounts(engine):
        raise BackupError("The database has accounts already; --overwrite replaces all that it holds.")
    tool.load(engine, source)


def _part_of(target: Path) -> Path:
    """A new file beside the target, of mode 0600 from its first byte."""
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


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
