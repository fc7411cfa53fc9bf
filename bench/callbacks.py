"""Measure how fast callbacks are delivered, and how much a receiver that never answers delays the others.

    python bench/callbacks.py                       both databases, both tables
    python bench/callbacks.py --database sqlite --rate
    python bench/callbacks.py --fair --timeout 15
    python bench/callbacks.py --accounts            one account with 200 receivers that never answer, beside others

Everything runs on this machine. One process runs all receivers, each on its own port; another is one
`shortener worker`. The rate is compared with a bare loop of `requests.post` on as many threads, to the
same receivers in the same run. Both share the machine with the receivers, so only the ratio is meaningful.

A callback waits from the first claim of the run until its response is stored.
"""

import argparse
import asyncio
import multiprocessing
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import requests
from due_callbacks import KINDS, ROOT, SECRET_KEY, application, database, fill
from sqlalchemy import func, select

from bench import cpu_affinity
from bench.instance import environ_of
from shortener.callbacks.kind import SLOTS
from shortener.storage import db
from shortener.storage.models import Attempt, Callback

RECEIVERS, EACH, DEAD = 100, 20, 10_000
STALLING, NEWCOMERS = 200, 20
WITHIN = 180.0  # seconds that one run may take at most
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
spawn = multiprocessing.get_context("spawn")


class Receiver(asyncio.Protocol):
    """Answers 200 as soon as a request is complete, or never if it is a silent receiver."""

    def __init__(self, silent: bool = False) -> None:
        self._silent, self._data = silent, b""

    def connection_made(self, transport: Any) -> None:
        """Keep the connection, to answer on it."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Wait for head and body."""
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if self._silent or not end:
            return
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        if len(body) >= length:
            self._transport.write(OK)
            self._transport.close()


def receive(quick: int, silent: int, out: Any) -> None:
    """Run all receivers in this process; send their ports to the parent, those of the silent receivers last."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        servers = [
            await loop.create_server(lambda silent=place >= quick: Receiver(silent), "127.0.0.1", 0, backlog=256)
            for place in range(quick + silent)
        ]
        out.put([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.Event().wait()

    asyncio.run(run())


@contextmanager
def receivers() -> Iterator[tuple[list[str], list[str]]]:
    """Yield the URLs of the quick receivers and of the silent receivers."""
    out = spawn.Queue()
    process = spawn.Process(target=receive, args=(RECEIVERS, STALLING, out), daemon=True)
    process.start()
    try:
        urls = [f"http://127.0.0.1:{port}/cb" for port in out.get(timeout=60)]
        yield urls[:RECEIVERS], urls[RECEIVERS:]
    finally:
        process.kill()
        process.join()


def bare(urls: Sequence[str], threads: int, out: Any) -> None:
    """Run the bare loop in this process; put the elapsed seconds and the CPU seconds into the queue."""
    body = b'{"type":"link.clicked","data":{' + b" " * 400 + b"}}"
    jobs, lock = iter([url for _ in range(EACH) for url in urls]), threading.Lock()
    number = count()

    def work() -> None:
        while True:
            with lock:
                url = next(jobs, None)
            if url is None:
                return
            headers = {"content-type": "application/json", "webhook-id": f"evt_{next(number)}"}
            assert requests.post(url, data=body, headers=headers, timeout=15).status_code == 200

    workers = [threading.Thread(target=work) for _ in range(threads)]
    start, used = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    out.put((time.perf_counter() - start, time.process_time() - used))


def bare_loop(urls: Sequence[str]) -> tuple[float, float]:
    """Return elapsed seconds and CPU seconds of the bare loop, which runs in its own process."""
    out = spawn.Queue()
    process = spawn.Process(target=bare, args=(urls, SLOTS, out))
    process.start()
    took: tuple[float, float] = out.get(timeout=WITHIN)
    process.join()
    return took


@contextmanager
def worker(url: str, timeout: float) -> Iterator[int]:
    """Run one worker process on the database; yield its process id when it is ready."""
    settings = {
        "database_url": url,
        "secret_key": SECRET_KEY,
        "public_url": "https://s.example.com",
        "callback_allow_nets": "127.0.0.0/8",
        "callback_timeout": timeout,
    }
    environ = environ_of(**settings)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it prints a line when it begins
        yield process.pid
    finally:
        process.kill()  # its attempts to the silent receiver would last until their deadline
        process.wait()


def waits(kind: str, quick: Sequence[str], silent: str | None, timeout: float) -> tuple[list[float], float]:
    """Run a worker until the quick receivers have all their callbacks.

    Return how long each of these callbacks waited, and the worker's CPU time, all in seconds.
    """
    counts = ({silent: DEAD} if silent else {}) | dict.fromkeys(quick, EACH)
    with database(kind) as url, application(url):
        with worker(url, timeout) as pid:
            before = cpu_affinity.cpu(pid)
            fill(counts)
            wait_for(len(quick) * EACH)
            used = cpu_affinity.cpu(pid) - before
        with db.read() as session:
            first = session.scalars(select(func.min(Attempt.started_on))).one()
            ended = session.scalars(select(Attempt.ended_on).where(Attempt.outcome == "delivered")).all()
    return sorted((moment - first).total_seconds() for moment in ended if moment), used


def wait_for(deliveries: int) -> None:
    """Wait until `deliveries` callbacks are delivered. Raise RuntimeError if that takes too long."""
    until = time.monotonic() + WITHIN
    while time.monotonic() < until:
        if (done := delivered()) == deliveries:
            return
        time.sleep(0.5)
    raise RuntimeError(f"only {done} of {deliveries} callbacks were delivered within {WITHIN:.0f} seconds")


def show_fair(kind: str, quick: Sequence[str], silent: str, timeout: float) -> None:
    """Print how long callbacks to the quick receivers wait, without and with a silent receiver."""
    (alone, _), (beside, _) = waits(kind, quick, None, timeout), waits(kind, quick, silent, timeout)
    print(f"\n{kind}: {RECEIVERS} receivers with {EACH} callbacks each, one worker, {SLOTS} attempts at once")
    print("| waiting | alone | beside 10,000 for a silent one | ratio |\n|---|---|---|---|")
    for name, value in (("median", statistics.median), ("p99", lambda times: times[int(len(times) * 0.99)])):
        one, other = value(alone), value(beside)
        print(f"| {name} | {one:.2f} s | {other:.2f} s | {other / one:.2f} |")


def newcomer_waits(kind: str, quick: Sequence[str], silent: Sequence[str], timeout: float) -> list[float]:
    """Return how many seconds callbacks of other accounts wait, one by one, while one account's receivers stall."""
    took = []
    with database(kind) as url, application(url), worker(url, timeout):
        fill(dict.fromkeys(silent, 1), account="stalling")
        if silent:
            wait_until(lambda: in_flight() >= SLOTS // 2)
        for number, receiver in zip(range(NEWCOMERS), quick, strict=False):
            fill({receiver: 1}, account=f"other {number}")
            start = time.monotonic()
            wait_until(lambda number=number: delivered() > number)
            took.append(time.monotonic() - start)
    return sorted(took)


def in_flight() -> int:
    """Return the number of running attempts."""
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Callback).where(Callback.lease_token.is_not(None))) or 0


