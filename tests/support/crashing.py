"""The real product in processes that end by SIGKILL at a chosen point of their work.

Each process is forked from a server that has imported the product once, so that hundreds of runs take minutes, and
then runs what an operator runs: gunicorn with the project's own configuration, or `flask --app wsgi worker`.
"""

import contextlib
import datetime
import functools
import json
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import flask.cli
from gunicorn.app.wsgiapp import WSGIApplication
from sqlalchemy import Engine, event

from bench.instance import ROOT, free_port
from shortener.delivery import loop, queue
from shortener.outbound.client import Client
from shortener.rules.delivery.retry import MAX_STARTS
from shortener.running import gunicorn_worker, serve
from shortener.storage import postgresql
from shortener.web import bodies
from shortener.web.redirect import Redirect
from tests.support.factories import BROWSER
from tests.support.waiting import WITHIN, until

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["__main__", "shortener", __name__])
LOG, STOPPING = "deaths", "stopping"


class Point(Enum):
    """Where a process can be killed."""

    LINK_UPDATED = "after UPDATE link, before INSERT callback"
    CLICK_COMMITS = "after INSERT callback, before the commit"
    ANSWER = "after the click's commit, before the answer"
    CLAIM_COMMITS = "inside the claim, before its commit"
    POST = "after the claim's commit, before the POST"
    RECEIVED = "after the POST, before it is settled"
    SETTLE_COMMITS = "inside the settling, before its commit"


# The statement that shows that a transaction has come to the point.
STATEMENTS = {
    Point.CLICK_COMMITS: re.compile(r"INSERT INTO callback "),
    Point.CLAIM_COMMITS: re.compile(r"INSERT INTO attempt "),
    Point.SETTLE_COMMITS: re.compile(r"UPDATE attempt SET .* WHERE attempt\.id = ", re.DOTALL),
}
ACCESSED = re.compile(r"UPDATE link SET accessed_on")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What else is changed about a process, besides its settings."""

    lease_margin: float = 0.5  # seconds; replaces loop.LEASE_MARGIN
    poll: float = 0.1  # seconds; replaces loop.POLL
    silence: str = "1s"  # replaces postgresql.SILENCE
    max_starts: int = MAX_STARTS
    clock: float = 0.0  # seconds that the system's clock is ahead
    read_within: float | None = None  # seconds for heads and for bodies, in place of what the servers grant
    arguments: str = ""  # for gunicorn, as an operator may give them
    poison: str = ""  # a callback URL that contains this ends the process, each time


@dataclass(frozen=True, slots=True)
class Death:
    """A process that came to an armed point, the time, and the signal that it sent itself."""

    point: str
    pid: int
    moment: float
    signal: str


@dataclass
class Node:
    """A process of the product, with its children."""

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
        """Whether it has made its own process group."""
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
        """The ids of its children."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def exit_code(self) -> int:
        """Wait for the end; the exit code is negative if a signal ended it."""
        self.process.join(WITHIN)
        assert self.process.exitcode is not None, f"still running:\n{self.log.read_text()}"
        return int(self.process.exitcode)

    def status(self, path: str) -> int | None:
        """GET as a browser; None if no answer came."""
        connection = HTTPConnection(self.url.removeprefix("http://"), timeout=WITHIN)
        with contextlib.closing(connection), contextlib.suppress(OSError, HTTPException):
            connection.request("GET", path, headers={"User-Agent": BROWSER})
            return connection.getresponse().status
        return None


