"""Kill the product repeatedly while links are clicked, and count what is lost.

    python bench/kill.py                              both databases, 300 events, 40 kills each
    python bench/kill.py --database sqlite --events 1000 --kills 100
    python bench/kill.py --nodes                      1,000 links clicked at two nodes on one PostgreSQL at once
    python bench/kill.py --poison                     a callback that ends every process: 25 starts, then exhausted
    python bench/kill.py --sendings                   messages on their way to a gateway instead of callbacks

The product runs as gunicorn with two processes and a `shortener worker`. Processes are killed with SIGKILL at a
named point of their work or at any moment, one or all at once; some are frozen until their leases expire. The visitor
of each link retries until answered. docs/operate/reliability.md says what is counted, and has the figures.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import kill_sendings
from due_callbacks import KINDS, SECRET_KEY, application, database
from sqlalchemy import func, select

from shortener.rules.delivery.retry import MAX_STARTS
from shortener.storage import db
from shortener.storage.models import Attempt, Callback, Link
from tests.support.crash_points import Point
from tests.support.factories import Sender, make_account, make_message, slug_of
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, Node, harness
from tests.support.servers import OK, Receiver, is_whole, parsed, receiving

TIMEOUT, MARGIN = 3.0, 0.5
LEASE = TIMEOUT + MARGIN  # seconds
AT_ONCE = 4  # visitors
PATIENCE = 60.0  # seconds that anything may take
FROZEN = (Point.POST, Point.RECEIVED)


@dataclass
class Run:
    """A harness, and the kills and freezes so far."""

    harness: Harness
    web: Node
    worker: Node
    kills: Counter[str] = field(default_factory=Counter)
    hit: set[int] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)

    def note(self, what: str, *pids: int) -> None:
        """Record a kill or a freeze, and the processes that it hit."""
        self.kills[what] += 1
        self.hit.update(pids)

    def mend(self) -> None:
        """Restart what has ended, as a service manager would; gunicorn restarts its own processes."""
        if self.worker.died():
            self.worker = self.harness.worker(Overrides(MARGIN))
        if self.web.died():
            self.web = self.harness.web(Overrides(MARGIN), processes="2")


def attack(run: Run, batches: Sequence[Sequence[str]]) -> None:
    """Make one kill or freeze during each batch of clicks, cycling through all kinds."""
    ways: list[Callable[[Run], None]] = [
        *(at_point(point, signal.SIGKILL) for point in Point),
        *(at_point(point, signal.SIGSTOP) for point in FROZEN),
        a_web_process,
        the_worker,
        everything,
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number, batch in enumerate(batches):
            way = ways[number % len(ways)]
            if way in ways[: len(Point) + len(FROZEN)]:
                way(run)
            clicks = [pool.submit(click, run, path) for path in batch]
            if way in ways[len(Point) + len(FROZEN) :]:
                time.sleep(random.uniform(0, 0.3))
                way(run)
            settle_down(run)
            run.mend()
            for visit in clicks:
                visit.result()


def at_point(point: Point, number: signal.Signals) -> Callable[[Run], None]:
    """Arm a point."""
    return lambda run: run.harness.arm(point, number)


def a_web_process(run: Run) -> None:
    """Kill one of gunicorn's processes."""
    if pids := children(run.web):
        hit = random.choice(pids)
        os.kill(hit, signal.SIGKILL)
        run.note("a web process, at any moment", hit)


def the_worker(run: Run) -> None:
    """Kill the worker."""
    run.worker.kill()
    run.note("the worker, at any moment", run.worker.pid)


def everything(run: Run) -> None:
    """Kill all processes at once."""
    run.web.send(signal.SIGSTOP)  # so that it starts no further process meanwhile
    run.note("all processes at once", run.worker.pid, *children(run.web))
    run.web.kill()
    run.worker.kill()


def children(web: Node) -> list[int]:
    """Return the ids of gunicorn's current worker processes."""
    return [int(pid) for pid in Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()]


