"""A real pgbouncer in front of a test's PostgreSQL, in transaction mode."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from tests.support import programs
from tests.support.waiting import until

CONFIGURATION = """\
[databases]
* = host={server} user=postgres
[pgbouncer]
unix_socket_dir = {folder}
listen_port = {port}
auth_type = any
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
logfile = {folder}/log
pidfile = {folder}/pid
"""
PORT = 6432  # used only in the socket's name


@contextmanager
def pooled(url: str, size: int = 5) -> Iterator[str]:
    """Run pgbouncer in front of the server of this URL; yield the database's URL through it."""
    program = programs.PGBOUNCER.path()
    server = folder_of(url)
    folder = owned(Path(tempfile.mkdtemp(prefix="pooler-")), server)  # a socket's path must be short
    configuration = folder / "pgbouncer.ini"
    configuration.write_text(CONFIGURATION.format(server=server, folder=folder, port=PORT, size=size))
    process = subprocess.Popen(
        [*as_owner_of(server), program, "-q", str(configuration)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    through = f"postgresql://postgres@{urlsplit(url).path}?host={folder}&port={PORT}"
    try:
        until(lambda: _answers(through) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield through
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def folder_of(url: str) -> Path:
    """The socket folder of the server of this URL."""
    return Path(parse_qs(urlsplit(url).query)["host"][0])


def as_owner_of(server: Path) -> list[str]:
    """The prefix that runs a command as the server's owner: PostgreSQL and pgbouncer refuse to run as root."""
    if os.geteuid() != 0:
        return []
    owner = server.stat()
    return ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]


def owned(path: Path, server: Path) -> Path:
    """Change a path's owner to the server's owner."""
    if os.geteuid() == 0:
        os.chown(path, server.stat().st_uid, server.stat().st_gid)
    return path


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, prepare_threshold=None, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False
