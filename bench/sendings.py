"""Measure how many messages a second a worker hands to a local Kannel, and how many a bare loop does.

    python bench/sendings.py                          both databases, 2,000 messages, three rounds
    python bench/sendings.py --database sqlite --messages 500 --rounds 1

Needs Debian's kannel and kannel-extras. Kannel with its fake SMSC, one `shortener worker` and this script share
the machine; worker and bare loop take turns in each round, so only the ratio is meaningful. Both hand over as many
messages at once as `SHORTENER_GATEWAY_IN_FLIGHT` allows. Receipts are not counted: nobody listens at their address.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import requests
from due_callbacks import KINDS, ROOT, SECRET_KEY, application, database
from sqlalchemy import func, insert, select

from bench.instance import environ_of
from shortener.rules.delivery.gateway_rules import Channel
from shortener.rules.delivery.message_state import MessageState
from shortener.storage import db
from shortener.storage.models import Message, Part, PartKind, Sending
from tests.support import kannel
from tests.support.factories import make_account, make_message

IN_FLIGHT = 8
WITHIN = 300.0  # seconds that one run may take at most
TEXT = "Your parcel is here: https://shop.example.com/track?id=1 thank you"
RECEIPTS = "http://127.0.0.1:9/receipts?type=%d"


def bare(made: kannel.Kannel, messages: int) -> float:
    """Hand messages over without the product; return how many a second."""
    url = f"http://127.0.0.1:{made.sendsms}/cgi-bin/sendsms"
    headers = {"X-Kannel-Username": "tester", "X-Kannel-Password": "foobar", "X-Kannel-From": "Acme"}
    headers |= {"Content-Type": "text/plain; charset=UTF-8", "X-Kannel-DLR-Mask": "31", "X-Kannel-DLR-Url": RECEIPTS}

    def hand_over(number: int) -> None:
        to = {"X-Kannel-To": f"+8190{number:08}"}
        assert requests.post(url, data=TEXT.encode(), headers=headers | to, timeout=15).status_code == 202

    started = time.perf_counter()
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(hand_over, range(messages)))
    return messages / (time.perf_counter() - started)


@contextmanager
def worker(**settings: object) -> Iterator[None]:
    """Run a worker."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
    environ = environ_of(secret_key=SECRET_KEY, public_url="https://s.example.com", **settings)
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # it prints a line when it begins
        yield
    finally:
        process.kill()
        process.wait()


def fill(messages: int) -> None:
    """Store messages that wait for Kannel: copies of one that came in as usual."""
    first = make_message(make_account(), TEXT).message
    columns = {name: getattr(first, name) for name in ("account_id", "received_on", "track_link", "detection")}
    columns |= {name: getattr(first, name) for name in ("bare_domains", "count_as_click", "track")}
    columns |= {"state": MessageState.QUEUED, "gateway": "kannel", "sender": "Acme"}
    with db.write() as session:
        rows = [{**columns, "msgid": f"{number:032}"} for number in range(messages)]
        ids = session.scalars(insert(Message).returning(Message.id, sort_by_parameter_order=True), rows).all()
        session.execute(insert(Part), [{"message_id": id_, "kind": PartKind.TEXT, "text": TEXT} for id_ in ids])
        now = db.now(session)
        common = {"account_id": first.account_id, "gateway": "kannel", "channel": Channel.SMS, "sender": "Acme"}
        common |= {"destination": f"{first.account_id} gateway://kannel:0", "created_on": now, "due_on": now}
        common |= {"expires_on": now.replace(year=now.year + 1)}
        recipients = [f"+8190{number:08}" for number in range(messages)]
        session.execute(
            insert(Sending),
            [{**common, "message_id": id_, "recipient": to} for id_, to in zip(ids, recipients, strict=True)],
        )


def through_us(kind: str, made: kannel.Kannel, messages: int) -> float:
    """Hand messages over with a worker; return how many a second, from the first claim to the last commit."""
    with tempfile.TemporaryDirectory(prefix="shortener-") as folder, database(kind) as url, application(url):
        settings = {"database_url": url, "data": folder, "gateway": "kannel", "kannel_url": made.url()}
        fill(messages)
        with worker(**settings, gateway_in_flight=IN_FLIGHT):
            deadline = time.monotonic() + WITHIN
            while left():
                assert time.monotonic() < deadline, "not handed over in time"
                time.sleep(0.1)
        with db.read() as session:
            first, last = session.execute(select(func.min(Sending.sent_on), func.max(Sending.sent_on))).one()
    return messages / max((last - first).total_seconds(), 0.001)


def left() -> int:
    """How many messages are not handed over yet."""
    with db.read() as session:
        return session.scalar(select(func.count()).select_from(Sending).where(Sending.sent_on.is_(None))) or 0


def main() -> int:
    """Run the requested measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", choices=KINDS, action="append")
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    print("| database | with us/s | bare loop/s | ratio |\n|---|---|---|---|")
    for kind in asked.database or KINDS:
        for number in range(asked.rounds):
            with tempfile.TemporaryDirectory(prefix="kannel-") as folder, kannel.running(Path(folder, "k")) as made:
                alone, ours = bare(made, asked.messages), through_us(kind, made, asked.messages)
            print(f"| {kind} {number + 1} | {ours:.0f} | {alone:.0f} | {ours / alone:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
