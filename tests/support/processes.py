"""Run the real product in processes that a test can kill, also at a chosen point of their work.

Each process is forked from a server that has imported the product once, so that hundreds of runs take minutes. It then
runs what an operator runs: gunicorn with the project's own configuration, granian, or `shortener worker`.
"""

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import flask.cli
from gunicorn.app.wsgiapp import WSGIApplication

from bench.instance import ROOT, environ_of, free_port
from shortener import vendors
from shortener.running import serve
from tests.support import crash_points
from tests.support.crash_points import Death, Point
from tests.support.factories import BROWSER
from tests.support.process_overrides import Overrides
from tests.support.waiting import WITHIN, until

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", "shortener", __name__])
STOPPING = "stopping"
DEFAULTS = Overrides()


@dataclass
class Node:
    """A process of the product, with its child processes."""

    process: Any
    url: str
    log: Path

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return int(self.process.pid)

    def interrupt(self) -> None:
        """Send SIGINT to the group, as Ctrl-C in a terminal does."""
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(self.pid, signal.SIGINT)

    def has_a_group(self) -> bool:
        """Whether it is already in its own process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, 0)
            return True
        return False

    def died(self) -> bool:
        """Whether it has ended."""
        return not self.process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Signal the process alone."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process and its children, as a failing machine would."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.join(WITHIN)

    def children(self) -> list[int]:
        """The process ids of its children."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def exit_code(self) -> int:
        """Wait for the end; the exit code is negative if a signal ended it."""
        self.process.join(WITHIN)
        assert self.process.exitcode is not None, f"still running:\n{self.log.read_text()}"
        return int(self.process.exitcode)

    def status(self, path: str) -> int | None:
        """The status of a GET with a browser's User-Agent; None if no response came."""
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=WITHIN)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("GET", path, headers={"User-Agent": BROWSER})
            return connection.getresponse().status
        return None


@dataclass
class Harness:
    """The processes on one database, and the folder in which points are armed and deaths are logged."""

    settings: Mapping[str, str]
    folder: Path
    nodes: list[Node] = field(default_factory=list)

    def spawn_web(self, overrides: Overrides = DEFAULTS, **settings: str) -> Node:
        """Start gunicorn, without waiting until it serves."""
        return self._start("web", overrides, {"processes": "1", **settings, "bind": f"127.0.0.1:{free_port()}"})

    def web(self, overrides: Overrides = DEFAULTS, *, ready: str = "/healthz", **settings: str) -> Node:
        """Start gunicorn, and wait until the path `ready` returns 200; `/robots.txt` needs no database."""
        node = self.spawn_web(overrides, **settings)
        until(lambda: node.died() or node.status(ready) == 200)
        assert not node.died(), node.log.read_text()
        return node

    def worker(self, overrides: Overrides = DEFAULTS, **settings: str) -> Node:
        """Start `flask worker`."""
        return self._start("worker", overrides, settings)

    def arm(self, point: Point, number: signal.Signals = signal.SIGKILL) -> None:
        """Make the next process that reaches the point send itself this signal."""
        crash_points.arm(self.folder, point, number)

    def is_stopping(self) -> bool:
        """Whether a process has stopped claiming jobs."""
        return (self.folder / STOPPING).exists()

    def disarm(self) -> None:
        """Disarm all points."""
        for point in Point:
            (self.folder / point.name).unlink(missing_ok=True)

    def deaths(self) -> list[Death]:
        """The deaths at armed points so far, oldest first."""
        return crash_points.deaths(self.folder)

    def _start(self, role: str, overrides: Overrides, settings: Mapping[str, str]) -> Node:
        values = {**self.settings, **settings}
        log = self.folder / f"{role}-{len(self.nodes)}.log"
        process = FORKS.Process(target=_run, args=(role, values, overrides, self.folder, log))
        process.start()
        node = Node(process, f"http://{values.get('bind', '')}", log)
        self.nodes.append(node)
        return node


@contextlib.contextmanager
def harness(settings: Mapping[str, str], folder: Path) -> Iterator[Harness]:
    """Yield a harness without processes; at the end, kill all that it has started."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Harness(settings, folder)
    try:
        yield made
    finally:
        for node in made.nodes:
            node.kill()
            node.process.close()


def _run(role: str, settings: Mapping[str, str], overrides: Overrides, folder: Path, log: Path) -> None:
    """Run what an operator would start, in its own process group, with its output in the log."""
    if not overrides.traced:
        threading.settrace(None)
        sys.settrace(None)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs the tests in the background ignores it
    os.setsid()
    os.chdir(ROOT)
    with log.open("a") as output:
        for number in (1, 2):
            os.dup2(output.fileno(), number)
    environ = environ_of(**settings)
    os.environ.clear()
    os.environ.update(environ)
    overrides.apply()
    crash_points.watch(functools.partial(crash_points.reach, folder), overrides.poison)
    crash_points.note_stops(folder / STOPPING)
    if role == "web" and settings.get("server") == "granian":
        # granian forks its workers on an operator's machine; here the default would be the forkserver
        multiprocessing.set_start_method("fork", force=True)
        sys.argv = ["serve"]  # instead of the arguments of pytest
        serve.main(vendors.gateways())
    elif role == "web":
        os.environ["GUNICORN_CMD_ARGS"] = overrides.arguments
        sys.argv = ["gunicorn"]
        WSGIApplication("%(prog)s", prog="gunicorn").run()
    else:
        sys.argv = ["flask", "--app", "wsgi", "worker"]
        flask.cli.main()
