"""One cell of the benchmark: the product on one database under one server, its runs, and the check after each."""

import contextlib
import json
import random
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path
from typing import Final

from flask import Flask
from sqlalchemy import select, text

from bench import cpu_affinity, load, seed_rows
from bench.cpu_affinity import Server
from bench.due_callbacks import KINDS, SECRET_KEY, application, database
from bench.load import Run
from shortener.accounts import senders
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Callback, Click, Link

CONNECTIONS = 16  # of wrk; the default number of threads
SETTLE = 15.0  # seconds until the last clicks of a run, also spooled ones, must be stored
FASTEST = 12_000  # clicks or messages per second prepared for a run
BATCH = 1000  # messages
SENDERS = 2  # simultaneous senders of batches
FIXED = 3  # seconds at a fixed rate
LONE = 200  # clicks
SQLITE, POSTGRESQL = KINDS


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its word on the command line, its name, and the target share of the bare callable."""

    word: str
    name: str
    floors: Mapping[tuple[str, str], float]  # by database and server

    def floor(self, database: str, server: str) -> float | None:
        """Return the target share, if there is one."""
        return self.floors.get((database, server))


def _on(server: str, floor: float, *databases: str) -> dict[tuple[str, str], float]:
    return {(database, server): floor for database in databases}


_LOOK_UPS: Final = _on("gunicorn", 0.60, SQLITE) | _on("gunicorn", 0.50, POSTGRESQL)
_REPEATED: Final = _on("gunicorn", 0.50, SQLITE) | _on("granian", 0.18, SQLITE)
UNKNOWN = Row("unknown", "unknown slugs", _LOOK_UPS)
HEAD = Row("head", "look-up by HEAD, unclicked", _LOOK_UPS)
FIRST = Row("first", "first clicks, spread", _on("gunicorn", 0.40, SQLITE) | _on("granian", 0.10, SQLITE))
AGAIN = Row("again", "repeated clicks, one link", _REPEATED)
SPREAD = Row("spread", "repeated clicks, spread", _REPEATED)
SINGLE = Row("single", "single posts", _on("gunicorn", 0.20, *KINDS))
MANY = Row("batch", f"messages in batches of {BATCH:,}", _on("gunicorn", 1.5, *KINDS))
ROWS = (UNKNOWN, HEAD, FIRST, AGAIN, SPREAD, SINGLE, MANY)


@dataclass
class Store:
    """A database with unclicked links, and with links that were clicked once."""

    kind: str
    url: str
    version: str
    app: Flask
    token: str
    fresh: list[int]
    clicked: range
    roots: tuple[int, ...]

    def slugs(self, ids: Iterable[int]) -> list[str]:
        """Return the slugs of links."""
        with self.app.app_context():
            return [seed_rows.slug_of(services().slugs, id_) for id_ in ids]

    def unknown(self, number: int) -> list[str]:
        """Return slugs without a link."""
        with self.app.app_context():
            return list(islice(seed_rows.unknown(services().slugs), number))

    def take(self, number: int) -> list[int]:
        """Return unclicked links, each only once."""
        if number > len(self.fresh):
            raise RuntimeError("there are too few links left; give more with --links")
        taken, self.fresh = self.fresh[:number], self.fresh[number:]
        return taken

    def counts(self) -> seed_rows.Counts:
        """Return the current numbers of rows."""
        with self.app.app_context(), db.read() as session:
            return seed_rows.count(session)

    def settled(self, before: seed_rows.Counts, name: str, answered: int) -> seed_rows.Counts:
        """Return the added rows, once all answered requests are stored and nothing more comes, or after a while."""
        until, last = time.monotonic() + SETTLE, None
        while True:
            added = self.counts().since(before)
            if (added == last and getattr(added, name) >= answered) or time.monotonic() > until:
                return added
            last = added
            time.sleep(0.03)

    def without(self, ids: Sequence[int]) -> int:
        """Return how many of these links lack a click, `accessed_on` or a callback."""
        with self.app.app_context(), db.read() as session:
            wanted = Link.accessed_on.is_not(None)
            whole = select(Link.id).join(Click, Click.link_id == Link.id).join(Callback, Callback.link_id == Link.id)
            return len(set(ids) - set(session.scalars(whole.where(wanted))))


@dataclass
class Cell:
    """The product on a database under a server, beside the bare callable under the same server."""

    store: Store
    server: str
    product: Server
    folder: Path
    seconds: int
    shape: Mapping[str, str]
    processors: Sequence[int] = (cpu_affinity.SERVING,)
    runs: dict[str, list[Run]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    notes: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def run(self, row: Row) -> None:
        """Run a row once."""
        run = METHODS[row.word](self)
        self.runs.setdefault(row.word, []).append(run)
        if run.broken:
            self.fault(row.name, f"{run.broken} requests were not answered")

    def unknown(self) -> Run:
        """Request slugs without a link; each is 404."""
        slugs = self.store.unknown(FASTEST)
        run = self.wrk("unknown", load.clicks(slugs))
        return self.all_refused(UNKNOWN, run)

    def head(self) -> Run:
        """Send HEAD requests, which record nothing."""
        slugs = self.store.slugs(random.sample(self.store.fresh, min(len(self.store.fresh), FASTEST)))
        return self.none_refused(HEAD, self.wrk("head", load.clicks(slugs, "HEAD")))

    def first(self) -> Run:
        """Click unclicked links."""
        ids = self.store.take(min(FASTEST * self.seconds, len(self.store.fresh) // 2))
        run = self.counted(FIRST, ids, "clicks", "callbacks", "accessed")
        if run.answered > len(ids):
            raise RuntimeError("there were too few links for a run; give more with --links")
        self.store.fresh += ids[run.answered + CONNECTIONS :]
        return run

    def again(self) -> Run:
        """Click one link that was clicked before."""
        return self.counted(AGAIN, self.store.clicked[:1], "clicks")

    def spread(self) -> Run:
        """Click links that were clicked before."""
        some = random.sample(self.store.clicked, min(len(self.store.clicked), FASTEST * self.seconds))
        return self.counted(SPREAD, some, "clicks")

    def single(self) -> Run:
        """Post messages, each in its own request."""
        bodies = [json.dumps(message()) for _ in range(FASTEST * self.seconds)]
        before = self.store.counts()
        run = self.wrk("posts", load.posts("/v1/messages", self.store.token, bodies))
        self.check(SINGLE, run, before, "messages", "links")
        return self.none_refused(SINGLE, run)

    def many(self) -> Run:
        """Post messages in batches of a thousand."""
        number = max(SENDERS, FASTEST * self.seconds // BATCH)
        bodies = [json.dumps([message() for _ in range(BATCH)]).encode() for _ in range(number)]
        before, used = self.store.counts(), self.cpu()
        run = load.batches(self.product.address, self.store.token, bodies, self.seconds, SENDERS)
        run = replace(run, cpu=(self.cpu() - used) / run.answered * 1000)
        self.check(MANY, run, before, "messages", "links", more=0)
        return run

    def counted(self, row: Row, ids: Sequence[int], *names: str) -> Run:
        """Click links, and check that as many clicks are stored as were answered."""
        before = self.store.counts()
        run = self.wrk("clicks", load.clicks(self.store.slugs(ids)))
        self.check(row, run, before, *names)
        return self.none_refused(row, run)

    def wrk(self, name: str, requests: Sequence[bytes]) -> Run:
        """Send as many of these requests as possible."""
        path, used = load.write(self.folder / name, requests), self.cpu()
        run = load.wrk(self.product.address, path, self.seconds, CONNECTIONS)
        return replace(run, cpu=(self.cpu() - used) / run.answered * 1000)

    def cpu(self) -> float:
        """Return the used CPU seconds, including the database server's."""
        return cpu_affinity.cpu(self.product.pid, *self.store.roots)

    def check(self, row: Row, run: Run, before: seed_rows.Counts, *names: str, more: int = CONNECTIONS) -> None:
        """Check that all answered requests are stored; those that wrk no longer waited for may be stored too."""
        added = self.store.settled(before, names[0], run.answered)
        for name in names:
            if not run.answered <= getattr(added, name) <= run.answered + more:
                self.fault(row.name, f"{run.answered} were answered, and {getattr(added, name)} of {name} stored")

    def none_refused(self, row: Row, run: Run) -> Run:
        """Record a fault if requests were refused."""
        if run.refused:
            self.fault(row.name, f"{run.refused} of {run.answered} were refused")
        return run

    def all_refused(self, row: Row, run: Run) -> Run:
        """Record a fault if requests were not refused."""
        if run.refused != run.answered:
            self.fault(row.name, f"{run.answered - run.refused} of {run.answered} were not refused")
        return run

    def fault(self, name: str, sentence: str) -> None:
        """Record a fault."""
        self.faults.append(f"{self.store.kind}, {self.server}, {name}: {sentence}")

    def top(self) -> float:
        """Return the measured first clicks per second."""
        return statistics.median(run.rate for run in self.runs[FIRST.word])

    def steady(self) -> None:
        """Send first clicks at half the maximum rate, then one at a time; each must be stored."""
        self.notes["fixed"] = (self.top() / 2, *self.at_rate(self.top() / 2))
        ids = self.store.take(LONE)
        answers = load.one_by_one(self.product.address, load.clicks(self.store.slugs(ids)))
        self.every("first clicks one by one", ids, answers)
        p50, p99 = load.quantiles([answer.taken for answer in answers if answer])
        self.notes["lone"] = (p50, p99)

    def at_rate(self, rate: float, pause: float = 0) -> tuple[float, float, float]:
        """Send first clicks at a fixed rate; each must be stored. Return the median, 99th percentile and maximum."""
        ids = self.store.take(int(rate * FIXED))
        answers = load.at_rate(self.product.address, load.clicks(self.store.slugs(ids)), rate, pause=pause)
        self.every("first clicks at a fixed rate", ids, answers)
        taken = [answer.taken for answer in answers if answer]
        return (*load.quantiles(taken), max(taken))

    def every(self, name: str, ids: Sequence[int], answers: Sequence[load.Answer | None]) -> None:
        """Check that all were answered with 302 and stored."""
        others = sum(answer is None or answer.status != 302 for answer in answers)
        if others:
            self.fault(name, f"{others} of {len(ids)} were not answered with 302")
        if lost := self.lost(ids, answers):
            self.fault(name, f"{lost} were answered and not stored")

    def lost(self, ids: Sequence[int], answers: Sequence[load.Answer | None]) -> int:
        """Return how many were answered with 302 and are still not stored after a time limit."""
        answered = [id_ for id_, answer in zip(ids, answers, strict=True) if answer and answer.status == 302]
        until = time.monotonic() + SETTLE
        while (lost := self.store.without(answered)) and time.monotonic() < until:
            time.sleep(0.2)
        return lost

    def kill(self) -> None:
        """Kill all processes of the product under load, restart it on the same data, and count."""
        ids = self.store.take(int(self.top() * 2))
        threading.Timer(random.uniform(0.5, 1), self.product.kill).start()
        answers = load.at_rate(self.product.address, load.clicks(self.store.slugs(ids)), self.top(), CONNECTIONS)
        with started(self.server, self.store, self.folder, self.shape, self.processors):
            lost = self.lost(ids, answers)
        answered = sum(answer is not None and answer.status == 302 for answer in answers)
        self.notes["kill"] = (answered, lost)
        if lost:
            self.fault("kill -9", f"{lost} of {answered} were answered and not stored")
        if not 0 < answered < len(ids):
            self.fault("kill -9", f"{answered} of {len(ids)} were answered: it was not killed under load")


