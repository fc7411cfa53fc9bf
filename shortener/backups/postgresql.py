"""A PostgreSQL database as one file, by PostgreSQL's own pg_dump and pg_restore."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from psycopg import pq
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, text

from shortener.errors import BackupError
from shortener.models import Base

NAME: Final = "PostgreSQL"
MAGIC: Final = b"PGDMP"
TABLES: Final = ("alembic_version", *(table.name for table in Base.metadata.sorted_tables))
# What PostgreSQL's own programs know of a connection; psycopg knows more.
LIBPQ: Final = frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())
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
    """Take our tables away, and make those of the backup, in one transaction each."""
    tool = _tool("pg_restore", 0)
    engine.dispose()
    with engine.begin() as connection:
        if connection.scalar(OTHERS):
            raise BackupError("The database is in use: stop the product and all its commands first.")
        connection.execute(text("SET LOCAL lock_timeout = '10s'"))
        for table in reversed(TABLES):
            connection.execute(text(f'DROP TABLE IF EXISTS "{table}" CASCADE'))
    _run(engine, [tool, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"], "--dbname", source)


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
        given = engine.dialect.create_connect_args(engine.url)[1]
        connects_to = {name: str(value) for name, value in given.items() if name in LIBPQ}
        # Everybody on the machine can read a command line, so the password is not on it.
        if password := connects_to.pop("password", None):
            environ["PGPASSWORD"] = password
        command = [*command, f"{option}={make_conninfo('', **connects_to)}"]
    command += [str(path) for path in more]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name} failed: {done.stderr.strip()}")
    return done.stdout
