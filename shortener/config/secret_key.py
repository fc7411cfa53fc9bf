"""The secret key in the data folder: read, or made if no secret was encrypted with another one."""

import contextlib
import os
import secrets
import sqlite3
import tempfile
from pathlib import Path

from shortener.config.data_folders import KEY
from shortener.errors import SettingsError
from shortener.typed_command import typed

LEAST = 32  # characters
LOST = (
    "if it is lost, set SHORTENER_SECRET_KEY to a new one of at least 32 random characters and run `{command}`: every "
    "receiver then needs its account's new signing secret"
)


def made_folder(data: Path) -> None:
    """Make the data folder if it is missing, unreadable to others. SettingsError if that fails."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError([f"SHORTENER_DATA: cannot make the folder {data}: {error.strerror}"]) from None


def stored(data: Path, database: Path) -> str:
    """Return the key in the data folder; make one if there is none. Processes that start together get the same key.

    SettingsError if it cannot be read or written, or if the SQLite file `database` holds secrets that were encrypted
    with a key that is missing here: a new one could not decrypt them.
    """
    path = data / KEY
    try:
        if not path.exists():
            _make(path, database)
        key = path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise SettingsError([f"SHORTENER_DATA: cannot store the secret key in {data}: {error}"]) from None
    if len(key) < LEAST:
        raise SettingsError([f"SHORTENER_DATA: {path} does not contain a secret key"])
    return key


def _make(path: Path, database: Path) -> None:
    if _has_secrets(database):
        fault = (
            f"SHORTENER_SECRET_KEY: {database} holds secrets that were encrypted with a key, and neither this "
            f"setting nor {path} has one. Set the key that belongs to this database; "
            + LOST.format(command=typed("account secret rotate --all"))
        )
        raise SettingsError([fault])
    made_folder(path.parent)
    # A temporary file (mode 0600) first, then a link to it: nobody sees half a key, or a second key.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix="secret_key.", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(file.name, path)


def _has_secrets(database: Path) -> bool:
    """Whether a SQLite file holds signing secrets; SettingsError if it cannot be read, because then it may."""
    if not database.exists() or not database.stat().st_size:
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'signing_secret'").fetchone()
            return tables is not None and connection.execute("SELECT 1 FROM signing_secret").fetchone() is not None
    except sqlite3.Error as error:
        fault = f"SHORTENER_SECRET_KEY: is not set, and {database} cannot be read to see if it needs one: {error}"
        raise SettingsError([fault]) from None