@dataclass
class Harness:
    """Processes on one database, and the folder in which points are armed and deaths are logged."""

    settings: Mapping[str, str]
    folder: Path
    nodes: list[Node] = field(default_factory=list)

    def spawn_web(self, overrides: Overrides = Overrides(), **settings: str) -> Node:
        """Start gunicorn, and do not wait until it serves."""
        return self._start("web", overrides, {"processes": "1", **settings, "bind": f"127.0.0.1:{free_port()}"})

    def web(self, overrides: Overrides = Overrides(), *, ready: str = "/healthz", **settings: str) -> Node:
        """Start gunicorn, and wait until the path `ready` answers 200; `/robots.txt` needs no database."""
        node = self.spawn_web(overrides, **settings)
        until(lambda: node.died() or node.status(ready) == 200)
        assert not node.died(), node.log.read_text()
        return node

    def worker(self, overrides: Overrides = Overrides(), **settings: str) -> Node:
        """Start `flask worker`."""
        return self._start("worker", overrides, settings)

    def arm(self, point: Point, number: signal.Signals = signal.SIGKILL) -> None:
        """Let the next process that comes to the point send itself this signal."""
        written = self.folder / f"{point.name}.new"
        written.write_text(number.name)
        written.rename(self.folder / point.name)

    def is_stopping(self) -> bool:
        """Whether a process has stopped claiming."""
        return (self.folder / STOPPING).exists()

    def disarm(self) -> None:
        """Disarm all points."""
        for point in Point:
            (self.folder / point.name).unlink(missing_ok=True)

    def deaths(self) -> list[Death]:
        """The deaths at armed points so far."""
        path = self.folder / LOG
        return [Death(*json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []

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
    """A harness without processes; all that it starts are killed at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Harness(settings, folder)
    try:
        yield made
    finally:
        for node in made.nodes:
            node.kill()
            node.process.close()


def _run(role: str, settings: Mapping[str, str], overrides: Overrides, folder: Path, log: Path) -> None:
    """Run what an operator would start, in a process group of its own."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests in the background ignores it
    os.setsid()
    os.chdir(ROOT)
    with log.open("a") as output:
        for number in (1, 2):
            os.dup2(output.fileno(), number)
    for name in [name for name in os.environ if name.startswith("SHORTENER_")]:
        del os.environ[name]
    os.environ.update({f"SHORTENER_{name.upper()}": value for name, value in settings.items()})
    _install(overrides, functools.partial(_reach, folder))
    _note_stops(folder / STOPPING)
    if role == "web" and settings.get("server") == "granian":
        multiprocessing.set_start_method(
            "fork", force=True
        )  # as on an operator's machine; here it would be the forkserver's
        sys.argv = ["serve"]  # not the arguments of the tests
        serve.main()
    elif role == "web":
        os.environ["GUNICORN_CMD_ARGS"] = overrides.arguments
        sys.argv = ["gunicorn"]
        WSGIApplication("%(prog)s", prog="gunicorn").run()
    else:
        sys.argv = ["flask", "--app", "wsgi", "worker"]
        flask.cli.main()


def _reach(folder: Path, point: Point) -> None:
    """Send ourselves the signal if the point is armed, and disarm it, so that one process gets it."""
    try:
        order = (folder / point.name).read_text()
        (folder / point.name).unlink()
    except FileNotFoundError:
        return
    with (folder / LOG).open("a") as file:
        file.write(json.dumps([point.name, os.getpid(), time.time(), order]) + "\n")
    # To this thread: a signal to the process may reach another thread first, and this one would continue for a while.
    signal.pthread_kill(threading.get_ident(), signal.Signals[order])


def _install(overrides: Overrides, reach: Callable[[Point], None]) -> None:
    """Wrap the functions that mark the points. The product has no code for this."""
    vars(loop).update(LEASE_MARGIN=overrides.lease_margin, POLL=overrides.poll)
    vars(queue).update(MAX_STARTS=overrides.max_starts)
    vars(postgresql).update(SILENCE=overrides.silence)
    if overrides.read_within is not None:
        _hurry(overrides.read_within)
    _watch_statements(reach)
    _wrap_answer(reach)
    _wrap_post(reach, overrides.poison)
    if overrides.clock:
        _shift_clock(overrides.clock)


def _hurry(seconds: float) -> None:
    vars(gunicorn_worker).update(READ_WITHIN=seconds)
    vars(serve).update(HEAD_WITHIN=int(seconds * 1000))
    vars(bodies).update(FIRST_BYTES_WITHIN=seconds)


def _watch_statements(reach: Callable[[Point], None]) -> None:
    @event.listens_for(Engine, "after_cursor_execute")
    def executed(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if ACCESSED.match(statement):
            reach(Point.LINK_UPDATED)
        done = connection.info.setdefault("done", set())
        done.update(point for point, pattern in STATEMENTS.items() if pattern.match(statement))

    @event.listens_for(Engine, "commit")
    def commits(connection: Any) -> None:
        for point in connection.info.pop("done", ()):
            reach(point)

    @event.listens_for(Engine, "rollback")
    def rolls_back(connection: Any) -> None:
        connection.info.pop("done", None)


def _wrap_answer(reach: Callable[[Point], None]) -> None:
    answer = Redirect.__call__

    def call(self: Redirect, environ: Any, start_response: Any) -> Any:
        said: list[str] = []

        def start(status: str, *rest: Any) -> Any:
            said.append(status)
            return start_response(status, *rest)

        body = answer(self, environ, start)
        if said[0].startswith("302"):  # gunicorn sends the head with the body, later than this
            reach(Point.ANSWER)
        return body

    Redirect.__call__ = call  # type: ignore[method-assign]


def _wrap_post(reach: Callable[[Point], None], poison: str) -> None:
    send = Client.request

    def request(self: Client, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Any:
        reach(Point.POST)
        if poison and poison in url:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(self, method, url, {**headers, "x-process": str(os.getpid())}, body)
        reach(Point.RECEIVED)
        return answer

    Client.request = request  # type: ignore[method-assign]


def _note_stops(path: Path) -> None:
    finish = loop.Deliverer._finish

    def noted(self: loop.Deliverer, *args: Any, **kwargs: Any) -> Any:
        path.touch()  # not sooner: until here the loop may claim once more
        return finish(self, *args, **kwargs)

    loop.Deliverer._finish = noted  # type: ignore[method-assign]


def _shift_clock(seconds: float) -> None:
    """Make the system's clock wrong, as Python reads it; the monotonic clock stays right."""
    right_time, right, right_now = time.time, datetime.datetime, datetime.datetime.now

    class AlsoRight(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, right)

    class Wrong(datetime.datetime, metaclass=AlsoRight):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> Any:
            return right_now(tz) + datetime.timedelta(seconds=seconds)

    time.time = lambda: right_time() + seconds
    datetime.datetime = Wrong  # type: ignore[misc]