def delivered() -> int:
    """Return the number of delivered callbacks."""
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Callback).where(Callback.state == "delivered")) or 0


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait until the condition is true. Raise RuntimeError if that takes too long."""
    until = time.monotonic() + WITHIN
    while not happened():
        if time.monotonic() > until:
            raise RuntimeError(f"not true within {WITHIN:.0f} seconds")
        time.sleep(0.02)


def show_accounts(kind: str, quick: Sequence[str], silent: Sequence[str], timeout: float) -> None:
    """Print how long other accounts wait while all receivers of one account stall."""
    alone, beside = (newcomer_waits(kind, quick, urls, timeout) for urls in (silent[:0], silent))
    print(f"\n{kind}: {NEWCOMERS} callbacks, each of another account, one after the other; one worker, {SLOTS} slots")
    print(f"| waiting | alone | beside {STALLING} receivers of one account that never answer |\n|---|---|---|")
    for name, value in (("median", statistics.median), ("longest", max)):
        print(f"| {name} | {value(alone):.2f} s | {value(beside):.2f} s |")


def show_rate(kind: str, quick: Sequence[str], timeout: float, rounds: int) -> None:
    """Print the rates of the worker and of the bare loop, measured alternately."""
    count, ratios = len(quick) * EACH, []
    print(f"\n{kind}: {count} callbacks to {RECEIVERS} quick receivers, {SLOTS} at once, or by the bare loop")
    print(
        "| callbacks/s | bare `requests.post`/s | ratio | processor ms each | bare | ratio |\n|---|---|---|---|---|---|"
    )
    for _ in range(rounds):
        bare_took, bare_used = bare_loop(quick)
        times, used = waits(kind, quick, None, timeout)
        ratios.append((bare_took / times[-1], bare_used / used))
        rates = f"{count / times[-1]:.0f} | {count / bare_took:.0f} | {ratios[-1][0]:.2f}"
        print(f"| {rates} | {used / count * 1000:.2f} | {bare_used / count * 1000:.2f} | {ratios[-1][1]:.2f} |")
    medians = [statistics.median(pair[place] for pair in ratios) for place in (0, 1)]
    print(f"| | median | {medians[0]:.2f} | | median | {medians[1]:.2f} |")


def main() -> int:
    """Run the requested measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--fair", action="store_true", help="only the table with a silent receiver")
    parser.add_argument("--rate", action="store_true", help="only the table of the rates")
    parser.add_argument("--accounts", action="store_true", help="only the table with a stalled account")
    parser.add_argument("--timeout", type=float, default=15, help="seconds that an attempt may take")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for kind in asked.database or KINDS:
        with receivers() as (quick, silent):
            wanted = {name for name in ("fair", "rate", "accounts") if getattr(asked, name)}
            if not wanted or "fair" in wanted:
                show_fair(kind, quick, silent[0], asked.timeout)
            if not wanted or "accounts" in wanted:
                show_accounts(kind, quick, silent, asked.timeout)
            if not wanted or "rate" in wanted:
                show_rate(kind, quick, asked.timeout, asked.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
