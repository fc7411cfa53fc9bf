"""Measure how long a claim takes with a long queue for one dead receiver, and check that none is claimed twice.

    python bench/claims.py                   both databases, 100,000 due callbacks, 20,000 claimed by four processes
    python bench/claims.py --explain         print the databases' plans as well
    python bench/claims.py --database sqlite --due 10000

The databases are temporary. docs/adr/0005-fair-claim.md explains how a claim works.
"""

import argparse
import datetime as dt
import multiprocessing
import statistics
import sys
import time
from collections import Counter
from typing import Any

from due_callbacks import KINDS, application, database, fill
from sqlalchemy import Engine, event

from shortener.callbacks.kind import CALLBACKS
from shortener.storage import db

LEASE = dt.timedelta(seconds=45)
DEAD = "http://127.0.0.1:1/cb"
HEALTHY = [f"http://127.0.0.1:{port}/cb" for port in range(1001, 1101)]
SLOTS, EACH = 16, 2


def measure(due: int, explain: bool) -> None:
    """Print the time of a look and of a claim, first while the dead receiver has free slots, then without."""
    fill({DEAD: due})
    first, _ = timed(lambda: claim(2))
    print(f"  claim with {due} due for one receiver, its places free: {first:.1f} ms (the first ever)")
    looks = [timed(look)[0] for _ in range(20)]
    print(f"  look, its places taken, nothing else due: {summary(looks)}")
    fill(dict.fromkeys(HEALTHY, 20), account="other")
    if explain:
        show_plans()
    looks = [timed(look)[0] for _ in range(20)]
    claims = [timed(lambda: claim(SLOTS)) for _ in range(10)]
    print(f"  look, with 100 more receivers whose callbacks are younger: {summary(looks)}")
    print(f"  claim of {SLOTS} of those, with its commit: {summary([took for took, _ in claims])}")
    counts = {len(found) for _, found in claims}
    print(f"  callbacks in a claim: {sorted(counts)}")


def timed(action: Any) -> tuple[float, Any]:
    """Return the elapsed milliseconds and the action's result."""
    start = time.perf_counter()
    result = action()
    return (time.perf_counter() - start) * 1000, result


def summary(times: list[float]) -> str:
    """Return median and maximum as text."""
    return f"median {statistics.median(times):.1f} ms, at most {max(times):.1f} ms"


def look() -> bool:
    """Look for due callbacks, as a poll does."""
    with db.read() as session:
        return bool(CALLBACKS.due.claimable(session, now=db.now(session), per_destination=EACH, limit=1))


def claim(limit: int) -> list[int]:
    """Make one claim, and commit it."""
    with db.write() as session:
        found = CALLBACKS.claim(session, now=db.now(session), limit=limit, lease=LEASE, per_destination=EACH)
    return [one.job_id for one in found]


def show_plans() -> None:
    """Print the database's plan for each query of a look."""
    engine = db.db.engine
    asked: list[tuple[str, Any]] = []

    def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().startswith(("SELECT callback", "WITH")):
            asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    claim(SLOTS)
    event.remove(engine, "before_cursor_execute", note)
    for statement, parameters in asked:
        print(f"\n{statement}\n")
        print("\n".join(plan(engine, statement, parameters)))


def plan(engine: Engine, statement: str, parameters: Any) -> list[str]:
    """Print the lines of EXPLAIN."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            return [f"  {row[3]}" for row in rows]
        rows = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
        return [f"  {row[0]}" for row in rows]


def claim_all(url: str, together: Any, out: Any) -> None:
    """Claim in this process until nothing is left, with enough slots for all."""
    with application(url):
        together.wait()
        ids: list[int] = []
        while True:
            with db.write() as session:
                now = db.now(session)
                found = CALLBACKS.claim(session, now=now, limit=50, lease=LEASE * 10, per_destination=1_000_000)
            if not found:
                break
            ids += [one.job_id for one in found]
        out.put(ids)


def race(url: str, processes: int = 4) -> list[list[int]]:
    """Let several processes claim everything at the same time; return what each of them got."""
    spawn = multiprocessing.get_context("spawn")
    together, out = spawn.Barrier(processes), spawn.Queue()
    workers = [spawn.Process(target=claim_all, args=(url, together, out)) for _ in range(processes)]
    for worker in workers:
        worker.start()
    claimed = [out.get(timeout=300) for _ in workers]
    for worker in workers:
        worker.join()
    return claimed


def main() -> int:
    """Run the requested measurements. Return 1 if a callback was claimed twice or not at all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--due", type=int, default=100_000)
    parser.add_argument("--raced", type=int, default=20_000)
    parser.add_argument("--explain", action="store_true")
    asked = parser.parse_args()
    wrong = False
    for kind in asked.database or KINDS:
        print(kind)
        with database(kind) as url, application(url):
            measure(asked.due, asked.explain)
        with database(kind) as url:
            with application(url):
                fill({HEALTHY[0]: asked.raced})
            took, claimed = timed(lambda url=url: race(url))
        times = Counter(row_id for ids in claimed for row_id in ids)
        twice = sum(count > 1 for count in times.values())
        shares = "/".join(str(len(ids)) for ids in claimed)
        print(
            f"  four processes claimed {len(times)} of {asked.raced}, {twice} of them twice ({shares}, {took:.0f} ms)"
        )
        wrong |= twice > 0 or len(times) != asked.raced
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
