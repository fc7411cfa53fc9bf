"""Dump a PostgreSQL database to one file and restore it, with PostgreSQL's pg_dump, pg_restore and psql."""

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO, Final

from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, inspect, text

from shortener.errors import BackupError
from shortener.storage import functions, migrations
from shortener.storage.models import Base

NAME: Final = "PostgreSQL"
MAGIC: Final = b"PGDMP"
PATIENCE: Final = 2.0  # seconds for connections that have just been closed, such as our own
TABLES: Final = ("alembic_version", *(table.name for table in Base.metadata.sorted_tables))
# The connection options that PostgreSQL's own programs accept; psycopg accepts more.
LIBPQ: Final = frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())
PSQL: Final = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
PG_RESTORE: Final = ("--file=-", "--exit-on-error", "--no-owner", "--no-privileges")
# Other connections of our user: each belongs to a process of the product, or to somebody who reads its tables.
OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def dump(engine: Engine, part: Path) -> None:
    """Write the database in pg_dump's compressed format, then read the whole file once to check it."""
    with engine.connect() as connection:
        server = connection.scalar(text("SELECT current_setting('server_version_num')::integer / 10000"))
    tool = _tool("pg_dump", server or 0)
    tables = [word for table in TABLES for word in ("--table", f'"{table}"')]
    _run(engine, [tool, "--format=custom", "--no-owner", "--no-privileges", *tables, f"--file={part}"], "--dbname")
    check(part)


def is_ours(source: Path) -> bool:
    """Whether the file is in pg_dump's compressed format."""
    with source.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def check(source: Path) -> None:
    """Read the whole file; BackupError if it is damaged or truncated, or if our tables are missing.

    DatabaseVersionError if a later version of the product wrote the file.
    """
    tool = _tool("pg_restore", 0)
    listed = _run(None, [tool, "--list", str(source)])
    if not all(re.search(rf" TABLE DATA \S+ {name} ", listed) for name in ("installation", "account", "link")):
        raise BackupError(f"{source} is a PostgreSQL backup, but not one of this product.")
    _run(None, [tool, f"--file={os.devnull}", str(source)])
    script = _run(None, [tool, "--data-only", "--table=alembic_version", "--file=-", str(source)])
    migrations.refuse_later(re.findall(r"^COPY .*\n(\w+)$", script, re.MULTILINE))


def load(engine: Engine, source: Path) -> None:
    """Drop our tables and create those of the backup, in one transaction; BackupError if that fails."""
    pg_restore, psql = _tool("pg_restore", 0), _tool("psql", 0)
    engine.dispose()
    with engine.connect() as connection:
        ends = time.monotonic() + PATIENCE
        while connection.scalar(OTHERS):
            if time.monotonic() >= ends:
                raise BackupError("The database is in use: stop the product and all its commands first.")
            connection.rollback()  # a transaction would see the same connections again
            time.sleep(0.05)
        there = [table for table in reversed(TABLES) if inspect(connection).has_table(table)]
    engine.dispose()
    command, environ = _connecting(engine, [psql, *PSQL], "--dbname")
    end, script = os.pipe()
    with tempfile.TemporaryFile() as said:
        with os.fdopen(script, "wb", buffering=0) as into:
            running = subprocess.Popen(command, env=environ, stdin=end, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603
            os.close(end)  # otherwise writing would not fail when psql has ended
            whole = _write_script(into, [pg_restore, *PG_RESTORE, str(source)], there, said)
        if running.wait() or not whole:
            said.seek(0)
            words = said.read().decode(errors="replace").strip()
            raise BackupError(f"The backup cannot be restored; the database has not changed: {words}")


def _write_script(into: IO[bytes], pg_restore: list[str], there: list[str], said: IO[bytes]) -> bool:
    """Write the SQL that replaces our tables and functions; return whether it is complete.

    COMMIT is written only after pg_restore has succeeded. Without it, everything is rolled back when psql ends.
    """
    try:
        into.write(_beginning(there).encode())
        if subprocess.run(pg_restore, stdout=into, stderr=said, check=False).returncode:  # noqa: S603 - no shell
            return False
        # pg_restore's script has emptied the search path.
        into.write(f"\nRESET search_path;\n{functions.SCRIPT}\nCOMMIT;\n".encode())
    except BrokenPipeError:  # psql has ended, and its output says why
        return False
    return True


def _beginning(tables: list[str]) -> str:
    """Return SQL that locks and drops our tables. Other sessions wait; if they hold locks, we give up after 10 s."""
    lines = ["BEGIN;", "SET LOCAL lock_timeout = '10s';"]
    names = ", ".join(f'"{table}"' for table in tables)
    lines += [f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE;", f"DROP TABLE {names} CASCADE;"] if tables else []
    return "\n".join([*lines, ""])


def _tool(name: str, server: int) -> str:
    """Return the path of one of PostgreSQL's programs; BackupError if it is missing or older than the server.

    `server` is the server's major version, or 0 if it does not matter.
    """
    path = shutil.which(name)
    if path is None:
        wanted = f"postgresql-client-{server}" if server else "postgresql-client"
        raise BackupError(f"{name} is missing. On Debian and Ubuntu, install it with: apt-get install {wanted}")
    found = re.search(r"\d+", _run(None, [path, "--version"]))
    if found is not None and int(found[0]) < server:
        raise BackupError(
            f"{path} is of PostgreSQL {found[0]}, older than the server ({server}), whose data it cannot read; "
            f"on Debian and Ubuntu, install a newer one with: apt-get install postgresql-client-{server}"
        )
    return path


def _run(engine: Engine | None, command: list[str], option: str = "") -> str:
    """Run a command and return its output; BackupError with its error messages if it fails.

    With `engine`, the command gets `option` with the address of the database.
    """
    environ = dict(os.environ)
    if engine is not None:
        command, environ = _connecting(engine, command, option)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout


def _connecting(engine: Engine, command: list[str], option: str) -> tuple[list[str], dict[str, str]]:
    """Return the command with the address of the database as `option`, and an environment with the password."""
    environ = dict(os.environ)
    given = engine.dialect.create_connect_args(engine.url)[1]
    connects_to = {name: str(value) for name, value in given.items() if name in LIBPQ}
    # Everybody on the machine can read a command line, so the password is not on it.
    if password := connects_to.pop("password", None):
        environ["PGPASSWORD"] = password
    return [*command, f"{option}={make_conninfo('', **connects_to)}"], environ
