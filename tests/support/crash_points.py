"""Kill the product at a chosen point of its work.

A test arms a point with a file in a folder; the first process that reaches the point removes the file, logs its death
and sends itself the signal. The product has no code for this: its functions are wrapped here.
"""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from shortener.clicks.statements import STATEMENTS as CLICK_STATEMENTS
from shortener.delivery import loop
from shortener.outbound.client import Client
from shortener.storage.direct import Direct
from shortener.web.redirect import Redirect

LOG = "deaths"


class Point(Enum):
    """Where a process can be killed."""

    LINK_UPDATED = "after UPDATE link, before INSERT callback"
    CLICK_COMMITS = "after INSERT callback, before the commit"
    ANSWER = "after the click's commit, before the answer"
    CLAIM_COMMITS = "inside the claim, before its commit"
    POST = "after the claim's commit, before the POST"
    RECEIVED = "after the POST, before it is settled"
    SETTLE_COMMITS = "inside the settling, before its commit"


# The statement that shows that a transaction has reached the point.
STATEMENTS = {
    Point.CLAIM_COMMITS: re.compile(r"INSERT INTO (sending_)?attempt "),
    Point.SETTLE_COMMITS: re.compile(r"UPDATE (sending_)?attempt SET .* WHERE (sending_)?attempt\.id = ", re.DOTALL),
}
ACCESSED = frozenset(statements.set_accessed_on for statements in CLICK_STATEMENTS.values())
CALLBACKS_INSERTED = frozenset(statements.insert_callbacks for statements in CLICK_STATEMENTS.values())


@dataclass(frozen=True, slots=True)
class Death:
    """A process that reached an armed point, the time, and the signal that it sent itself."""

    point: str
    pid: int
    moment: float
    signal: str


def arm(folder: Path, point: Point, number: signal.Signals) -> None:
    """Make the next process that reaches the point send itself this signal."""
    written = folder / f"{point.name}.new"
    written.write_text(number.name)
    written.rename(folder / point.name)


def deaths(folder: Path) -> list[Death]:
    """The deaths at armed points so far, oldest first."""
    path = folder / LOG
    return [Death(*json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def reach(folder: Path, point: Point) -> None:
    """Send this process the signal if the point is armed, and disarm it, so that no other process gets it."""
    try:
        order = (folder / point.name).read_text()
        (folder / point.name).unlink()
    except FileNotFoundError:
        return
    with (folder / LOG).open("a") as file:
        file.write(json.dumps([point.name, os.getpid(), time.time(), order]) + "\n")
    # To this thread: a signal to the process may reach another thread first, while this one continues.
    signal.pthread_kill(threading.get_ident(), signal.Signals[order])


def watch(reach: Callable[[Point], None], poison: str) -> None:
    """Call `reach` at each point. A POST to a callback URL that contains `poison` kills this process."""
    _watch_statements(reach)
    _wrap_answer(reach)
    _wrap_post(reach, poison)


def _watch_statements(reach: Callable[[Point], None]) -> None:
    @event.listens_for(Engine, "after_cursor_execute")
    def executed(connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        done = connection.info.setdefault("done", set())
        done.update(point for point, pattern in STATEMENTS.items() if pattern.match(statement))

    write = Direct.write

    def written(self: Direct, statement: str, rows: Any) -> int:
        count = write(self, statement, rows)
        if statement in ACCESSED:
            reach(Point.LINK_UPDATED)
        if rows and statement in CALLBACKS_INSERTED:
            self.connection.info.setdefault("done", set()).add(Point.CLICK_COMMITS)
        return count

    Direct.write = written  # type: ignore[method-assign]

    @event.listens_for(Engine, "commit")
    def commits(connection: Any) -> None:
        for point in connection.info.pop("done", ()):
            reach(point)

    @event.listens_for(Engine, "rollback")
    def rolls_back(connection: Any) -> None:
        connection.info.pop("done", None)


def _wrap_answer(reach: Callable[[Point], None]) -> None:
    answer, send = Redirect.__call__, Redirect._send

    def call(self: Redirect, environ: Any, start_response: Any) -> Any:
        statuses: list[str] = []

        def start(status: str, *rest: Any) -> Any:
            statuses.append(status)
            return start_response(status, *rest)

        body = answer(self, environ, start)
        if statuses and statuses[0].startswith("302"):  # gunicorn sends the head later, together with the body
            reach(Point.ANSWER)
        return body

    def send_late(self: Redirect, *about: Any) -> None:
        if about[-1]:  # the click is stored
            reach(Point.ANSWER)
        send(self, *about)

    Redirect.__call__ = call  # type: ignore[method-assign]
    Redirect._send = send_late  # type: ignore[method-assign]


def _wrap_post(reach: Callable[[Point], None], poison: str) -> None:
    send = Client.request

    def request(
        self: Client, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", **given: Any
    ) -> Any:
        reach(Point.POST)
        if poison and poison in url:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = send(self, method, url, {**headers, "x-process": str(os.getpid())}, body, **given)
        reach(Point.RECEIVED)
        return answer

    Client.request = request  # type: ignore[method-assign]


def note_stops(path: Path) -> None:
    """Create the file at `path` when the delivery loop has stopped claiming jobs."""
    finish = loop.Deliverer._finish

    def noted(self: loop.Deliverer, *args: Any, **kwargs: Any) -> Any:
        path.touch()  # not earlier: until here the loop may claim once more
        return finish(self, *args, **kwargs)

    loop.Deliverer._finish = noted  # type: ignore[method-assign]
