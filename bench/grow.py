"""Measure the running product with ten thousand, a million and ten million links.

Creates messages of 400 days with one link each in SQL, a third of them with a click and a callback, half of these
within minutes and some after days; then starts the product on each database and measures them alternately, so that
other load affects all alike. Prints warm medians.

    python bench/grow.py
    python bench/grow.py --database sqlite --links 10000 1000000 --pause
    python bench/grow.py --database sqlite --pages      # the dashboard's pages in place of all this

The rows are in a temporary folder (`TMPDIR`), which is deleted at the end; ten million need about 15 GB.
"""

import argparse
import contextlib
import datetime as dt
import http.client
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import psutil
import psycopg
from due_callbacks import KINDS, SECRET_KEY, database
from due_callbacks import settings as settings_of

from bench import cpu_affinity
from bench.instance import Instance, running
from shortener import create_app
from shortener.callbacks.kind import CALLBACKS, judge
from shortener.delivery.job import Claimed
from shortener.outbound.client import Answer
from shortener.reporting import hour_totals
from shortener.retention import steps
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.running.services import services
from shortener.storage import db
from shortener.web.dashboard.periods import last_days, parameters
from tests.support.browsing import Browser, make_person

DAY = 86_400_000_000  # microseconds, as times are stored
KEPT = 400  # days
LIVE = 90  # days
OLD = 4_400  # expired messages at every size, to measure retention
DUE = 1_000  # due callbacks at every size
PIECE = 500_000  # rows per statement
SCATTER = 549_755_813_881  # odd, so that i * SCATTER modulo a power of two hits every number once, in scattered order
BITS = (1 << 49) - 1
ROUNDS, EACH, STEPS = 6, 50, 6  # the first round only warms up
# Seconds to the first click, in microseconds: the median is five minutes, the longest ten days.
SHARE = "((i * 7919) % 1000)"
FOURTH = f"({SHARE} * {SHARE} / 1000 * {SHARE} / 1000 * {SHARE} / 1000)"
TOOK = f"(5000000 + {SHARE} * 300000 + {FOURTH} * {FOURTH} * {FOURTH} * 864)"
T = TypeVar("T")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0"
LEASE = dt.timedelta(seconds=45)
DELIVERED = judge(Answer(AttemptOutcome.ANSWERED, 200, "answered 200"))

DIALECT = {
    "sqlite": {
        "numbers": "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})",
        "from": "FROM n",
        "digits": "printf('%012d%020d', i, {})",
        "uuid": "randomblob(16)",
        "bytes": "CAST('{}' AS BLOB)",
        "true": "1",
    },
    "postgresql": {
        "numbers": "",
        "from": "FROM generate_series({first}::bigint, {last}::bigint) AS n(i)",
        "digits": "lpad(i::text, 12, '0') || lpad(({})::text, 20, '0')",
        "uuid": "gen_random_uuid()",
        "bytes": "convert_to('{}', 'UTF8')",
        "true": "true",
    },
}
BODY = '{"type":"link.clicked","timestamp":"2026-11-22T09:00:00.000000Z","data":{' + f'"filler":"{"x" * 300}"' + "}}"
ROWS = (
    """INSERT INTO message (id, account_id, msgid, received_on, track_link, detection, bare_domains, count_as_click,
       lt_callbackurl, recipient)
       SELECT i, {account}, {msgid}, {received}, {true}, 'strict', 'careful', 'person_or_unknown',
       'http://127.0.0.1:9/clicked', '+8190' || (10000000 + i) {from}""",
    """INSERT INTO part (message_id, kind, text)
       SELECT i, 'text', 'Your parcel is here: https://shop.example.com/track?id=' || i || ' thank you' {from}""",
    """INSERT INTO link (id, message_id, position, number, base_url, target, starts_at, ends_at, expires_on,
       count_as_click, accessed_on)
       SELECT i, i, 1, {number}, 'https://s.example.com', 'https://shop.example.com/track?id=' || i, 21, 55,
       {received} + {life}, 'person_or_unknown', CASE WHEN i % 3 = 0 THEN {clicked} END {from}""",
    """INSERT INTO click (link_id, id, clicked_on, visitor, reason, system, app, device)
       SELECT i, {uuid}, {clicked}, 'person', 'browser', CASE WHEN i % 7 < 4 THEN 'ios' ELSE 'android' END,
       CASE WHEN i % 7 < 3 THEN 'safari' ELSE 'chrome' END, 'phone' {from} WHERE i % 3 = 0""",
    """INSERT INTO callback (id, message_id, about, link_id, account_id, event_id, url, destination, body, state,
       created_on, due_on, settled_on, starts_before)
       SELECT i, i, 'click', i, {account}, 'evt_' || {msgid}, 'http://127.0.0.1:9/clicked',
       '{account} http://127.0.0.1:9', {body}, 'delivered',
       {clicked}, {clicked}, {clicked} + 1000000, 0 {from} WHERE i % 3 = 0""",
    """INSERT INTO attempt (callback_id, number, started_on, ended_on, outcome, status)
       SELECT i, 1, {clicked}, {clicked} + 1000000, 'delivered', 200 {from} WHERE i % 3 = 0""",
)
MAKE_DUE = (
    "UPDATE callback SET state = 'pending', settled_on = NULL, destination = 'r' || (id % 10), due_on = {now} "
    "WHERE id > {last} - 3 * {due}"
)


