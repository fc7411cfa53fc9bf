"""Run the product, a bare WSGI callable or PostgreSQL with all its processes on one processor."""

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.instance import environ_of, free_port, serving

BARE = '''"""Answers every request with a redirect and does nothing else: as fast as an application can be."""


def app(environ, start_response):
    start_response("302 Found", [("Location", "https://shop.example.com/"), ("Content-Length", "0")])
    return []
'''
TICKS = os.sysconf("SC_CLK_TCK")
# The processors of the measured program and of the load; the same if there is only one.
EVERY = tuple(sorted(os.sched_getaffinity(0)))
SERVING, LOADING = EVERY[0], EVERY[-1]


@dataclass(frozen=True, slots=True)
class Server:
    """The server's address, and the parent of all its processes."""

    address: str
    pid: int

    def kill(self) -> None:
        """Kill all its processes at once."""
        os.killpg(self.pid, signal.SIGKILL)


@contextmanager
def on(*processors: int) -> Iterator[None]:
    """Run this thread, and the processes that it starts in the block, on these processors alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def product(server: str, database_url: str, secret_key: str, folder: Path, **settings: str) -> Iterator[Server]:
    """Run the product with its default settings; callbacks are stored, but not sent."""
    address = f"127.0.0.1:{free_port()}"
    folder.mkdir(exist_ok=True)
    given = {"data": str(folder), "bind": address, "database_url": database_url, "secret_key": secret_key}
    given |= {"server": server, "worker": "off", **settings}
    with serving(environ_of(**given), folder / "server.log", address) as process:
        yield Server(address, process.pid)


@contextmanager
def bare(server: str, folder: Path, processes: int, threads: int) -> Iterator[Server]:
    """Run the bare callable under the same server with the same settings."""
    address = f"127.0.0.1:{free_port()}"
    (folder / "bare.py").write_text(BARE)
    (folder / "empty.conf.py").touch()
    command = [sys.executable, "-m", *COMMANDS[server](address, str(processes), str(threads)), "bare:app"]
    process = subprocess.Popen(command, cwd=folder, start_new_session=True)
    try:
        _wait(address)
        yield Server(address, process.pid)
    finally:
        process.terminate()
        process.wait()


def _gunicorn(address: str, processes: str, threads: str) -> list[str]:
    command = ["gunicorn", "-c", "empty.conf.py", "-b", address, "-k", "gthread", "-w", processes, "--threads", threads]
    return [*command, "--keep-alive", "5", "--log-level", "error", "--no-control-socket"]


def _granian(address: str, processes: str, threads: str) -> list[str]:
    command = [
        "granian",
        "--interface",
        "wsgi",
        "--port",
        address.rpartition(":")[2],
        "--no-ws",
        "--workers",
        processes,
    ]
    return [*command, "--blocking-threads", threads, "--backpressure", "1000", "--log-level", "error"]


COMMANDS: dict[str, Callable[[str, str, str], list[str]]] = {"gunicorn": _gunicorn, "granian": _granian}


def cpu(*roots: int) -> float:
    """Return the CPU seconds of these processes and their descendants, including those that have ended."""
    return sum(sum(map(int, fields[11:15])) for fields in _family(roots).values()) / TICKS


def parent(pid: int) -> int:
    """Return the parent of a process."""
    return int(_stat(pid)[1])


def private_bytes(pid: int) -> int:
    """Return the private memory of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean", "Private_Dirty")))


def children(pid: int) -> list[int]:
    """Return the child processes of a process."""
    return [each for each in _family([pid]) if each != pid]


def _family(roots: "tuple[int, ...] | list[int]") -> dict[int, list[str]]:
    """Return the `stat` fields of these processes and their descendants."""
    every = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                every[int(entry.name)] = _stat(int(entry.name))
    found = {pid: every[pid] for pid in roots if pid in every}
    while more := {pid: fields for pid, fields in every.items() if int(fields[1]) in found and pid not in found}:
        found |= more
    return found


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _wait(address: str) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection(address, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            return connection.close()
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers at {address}")
