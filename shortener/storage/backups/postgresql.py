"""A PostgreSQL database as one file, by PostgreSQL's own pg_dump and pg_restore."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, Final

from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, inspect, text

from shortener.errors import BackupError
from shortener.storage.models import Base

NAME: Final = "PostgreSQL"
MAGIC: Final = b"PGDMP"
TABLES: Final = ("alembic_version", *(table.name for table in Base.metadata.sorted_tables))
# What PostgreSQL's own programs know of a connection; psycopg knows more.
LIBPQ: Final = frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())
PSQL: Final = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
PG_RESTORE: Final = ("--file=-", "--exit-on-error", "--no-owner", "--no-privileges")
# Connections of ours, in use or idle: each is a process of the product or somebody who looks at its tables.
OTHERS: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def dump(engine: Engine, part: Path) -> None:
    """Write the database in pg_dump's own compressed format, then read all of it once."""
    with engine.connect() as connection:
        server = connection.scalar(text("SELECT current_setting('server_version_num')::integer / 10000"))
    tool = _tool("pg_dump", server or 0)
    tables = [word for table in TABLES for word in ("--table", f'"{table}"')]
    _run(engine, [tool, "--format=custom", "--no-owner", "--no-privileges", *tables, f"--file={part}"], "--dbname")
    check(part)


def is_ours(source: Path) -> bool:
    """Whether pg_dump wrote it in its own format."""
    with source.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def check(source: Path) -> None:
    """Read all of it; BackupError where it is damaged or cut off, or where our tables are missing."""
    tool = _tool("pg_restore", 0)
    listed = _run(None, [tool, "--list", str(source)])
    if not all(re.search(rf" TABLE DATA \S+ {name} ", listed) for name in ("installation", "account", "link")):
        raise BackupError(f"{source} is a PostgreSQL backup, but none of this product's.")
    _run(None, [tool, f"--file={os.devnull}", str(source)])


def load(engine: Engine, source: Path) -> None:
    """Take our tables away and make those of the backup, in one transaction: all of it, or nothing."""
    pg_restore, psql = _tool("pg_restore", 0), _tool("psql", 0)
    engine.dispose()
    with engine.connect() as connection:
        if connection.scalar(OTHERS):
            raise BackupError("The database is in use: stop the product and all its commands first.")
        there = [table for table in reversed(TABLES) if inspect(connection).has_table(table)]
    engine.dispose()
    command, environ = _connecting(engine, [psql, *PSQL], "--dbname")
    end, script = os.pipe()
    with tempfile.TemporaryFile() as said:
        with os.fdopen(script, "wb", buffering=0) as into:
            running = subprocess.Popen(command, env=environ, stdin=end, stdout=subprocess.DEVNULL, stderr=said)  # noqa: S603
            os.close(end)  # or nobody would notice here that psql has ended
            whole = _write_script(into, [pg_restore, *PG_RESTORE, str(source)], there, said)
        if running.wait() or not whole:
            said.seek(0)
            words = said.read().decode(errors="replace").strip()
            raise BackupError(f"The backup cannot be restored, and the database is as it was: {words}")


def _write_script(into: IO[bytes], pg_restore: list[str], there: list[str], said: IO[bytes]) -> bool:
    """Write what takes the old tables away and makes the new ones; give whether it is whole.

    The COMMIT comes only after a good end of pg_restore. Without it, psql's end takes everything back.
    """
    try:
        into.write(_beginning(there).encode())
        if subprocess.run(pg_restore, stdout=into, stderr=said, check=False).returncode:  # noqa: S603 - no shell
            return False
        into.write(b"\nCOMMIT;\n")
    except BrokenPipeError:  # psql has ended, and has said why
        return False
    return True


def _beginning(tables: list[str]) -> str:
    """Lock our tables before they are dropped: whoever comes meanwhile waits, or is told that the database is busy."""
    lines = ["BEGIN;", "SET LOCAL lock_timeout = '10s';"]
    names = ", ".join(f'"{table}"' for table in tables)
    lines += [f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE;", f"DROP TABLE {names} CASCADE;"] if tables else []
    return "\n".join([*lines, ""])


def _tool(name: str, server: int) -> str:
    """Where one of PostgreSQL's programs is, which must not be older than the server; 0 where that is no matter."""
    path = shutil.which(name)
    if path is None:
        wanted = f"postgresql-client-{server}" if server else "postgresql-client"
        raise BackupError(f"{name} is missing. On Debian and Ubuntu it comes by: apt-get install {wanted}")
    found = re.search(r"\d+", _run(None, [path, "--version"]))
    if found is not None and int(found[0]) < server:
        raise BackupError(
            f"{path} is of PostgreSQL {found[0]}, older than the server ({server}), whose data it cannot read; "
            f"on Debian and Ubuntu: apt-get install postgresql-client-{server}"
        )
    return path


def _run(engine: Engine | None, command: list[str], option: str = "", *more: Path) -> str:
    """Run it, with the database behind `option`, and give what it printed; BackupError with its words if it fails."""
    environ = dict(os.environ)
    if engine is not None:
        command, environ = _connecting(engine, command, option)
    command += [str(path) for path in more]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout


def _connecting(engine: Engine, command: list[str], option: str) -> tuple[list[str], dict[str, str]]:
    """The command with the database behind `option`, and its environment, which has the password."""
    environ = dict(os.environ)
    given = engine.dialect.create_connect_args(engine.url)[1]
    connects_to = {name: str(value) for name, value in given.items() if name in LIBPQ}
    # Everybody on the machine can read a command line, so the password is not on it.
    if password := connects_to.pop("password", None):
        environ["PGPASSWORD"] = password
    return [*command, f"{option}={make_conninfo('', **connects_to)}"], environ