Ask = tuple[str, str, int]  # method, path, and the expected status


class Stock:
    """A database with links 1 to `count` in order of time, and the product on it. Links up to OLD are expired."""

    def __init__(self, url: str, count: int, instance: Instance) -> None:
        self.url, self.count, self.instance = url, count, instance
        self.app = create_app(settings_of(url))
        self.times: dict[str, list[float]] = {}
        self._weights: dict[str, float] = {}
        with self.app.app_context():
            self.bytes_per_link = _fill(url, count) / count
            _count_hours()
            self._asks = self._choose()
            self._steps = steps.prune(services().pruner.cutoff(), sleep=lambda _: None)

    def measure(self, turn: int) -> None:
        """Request everything in several rounds; the first only warms up."""
        with closing(http.client.HTTPConnection(urlsplit(self.instance.url).netloc, timeout=30)) as connection:
            for name, asks in self._asks.items():
                for ask in asks[turn * EACH : (turn + 1) * EACH]:
                    self._note(turn, name, lambda ask=ask: _ask(connection, self.instance, *ask))
        with self.app.app_context():
            for _ in range(2):
                self._note(turn, "claim of 16 due callbacks", _claim, _settle)
            for _ in range(STEPS):
                self._note(turn, f"retention step ({steps.MESSAGES} messages)", self._step)

    def open_pages(self, turn: int) -> None:
        """Open each page of the dashboard, as an owner of the account and as the operator."""
        with self.app.app_context():
            if not turn:
                make_person("bench", account="bench", operator=True)
                self._person = Browser(self.app)
                self._person.sign_in("bench")
            for name, path in self._pages().items():
                self._note(turn, name, lambda name=name, path=path: self._open(name, path))

    def _open(self, name: str, path: str) -> None:
        page = self._person.open(path)
        if page.status != 200:
            raise RuntimeError(f"{path} was answered {page.status}")
        self._weights[f"weight of {name}"] = len(page.html.encode())

    def _pages(self) -> dict[str, str]:
        """Return the paths, by what they show; the single message is a clicked one."""
        msgid = _msgid(self.count // 3 * 3)
        now = dt.datetime.now(dt.UTC)
        periods = {days: urlencode(parameters(*last_days(now, days, ZoneInfo("UTC")))) for days in (1, 7, 30)}
        lists = {
            "messages": "",
            "messages that were not clicked": "?clicked=false",
            "messages clicked by scanners (there are none)": "?visitor=scanner",
            "messages by the beginning of a msgid": f"?text={msgid[:30]}",
            "messages of a tag that nobody has": "?tag=nobody",
        }
        return {
            **{f"overview, days: {days}": f"/dashboard?{period}" for days, period in periods.items()},
            **{f"clicks, days: {days}": f"/dashboard/clicks?{period}" for days, period in periods.items()},
            **{name: f"/dashboard/messages{query}" for name, query in lists.items()},
            "one message": f"/dashboard/messages/{msgid}",
            "callbacks": "/dashboard/callbacks",
            "callbacks that were delivered": "/dashboard/callbacks?state=delivered",
            "try it": "/dashboard/try",
            "account": "/dashboard/account",
            "operator": "/dashboard/operator",
        }

    def medians(self) -> dict[str, float]:
        """Return bytes per link, medians in milliseconds and MiB of private memory, by name."""
        found = {"bytes per link": self.bytes_per_link}
        found |= {name: statistics.median(each) for name, each in self.times.items()}
        return found | {"private memory of a worker": max(_private(self.instance))} | self._weights

    def _note(self, turn: int, name: str, work: Callable[[], T], after: Callable[[T], object] = lambda _: None) -> None:
        began, began_cpu = time.perf_counter(), time.thread_time()
        done = work()
        took, cpu = time.perf_counter() - began, time.thread_time() - began_cpu
        after(done)
        if turn:
            self.times.setdefault(name, []).append(took * 1000)
            if name.startswith(("overview", "clicks", "retention")):  # they are long, so other programs interrupt them
                self.times.setdefault(f"{name}, processor time here", []).append(cpu * 1000)

    def _step(self) -> None:
        if (removed := next(self._steps)) != steps.MESSAGES:
            raise RuntimeError(f"{removed} messages were removed")

    def _choose(self) -> dict[str, list[Ask]]:
        """Return the requests: for live links, drawn at random."""
        alive = range(OLD + (self.count - OLD) * (KEPT - LIVE + 2) // KEPT, self.count)
        drawn = random.sample(alive, min(len(alive), 8 * ROUNDS * EACH))
        clicked = [number for number in drawn if number % 3 == 0][: ROUNDS * EACH]
        fresh = [number for number in drawn if number % 3][: 2 * ROUNDS * EACH]
        if len(clicked) < ROUNDS * EACH or len(fresh) < 2 * ROUNDS * EACH:
            raise RuntimeError(f"{self.count} links are too few")
        slugs = [f"/{services().slugs.encode(number * SCATTER & BITS)}" for number in fresh]
        return {
            "look-up": [("HEAD", slug, 302) for slug in slugs[::2]],
            "first click": [("GET", slug, 302) for slug in slugs[1::2]],
            "report": [("GET", f"/v1/messages/{_msgid(number)}", 200) for number in clicked],
            "first page of the list": [("GET", "/v1/messages", 200)] * (ROUNDS * EACH),
        }


def main() -> int:
    """Measure each size on each database, and print a table for each."""
    args = _arguments()
    for kind in args.database or KINDS:
        with contextlib.ExitStack() as stack:
            sizes = [size for size in args.links if kind == "sqlite" or size <= args.most_postgresql]
            stocks = [_stock(stack, kind, size) for size in sizes]
            if args.pause:
                print("rows created; press Enter to measure", flush=True)
                sys.stdin.readline()
            for turn in range(ROUNDS):
                for stock in stocks:
                    stock.open_pages(turn) if args.pages else stock.measure(turn)
            _print(kind, sizes, [stock.medians() for stock in stocks])
    return 0


def _stock(stack: contextlib.ExitStack, kind: str, size: int) -> Stock:
    print(f"{kind}: making {size:,} links", file=sys.stderr, flush=True)
    url = stack.enter_context(database(kind))
    settings = {"database_url": url, "secret_key": SECRET_KEY, "worker": "off", "public_url": "https://s.example.com"}
    instance = stack.enter_context(running("bench", **settings))
    return Stock(url, size, instance)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--links", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--most-postgresql", type=int, default=1_000_000, help="larger sizes run on SQLite only")
    parser.add_argument("--pages", action="store_true", help="measure the dashboard's pages instead")
    parser.add_argument("--pause", action="store_true", help="wait for Enter before measuring")
    return parser.parse_args()


def _fill(url: str, count: int) -> int:
    """Create the rows; return the bytes that they need."""
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    now = time.time_ns() // 1000  # once, because a link has the time of its click
    with _raw(url) as run:
        for first in range(1, count + 1, PIECE):
            for template in ROWS:
                run(_statement(template, kind, first, min(first + PIECE - 1, count), count, now))
        run(MAKE_DUE.format(now=now - DAY // 24, last=count, due=DUE))
    return _size(url)


def _msgid(number: int) -> str:
    """The msgid of a message: in the order of time, as those of the product."""
    return f"{number:012d}{number * SCATTER & BITS:020d}"


def _count_hours() -> None:
    """Count the hours of the past, as the product does in the minutes after an upgrade."""
    began, began_cpu = time.perf_counter(), time.process_time()
    hour_totals.claim_run(dt.timedelta())
    hours = sum(hour_totals.count_hours(time.sleep))
    took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    print(f"counted {hours:,} hours in {took:.0f} s, {cpu:.0f} s of them processor time", file=sys.stderr, flush=True)


def _statement(template: str, kind: str, first: int, last: int, count: int, now: int) -> str:
    """Return the statement for links `first` to `last` of `count`: the old ones are past retention."""
    words = DIALECT[kind]
    step = KEPT * DAY // max(count - OLD, 1)
    received = f"({now} - {KEPT * DAY} + {DAY // 24} + (i - {OLD}) * {step})"
    received = f"CASE WHEN i <= {OLD} THEN {now} - {(KEPT + 1) * DAY} + i ELSE {received} - {DAY // 24} END"
    scattered = f"(i * {SCATTER}) & {BITS}"
    text = template.format(
        account=1,
        msgid=words["digits"].format(scattered),
        number=scattered,
        received=f"({received})",
        clicked=f"(CASE WHEN {received} + {TOOK} < {now} THEN {received} + {TOOK} ELSE {received} + 60000000 END)",
        life=LIVE * DAY,
        uuid=words["uuid"],
        body=words["bytes"].format(BODY),
        true=words["true"],
        **{"from": words["from"].format(first=first, last=last)},
    )
    return f"{words['numbers'].format(first=first, last=last)} {text}"


@contextmanager
def _raw(url: str) -> Iterator[Callable[[str], object]]:
    """Run statements outside the product, without syncing; then vacuum, as after some days of operation."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, timeout=60)) as sqlite:
            for pragma in ("synchronous = OFF", "cache_size = -3000000"):
                sqlite.execute(f"PRAGMA {pragma}")
            yield sqlite.execute
            sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    with psycopg.connect(url, autocommit=True) as postgresql:
        yield postgresql.execute  # type: ignore[misc] # text of ours
        for table in ("message", "link", "callback", "attempt"):
            postgresql.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        postgresql.execute("VACUUM ANALYZE")
        postgresql.execute("CHECKPOINT")


def _size(url: str) -> int:
    if url.startswith("sqlite"):
        return Path(url.removeprefix("sqlite:///")).stat().st_size
    with psycopg.connect(url) as connection:
        return int(connection.execute("SELECT pg_database_size(current_database())").fetchone()[0])  # type: ignore[index]


def _ask(connection: http.client.HTTPConnection, instance: Instance, method: str, path: str, status: int) -> None:
    connection.request(method, path, headers={"User-Agent": BROWSER, "Authorization": f"Bearer {instance.token}"})
    answer = connection.getresponse()
    answer.read()
    if answer.status != status:
        raise RuntimeError(f"{method} {path} was answered {answer.status}")


def _claim() -> list[Claimed]:
    with db.write() as session:
        claimed = CALLBACKS.claim(session, now=db.now(session), limit=16, lease=LEASE, per_destination=4)
    if len(claimed) != 16:
        raise RuntimeError(f"{len(claimed)} callbacks were claimed")
    return claimed


def _settle(claimed: Sequence[Claimed]) -> None:
    with db.write() as session:
        ended = [(one, DELIVERED) for one in claimed]
        CALLBACKS.settle(session, ended, now=db.now(session), waits=(), chance=lambda: 0.5)


def _private(instance: Instance) -> list[float]:
    """Return the private memory of each worker of the server, in MiB."""
    address = instance.url.removeprefix("http://")
    found = []
    for process in psutil.Process().children(recursive=True):
        if process.environ().get("SHORTENER_BIND") == address:
            found.append(cpu_affinity.private_bytes(process.pid) / (1 << 20))
    return found


def _print(kind: str, sizes: Sequence[int], columns: Sequence[dict[str, float]]) -> None:
    print(f"\n| {kind} | {' | '.join(f'{size:,} links' for size in sizes)} | largest to smallest |")
    print("|---|" + "---|" * (len(sizes) + 1))
    for name in columns[0]:
        unit = {"bytes per link": "", "private memory of a worker": " MiB"}.get(name, " ms")
        unit = " bytes" if name.startswith("weight") else unit
        cells = [f"{column[name]:,.0f}{unit}" if unit != " ms" else f"{column[name]:.2f} ms" for column in columns]
        print(f"| {name} | {' | '.join(cells)} | {columns[-1][name] / columns[0][name]:.2f} |")
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