def settle_down(run: Run) -> None:
    """Wait until the process that was to be killed has died; resume a frozen process after its lease."""
    armed = [point for point in Point if (run.harness.folder / point.name).exists()]
    deadline = time.monotonic() + 2 * LEASE
    while armed and (run.harness.folder / armed[0].name).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    run.harness.disarm()
    known = sum(count for what, count in run.kills.items() if what.startswith(("killed", "frozen")))
    for death in run.harness.deaths()[known:]:
        frozen = death.signal == "SIGSTOP"
        run.note(f"{'frozen' if frozen else 'killed'} {Point[death.point].value}", death.pid)
        if frozen:
            time.sleep(LEASE + 1)
            os.kill(death.pid, signal.SIGCONT)


def click(run: Run, path: str) -> None:
    """Act as a visitor who reloads until the link redirects."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if run.web.status(path) == 302:
            run.answered.add(path)
            return
        time.sleep(0.05)


def wait_for_the_rest() -> None:
    """Wait until every callback is settled."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with db.read() as session:
            if not session.scalar(select(func.count()).where(Callback.settled_on.is_(None))):
                return
        time.sleep(0.1)


@dataclass
class Tally:
    """The counts at the end."""

    lost: int
    events: int
    delivered: int
    interrupted: int
    failed: int
    repeats: int
    outside: int
    changed: int


def count(run: Run, receiver: Receiver, links: int) -> Tally:
    """Compare what visitors got, what is stored and what the receiver got."""
    got: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for request in filter(is_whole, receiver.requests):  # a kill may also cut off a request
        headers, body = parsed(request)
        got[headers["webhook-id"]].append((int(headers["x-process"]), body))
    with db.read() as session:
        accessed = set(session.scalars(select(Link.id).where(Link.accessed_on.is_not(None))))
        callbacks = session.scalars(select(Callback)).all()
        attempts: dict[int, list[Attempt]] = defaultdict(list)
        for attempt in session.scalars(select(Attempt)):
            attempts[attempt.callback_id].append(attempt)
    arrived = [one for one in callbacks if one.state == "delivered" and got[one.event_id]]
    never_told = links - min(len(run.answered), len(accessed))
    without = len(accessed ^ {one.link_id for one in callbacks})
    return Tally(
        lost=never_told + without + len(callbacks) - len(arrived),
        events=len(callbacks),
        delivered=len(arrived),
        interrupted=sum(one.outcome == "interrupted" for every in attempts.values() for one in every),
        failed=sum(failed(one) for every in attempts.values() for one in every),
        repeats=sum(len(posts) - 1 for posts in got.values() if posts),
        outside=sum(outside(got[one.event_id], attempts[one.id], run.hit) for one in callbacks),
        changed=sum({body for _, body in got[one.event_id]} != {one.body} for one in arrived)
        + len(got.keys() - {one.event_id for one in callbacks}),
    )


def outside(posts: Sequence[tuple[int, bytes]], attempts: Sequence[Attempt], hit: Set[int]) -> int:
    """Count repeats of an event that neither a kill or freeze between claim and settling nor a failed attempt explains.

    All POSTs except one must come from processes that were hit, and no attempt may start after a settled one.
    """
    failures = sum(map(failed, attempts))
    of_the_unhurt = sum(pid not in hit for pid, _ in posts)
    settled = [one.ended_on for one in attempts if one.outcome == "delivered" and one.ended_on]
    afterwards = sum(one.started_on > min(settled) for one in attempts) if settled else 0
    unexplained = max(0, of_the_unhurt - 1 - failures) + afterwards + max(0, len(posts) - len(attempts))
    if unexplained:
        print(f"  {[pid for pid, _ in posts]}, {hit}:", [(one.outcome, one.started_on) for one in attempts])
    return unexplained


def failed(attempt: Attempt) -> bool:
    """Return whether the attempt failed by itself, for example by a time-out, so that the product retries."""
    return attempt.outcome not in ("delivered", "interrupted", None)


