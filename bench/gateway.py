"""Measure how many messages a second reach a local Kannel, with the product in front of it and without.

    python bench/gateway.py                         both databases
    python bench/gateway.py --database sqlite --messages 5000

Everything runs on this machine: Kannel with its fake SMSC, and one `shortener worker` that finds all messages
stored. Without the product, as many threads as it may have hand-overs in flight POST the same text in the same way.
Both share the machine with Kannel, so only the ratio means something. Receipts go to nobody in either run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from due_callbacks import KINDS, ROOT, SECRET_KEY, application, database
from sqlalchemy import func, select

from bench.instance import environ_of, free_port
from shortener.rules.delivery import server_address
from shortener.rules.delivery.server_address import HTTP_PORTS
from shortener.sending.gateway import Outgoing, Taken
from shortener.sending.kannel.gateway import Kannel
from shortener.storage import db
from shortener.storage.models import Sending, SendingAttempt
from tests.support import kannel
from tests.support.factories import TEXT, make_account

IN_FLIGHT = (8, 32)
WITHIN = 300.0  # seconds that one run may take at most


def without(house: kannel.Kannel, messages: int, threads: int) -> float:
    """Messages a second from a loop of hand-overs without a database."""
    gateway = Kannel(server_address.parse(house.url(), HTTP_PORTS))
    outgoing = Outgoing(msgid="x" * 32, sender="Acme", recipient="+818012345678", text=TEXT, receipt_url=nowhere())
    start = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        taken = [isinstance(one, Taken) for one in pool.map(gateway.hand_over, [outgoing] * messages)]
    assert all(taken)
    return messages / (time.monotonic() - start)


def behind(kind: str, house: kannel.Kannel, messages: int, in_flight: int) -> float:
    """Messages a second from a worker that finds all of them stored."""
    given = {"gateway": "kannel", "kannel_url": house.url(), "gateway_in_flight": str(in_flight)}
    with database(kind) as url, application(url, **given, internal_url=nowhere()) as app:
        sender = make_account("shop")
        lines = [
            json.dumps({"message": TEXT, "sender": "Acme", "recipient": f"+8180{number:08}"})
            for number in range(messages)
        ]
        answer = app.test_client().post(
            "/v1/messages/batch", data="\n".join(lines), content_type="application/x-ndjson", headers=sender.bearer
        )
        assert answer.get_data(as_text=True).count('"msgid"') == messages
        values = {**given, "database_url": url, "secret_key": SECRET_KEY, "public_url": "https://s.example.com"}
        with worker({**values, "internal_url": nowhere()}):
            wait(messages)
        return rate()


def nowhere() -> str:
    """An address at which nobody listens."""
    return f"http://127.0.0.1:{_CLOSED}"


_CLOSED = free_port()


@contextmanager
def worker(values: dict[str, str]) -> Iterator[None]:
    """Run one worker."""
    with tempfile.TemporaryDirectory(prefix="shortener-") as folder:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        with Path(folder, "log").open("wb") as log:
            environ = environ_of(**{**values, "data": folder})
            process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait(60)


def wait(messages: int) -> None:
    """Wait until all messages have been handed over."""
    until, settled = time.monotonic() + WITHIN, 0
    while settled < messages:
        assert time.monotonic() < until, f"only {settled} of {messages} in time"
        time.sleep(0.5)
        with db.read() as session:
            settled = session.scalar(select(func.count()).where(Sending.sent_on.is_not(None))) or 0


def rate() -> float:
    """Messages a second between the first attempt's start and the last one's end."""
    with db.read() as session:
        query = select(func.count(), func.min(SendingAttempt.started_on), func.max(SendingAttempt.ended_on))
        count, first, last = session.execute(query).one()
    return float(count / (last - first).total_seconds())


def main() -> int:
    """Run the requested measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--messages", type=int, default=4000)
    asked = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors\n")
    print("| database | in flight | without us | with us | ratio |\n| --- | --: | --: | --: | --: |")
    for kind in asked.database or KINDS:
        for in_flight in IN_FLIGHT:
            with tempfile.TemporaryDirectory(prefix="kannel-") as folder, kannel.running(Path(folder)) as house:
                bare = without(house, asked.messages, in_flight)
                ours = behind(kind, house, asked.messages, in_flight)
            print(f"| {kind} | {in_flight} | {bare:,.0f}/s | {ours:,.0f}/s | {ours / bare:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