METHODS: Mapping[str, Callable[[Cell], Run]] = {
    UNKNOWN.word: Cell.unknown,
    HEAD.word: Cell.head,
    FIRST.word: Cell.first,
    AGAIN.word: Cell.again,
    SPREAD.word: Cell.spread,
    SINGLE.word: Cell.single,
    MANY.word: Cell.many,
}
_tags = count(1)


def message() -> dict[str, object]:
    """Return a message as senders submit it."""
    number = next(_tags)
    return {
        "message": f"Your parcel {number} is on its way: {seed_rows.TARGET}{number}&lang=en Thank you!",
        "lt_callbackurl": "https://receiver.example.com/clicked",
        "client_tag": f"parcel-{number}",
        "recipient": f"+8190{number:08d}",
    }


@contextlib.contextmanager
def stored(kind: str, links: int, processors: Sequence[int] = (cpu_affinity.SERVING,)) -> Iterator[Store]:
    """Create a database with `links` unclicked links, and as many that were clicked once."""
    with contextlib.ExitStack() as stack:
        with cpu_affinity.on(*processors):
            url = stack.enter_context(database(kind))
        app = stack.enter_context(application(url))
        with db.write() as session:
            token = senders.create(session, "shop", secret_key=SECRET_KEY, now=db.now(session)).token
            fresh, clicked = list(seed_rows.fill(session, links)), seed_rows.fill(session, links, clicked=True)
        random.shuffle(fresh)
        seed_rows.tidy()
        roots: tuple[int, ...] = ()
        version = f"SQLite {sqlite3.sqlite_version}"
        if kind == POSTGRESQL:
            with db.read() as session:
                roots = (cpu_affinity.parent(session.scalar(text("SELECT pg_backend_pid()")) or 0),)
                version = f"PostgreSQL {session.scalar(text('SHOW server_version'))}"
        yield Store(kind, url, version, app, token, fresh, clicked, roots)


@contextlib.contextmanager
def started(
    server: str,
    store: Store,
    folder: Path,
    shape: Mapping[str, str],
    processors: Sequence[int] = (cpu_affinity.SERVING,),
) -> Iterator[Server]:
    """Run the application on that database."""
    with contextlib.ExitStack() as stack:
        with cpu_affinity.on(*processors):
            running = stack.enter_context(cpu_affinity.product(server, store.url, SECRET_KEY, folder, **shape))
        yield running
