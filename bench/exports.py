"""Measure exports: rows per second, memory, and how long clicks take meanwhile (median and 99th percentile).

Creates messages with one clicked link each in SQL, starts the product with one process, and exports them all, as CSV
to a folder or to an S3 server on loopback (moto, which keeps what it gets in memory and temporary files).

    python bench/exports.py
    python bench/exports.py --database sqlite --messages 10000000 --to folder

The rows are in a temporary folder (`TMPDIR`), which is deleted at the end; ten million need about 8 GB.
"""

import argparse
import base64
import contextlib
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
from due_callbacks import KINDS, SECRET_KEY, application, database
from sqlalchemy import text

from bench import cpu_affinity, seed_rows
from bench.instance import Instance, running
from shortener.running.services import services
from shortener.storage import db
from tests.support.factories import BROWSER
from tests.support.object_stores import ObjectStore, serving

PIECE = 500_000  # messages per transaction
PAUSE = 0.02  # seconds between two clicks
BEFORE = 5.0  # seconds in which clicks are measured without an export
MIB = 1 << 20
SPREAD = text("UPDATE message SET received_on = received_on - id * 1000 WHERE id >= :first")


@dataclass
class Clicks:
    """A visitor who clicks one link again and again; `milliseconds` of each click."""

    url: str
    path: str
    milliseconds: list[float] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Click until stopped."""
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=60)
        with contextlib.closing(connection):
            while not self.stop.wait(PAUSE):
                began = time.monotonic()
                connection.request("GET", self.path, headers={"User-Agent": BROWSER})
                answer = connection.getresponse()
                answer.read()
                if answer.status != 302:
                    raise RuntimeError(f"a click was answered with {answer.status}")
                self.milliseconds.append((time.monotonic() - began) * 1000)

    def shown(self) -> str:
        """The median and the 99th percentile."""
        ordered = sorted(self.milliseconds)
        return f"{statistics.median(ordered):.1f} / {ordered[int(len(ordered) * 0.99)]:.1f} ms"


@contextlib.contextmanager
def clicking(instance: Instance, path: str) -> Iterator[Clicks]:
    """Click while the block runs."""
    clicks = Clicks(instance.url, path)
    thread = threading.Thread(target=clicks.run)
    thread.start()
    try:
        yield clicks
    finally:
        clicks.stop.set()
        thread.join()


def call(instance: Instance, method: str, path: str, body: object = None) -> dict[str, object]:
    """Call the API."""
    connection = http.client.HTTPConnection(instance.url.removeprefix("http://"), timeout=60)
    authorization = base64.b64encode(f"{instance.sid}:{instance.token}".encode()).decode()
    headers = {"Authorization": f"Basic {authorization}", "Content-Type": "application/json"}
    with contextlib.closing(connection):
        connection.request(method, path, json.dumps(body) if body else None, headers)
        return dict(json.loads(connection.getresponse().read()))


def memory(instance: Instance) -> float:
    """The private memory of the product's largest process, in MiB."""
    address = instance.url.removeprefix("http://")
    own = [
        each for each in psutil.Process().children(recursive=True) if each.environ().get("SHORTENER_BIND") == address
    ]
    return max(cpu_affinity.private_bytes(each.pid) for each in own) / MIB


def export(instance: Instance) -> tuple[float, float, dict[str, object]]:
    """Export everything; the seconds, the most memory in MiB, and the report."""
    began, most = time.monotonic(), 0.0
    report = call(instance, "POST", "/v1/exports", {"format": "csv"})
    while report["state"] not in ("delivered", "exhausted"):
        most = max(most, memory(instance))
        time.sleep(0.2)
        report = call(instance, "GET", f"/v1/exports/{report['id']}")
    if report["state"] != "delivered":
        raise RuntimeError(str(report["attempts"]))
    return time.monotonic() - began, most, report


def measure(kind: str, count: int, to: str) -> None:
    """Print one line."""
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(database(kind))
        if to == "folder":
            where = {"export_url": f"file://{stack.enter_context(tempfile.TemporaryDirectory(prefix='exports-'))}"}
        else:
            where = ObjectStore(stack.enter_context(serving())).settings()
        settings = {"database_url": url, "secret_key": SECRET_KEY, "public_url": "https://s.example.com", **where}
        instance = stack.enter_context(running("bench", processes="1", **settings))
        path = fill(url, count)
        with clicking(instance, path) as alone:
            time.sleep(BEFORE)
        idle = memory(instance)
        with clicking(instance, path) as meanwhile:
            seconds, most, report = export(instance)
        rows, size = int(str(report["rows"])), int(str(report["bytes"]))
        cells = (kind, to, f"{rows:,}", f"{size / MIB:,.0f}", f"{seconds:.1f}", f"{rows / seconds:,.0f}")
        print(
            "| " + " | ".join((*cells, f"{idle:.0f}", f"{most:.0f}", alone.shown(), meanwhile.shown())) + " |",
            flush=True,
        )


def fill(url: str, count: int) -> str:
    """Create the messages; return the path of a shortlink."""
    with application(url):
        for first in range(0, count, PIECE):
            with db.write() as session:
                ids = seed_rows.fill(session, min(PIECE, count - first), clicked=True)
                session.execute(SPREAD, {"first": ids[0]})  # they would all have been received at one moment
        seed_rows.tidy()
        return f"/{seed_rows.slug_of(services().slugs, ids[0])}"


def main() -> int:
    """Measure every combination."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--messages", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--to", choices=("s3", "folder"), default="s3")
    given = parser.parse_args()
    columns = ("database", "to", "rows", "MiB", "s", "rows/s", "MiB before", "MiB most", "clicks alone", "meanwhile")
    print(f"| {' | '.join(columns)} |\n|---|---|{'--:|' * 8}")
    for count in given.messages:
        for kind in given.database or KINDS:
            measure(kind, count, given.to)
    return 0


if __name__ == "__main__":
    sys.exit(main())