@contextmanager
def scene(kind: str, **settings: str) -> Iterator[tuple[Harness, Sender, Receiver]]:
    """Yield a harness on its own database, an account, and a receiver that answers 200."""
    values = {"secret_key": SECRET_KEY, "public_url": "https://s.example.com", "callback_allow_nets": "127.0.0.0/8"}
    values |= {"callback_timeout": f"{TIMEOUT:g}", **settings}
    with database(kind) as url, tempfile.TemporaryDirectory(prefix="shortener-") as folder, application(url):
        given = {**values, "database_url": url, "data": folder}
        with receiving(OK) as receiver, harness(given, Path(folder, "harness")) as made:
            yield made, make_account(), receiver


def links(sender: Sender, url: str, number: int) -> list[str]:
    """Paths of new shortlinks."""
    return [f"/{slug_of(make_message(sender, lt_callbackurl=url).link)}" for _ in range(number)]


def kill(kind: str, events: int, kills: int) -> bool:
    """Run the kills on one database; return whether nothing was lost."""
    with scene(kind, callback_per_destination="8") as (made, sender, receiver):
        paths = links(sender, receiver.url(), events)
        run = Run(made, made.web(Overrides(MARGIN), processes="2"), made.worker(Overrides(MARGIN)))
        started = time.monotonic()
        attack(run, [paths[number::kills] for number in range(kills)])
        wait_for_the_rest()
        took = time.monotonic() - started
        tally = count(run, receiver, events)
    print(f"\n{kind}, {took:.0f} s")
    for what, times in sorted(run.kills.items()):
        print(f"  {times:4}  {what}")
    counted = "events | delivered | lost | interrupted | failed | repeats | unexplained | wrong bytes or id"
    print(f"| database | kills | {counted} |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    figures = (tally.events, tally.delivered, tally.lost, tally.interrupted, tally.failed, tally.repeats)
    print("|", " | ".join(map(str, (kind, run.kills.total(), *figures, tally.outside, tally.changed))), "|")
    return not (tally.lost or tally.outside or tally.changed)


def nodes(number: int) -> bool:
    """Click links at two nodes at once; return whether each made one event."""
    with scene("postgresql", callback_per_destination="16") as (made, sender, receiver):
        paths = links(sender, receiver.url(), number)
        both = [made.web(), made.web()]
        with ThreadPoolExecutor(2 * AT_ONCE) as pool:
            answers = [pool.submit(node.status, path) for path in paths for node in both]
        answered = Counter(answer.result() for answer in answers)
        wait_for_the_rest()
        ids = Counter(parsed(request)[0]["webhook-id"] for request in receiver.requests)
    print(f"\ntwo nodes: {number} links, {answered[302]} clicks answered, {ids.total()} POSTs of {len(ids)} events")
    return answered[302] == 2 * number and ids.total() == len(ids) == number


def poison(kind: str) -> bool:
    """Deliver a callback that kills every process, and a normal one; return whether only the first is exhausted."""
    with scene(kind, callback_timeout="1") as (made, sender, receiver):
        for url in (receiver.url(path="/poison"), receiver.url()):
            made.web(worker="off").status(*links(sender, url, 1))
        made.web(Overrides(lease_margin=0.0, poison="/poison"))
        wait_for_the_rest()
        with db.read() as session:
            rows = session.execute(select(Callback.state, Callback.exhausted_because).order_by(Callback.id)).all()
            starts = session.scalar(select(func.count()).where(Attempt.callback_id == 1))
    print(f"\n{kind}, a callback that kills every process: {starts} starts, {rows[0]}; a normal callback: {rows[1][0]}")
    return starts == MAX_STARTS and [row.state for row in rows] == ["exhausted", "delivered"]


def main() -> int:
    """Run the command line. Return 1 if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--nodes", action="store_true")
    parser.add_argument("--poison", action="store_true")
    parser.add_argument("--sendings", action="store_true")
    asked = parser.parse_args()
    kinds = asked.database or KINDS
    if asked.nodes:
        return int(not nodes(1000))
    attacked = kill_sendings.kill if asked.sendings else kill
    good = [poison(kind) if asked.poison else attacked(kind, asked.events, asked.kills) for kind in kinds]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
