"""Measure what our shortcuts save, and what metrics cost: the product as it is, and without one of them at a time.

    .venv/bin/python bench/shortcuts.py
    .venv/bin/python bench/shortcuts.py --rounds 9 --seconds 10
    .venv/bin/python bench/shortcuts.py --only "without metrics"

All variants run on one processor under gunicorn on SQLite and are loaded in turn. Prints for each variant the medians
of the CPU time for a look-up by HEAD, a first click, a single post and a batched message, and of the requests per
second. The CPU time is meaningful also on a busy machine. See docs/adr/0030-shortcuts.md.
"""

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import cpu_affinity  # noqa: E402  # the checkout is on the path from here on
from bench.table import FIRST, HEAD, MANY, SINGLE, SQLITE, Cell, started, stored  # noqa: E402

# Python imports `sitecustomize` at the start of every process; each of these removes one shortcut.
WITHOUT = {
    "as it is": "",
    "without sched_yield": "import os; os.sched_yield = lambda: None",
    "without SCHED_BATCH": "import os; del os.SCHED_BATCH",
    "without gc.freeze": "import gc; gc.freeze = lambda: None; gc.set_threshold = lambda *_: None",
    "with a thread for each waiting click": """
import sys; sys.path.insert(0, {root!r})
from shortener.web import redirect

redirect.LATE_ANSWER = "none"
""",
    "without a thread for clicks alone": """
import sys; sys.path.insert(0, {root!r})
from shortener.running.gunicorn_worker import Worker

Worker.open_lane = lambda self: None
""",
    "with gunicorn's own configuration": """
import sys; sys.path.insert(0, {root!r})
from gunicorn.http.message import Request
from shortener.running import gunicorn_requests, gunicorn_waits

gunicorn_waits.FixedConfig = lambda cfg: cfg
gunicorn_requests.DirectRequest._peer_is_trusted_proxy = Request._peer_is_trusted_proxy
""",
    "with SQLAlchemy's executemany": """
import sys; sys.path.insert(0, {root!r})
from sqlalchemy import insert
from sqlalchemy.dialects import sqlite
from shortener.storage import bulk, many_rows

def run(self, connection, rows):
    rows = [{{name: row[name] for name in self._names}} for row in rows]
    return connection.execute(self._statement, rows if len(rows) > 1 else rows[0]).rowcount if rows else 0

def run_rows(self, connection, rows):
    rows = [{{name: row[name] for name in self._names}} for row in rows]
    skipping = sqlite.insert(self._table).on_conflict_do_nothing()
    statement = skipping if self._behind else insert(self._table)
    return connection.execute(statement.inline(), rows if len(rows) > 1 else rows[0]).rowcount if rows else 0

bulk.Many.run, many_rows.ManyRows.run = run, run_rows
""",
    "with SQLAlchemy's execution of clicks": """
import sys; sys.path.insert(0, {root!r})
from shortener.storage.direct import Direct

def read(self, statement, numbers):
    return self.connection.exec_driver_sql(statement, ("[" + ",".join(map(str, numbers)) + "]",)).all()

def write(self, statement, rows):
    return self.connection.exec_driver_sql(statement, rows).rowcount if rows else 0

Direct.read, Direct.write = read, write
""",
    "with whole events encoded": """
import sys; sys.path.insert(0, {root!r})
from shortener.rules.delivery import event
from shortener.rules.wire.moments import rfc3339

def clicked(moment, visitor, *, msgid, client_tag, recipient, link, shortlink, tags, metadata):
    data = dict(msgid=msgid, client_tag=client_tag, recipient=recipient, link=link, shortlink=shortlink, accessed=True)
    data |= dict(accessed_on=rfc3339(moment), visitor=visitor, tags=tags or [], metadata=metadata or {{}})
    return event.build(event.CLICKED, moment, data)

event.clicked = clicked
""",
    "without metrics": """
import sys; sys.path.insert(0, {root!r})
from shortener.telemetry import families
from shortener.web import observation, redirect

families.Counter.add = lambda *_, **__: None
redirect.observe_request = observation.observe_request = lambda *_: None
""",
}
AS_IT_IS = "as it is"
ROWS = (HEAD, FIRST, SINGLE, MANY)
SHAPE = {"processes": "1", "threads": "16"}


def main() -> None:
    """Measure all variants in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="length of each run")
    parser.add_argument("--only", action="append", choices=[*WITHOUT][1:], help="only this variant, beside the product")
    args = parser.parse_args()
    variants = {name: code for name, code in WITHOUT.items() if name in (AS_IT_IS, *(args.only or WITHOUT))}
    os.sched_setaffinity(0, {cpu_affinity.LOADING})
    links = 3_000 * args.seconds * args.rounds * len(variants)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shortener-")))
        store = stack.enter_context(stored(SQLITE, links))
        cells: dict[str, Cell] = {}
        for number, (name, code) in enumerate(variants.items()):
            place = folder / str(number)
            with _customized(place, code.format(root=str(ROOT))):
                running = stack.enter_context(started("gunicorn", store, place, SHAPE))
            cells[name] = Cell(store, "gunicorn", running, place, args.seconds, SHAPE)
        for _ in range(args.rounds):
            for cell in cells.values():
                for row in ROWS:
                    cell.run(row)
        _show(cells)


@contextlib.contextmanager
def _customized(folder: Path, code: str) -> Iterator[None]:
    """Make the processes that start in the block run this code first."""
    (folder / "custom").mkdir(parents=True)
    (folder / "custom" / "sitecustomize.py").write_text(code)
    os.environ["PYTHONPATH"] = str(folder / "custom")
    try:
        yield
    finally:
        del os.environ["PYTHONPATH"]


def _show(cells: Mapping[str, Cell]) -> None:
    print("| | " + " | ".join(f"{row.name}: CPU µs | per second" for row in ROWS) + " |")
    print("| --- |" + " --: | --: |" * len(ROWS))
    for name, cell in cells.items():
        values = []
        for row in ROWS:
            runs = cell.runs[row.word]
            values += [statistics.median(run.cpu for run in runs) * 1000, statistics.median(run.rate for run in runs)]
        print(f"| {name} | " + " | ".join(f"{value:,.0f}" for value in values) + " |")
        for fault in cell.faults:
            print(f"FAULT: {fault}", file=sys.stderr)


if __name__ == "__main__":
    main()
