"""Kill workers repeatedly while they hand messages to a gateway, and count what is lost and what goes out twice.

Used by `bench/kill.py --sendings`. Two workers hand messages to an HTTP server that answers as Kannel does. One account
holds messages in doubt, another has them repeated. Nobody decides about held ones, so that they can be counted.
"""

import os
import random
import signal
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from due_callbacks import SECRET_KEY, application, database
from flask import Flask, current_app
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from shortener.storage import db
from shortener.storage.models import Account, Sending, SendingAttempt
from tests.support.crash_points import Point
from tests.support.factories import Sender, make_account, make_message
from tests.support.process_overrides import Overrides
from tests.support.processes import Harness, Node, harness
from tests.support.servers import Call, Receiver, is_whole, parsed, receiving

TAKEN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 24\r\n\r\n0: Accepted for delivery"
TIMEOUT, MARGIN, DOUBT = 3.0, 0.5, 2.0
LEASE = TIMEOUT + MARGIN  # seconds
TRIES = 5  # to store a message
PATIENCE = 120.0  # seconds until everything must be settled at the end
OVERRIDES = Overrides(MARGIN, doubt=DOUBT, kannel_timeout=TIMEOUT)
POINTS = (Point.CLAIM_COMMITS, Point.POST, Point.RECEIVED, Point.SETTLE_COMMITS)
FROZEN = (Point.POST, Point.RECEIVED)
WAYS = (*((point, signal.SIGKILL) for point in POINTS), *((point, signal.SIGSTOP) for point in FROZEN), "one", "both")


def answer(call: Call) -> None:
    """Take the message after a moment, as a gateway does."""
    call.stop.wait(random.uniform(0, 0.02))
    call.say(TAKEN)


@dataclass
class Run:
    """The workers, and the kills and freezes so far."""

    harness: Harness
    workers: list[Node]
    kills: Counter[str] = field(default_factory=Counter)
    hit: set[int] = field(default_factory=set)
    known: int = 0  # deaths that are counted

    def kill(self, *nodes: Node, what: str) -> None:
        """Kill workers at any moment."""
        time.sleep(random.uniform(0, 0.3))
        self.kills[what] += 1
        self.hit.update(node.pid for node in nodes)
        for node in nodes:
            node.kill()

    def wait_for_a_death(self) -> None:
        """Wait until a worker has reached the armed point; resume a frozen one after its lease."""
        deadline = time.monotonic() + 2 * LEASE
        while len(self.harness.deaths()) == self.known and time.monotonic() < deadline:
            time.sleep(0.02)
        self.harness.disarm()
        for death in self.harness.deaths()[self.known :]:
            self.known += 1
            frozen = death.signal == "SIGSTOP"
            self.kills[f"{'frozen' if frozen else 'killed'} {Point[death.point].value}"] += 1
            self.hit.add(death.pid)
            if frozen:
                time.sleep(LEASE + 1)
                os.kill(death.pid, signal.SIGCONT)

    def mend(self) -> None:
        """Restart what has ended, as a service manager would."""
        self.workers = [self.harness.worker(OVERRIDES) if node.died() else node for node in self.workers]


def attack(run: Run, accounts: Sequence[Sender], messages: int, kills: int) -> None:
    """Send messages in as many batches as there are kills, with one kill or freeze during each."""
    numbers = iter(range(messages))
    with ThreadPoolExecutor(1) as pool:
        for round_ in range(kills):
            way, batch = WAYS[round_ % len(WAYS)], list(islice(numbers, -(-messages // kills)))
            if not isinstance(way, str):
                run.harness.arm(*way)
            sent = pool.submit(send, current_app._get_current_object(), accounts, batch)
            if isinstance(way, str):
                some = run.workers if way == "both" else [random.choice(run.workers)]
                run.kill(*some, what=f"{way} of the workers, at any moment")
            else:
                run.wait_for_a_death()
            run.mend()
            sent.result()


def send(app: Flask, accounts: Sequence[Sender], numbers: Sequence[int]) -> None:
    """Store messages for the gateway, as the API does; while a frozen worker locks SQLite, try again."""
    with app.app_context():
        for number in numbers:
            account, text = accounts[number % len(accounts)], f"Message {number}: https://shop.example.com/{number}"
            for left in range(TRIES, 0, -1):
                try:
                    make_message(account, text, sender="Acme", recipient=f"+8190{number:08}")
                    break
                except OperationalError:
                    if left == 1:
                        raise


def wait_for_the_rest() -> None:
    """Wait until every sending is settled."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with db.read() as session:
            if not session.scalar(select(func.count()).where(Sending.settled_on.is_(None))):
                return
        time.sleep(0.2)


def count(run: Run, receiver: Receiver, messages: int) -> dict[str, int]:
    """Compare what is stored with what the gateway got."""
    got: dict[str, list[int]] = defaultdict(list)
    for request in filter(is_whole, receiver.requests):  # a kill may also cut off a request
        headers, _ = parsed(request)
        got[headers["x-kannel-to"]].append(int(headers["x-process"]))
    with db.read() as session:
        columns = (Sending.id, Sending.state, Sending.account_id, Sending.recipient, Sending.message_id)
        rows = session.execute(select(*columns)).all()
        outcomes = Counter(session.scalars(select(SendingAttempt.outcome)))
        eager = set(session.scalars(select(Account.id).where(Account.on_unsure == "repeat")))
    sent = [row for row in rows if row.state == "delivered" and got[row.recipient]]
    held = [row for row in rows if row.state == "held"]
    live = sum(max(0, sum(pid not in run.hit for pid in pids) - 1) for pids in got.values())
    twice = [row for row in rows if len(got[row.recipient]) > 1]
    return {
        "messages": len(rows),
        "sent": len(sent),
        "held": len(held),
        "held, and the gateway had them": sum(bool(got[row.recipient]) for row in held),
        "lost": messages - len(sent) - len(held),
        "attempts interrupted": outcomes["interrupted"],
        "twice (`hold`)": sum(row.account_id not in eager for row in twice),
        "twice (`repeat`)": sum(row.account_id in eager for row in twice),
        "twice by live workers": live,
    }


def kill(kind: str, messages: int, kills: int) -> bool:
    """Run the kills on one database; return whether nothing was lost, and nothing that is held went out twice."""
    with database(kind) as url, tempfile.TemporaryDirectory(prefix="shortener-") as folder, receiving(answer) as kannel:
        values = {
            **{"database_url": url, "data": folder, "secret_key": SECRET_KEY, "public_url": "https://s.example.com"},
            **{"gateway": "kannel", "kannel_url": kannel.url(path="/cgi-bin/sendsms")},
        }
        given = {name: value for name, value in values.items() if name not in ("database_url", "secret_key")}
        with application(url, **given), harness(values, Path(folder, "harness")) as made:
            accounts = [make_account("holds"), make_account("repeats")]
            with db.write() as session:
                session.execute(update(Account).where(Account.name == "repeats").values(on_unsure="repeat"))
            run = Run(made, [made.worker(OVERRIDES), made.worker(OVERRIDES)])
            started = time.monotonic()
            attack(run, accounts, messages, kills)
            wait_for_the_rest()
            time.sleep(2 * LEASE)  # for frozen workers, which may still hand over what they had claimed
            figures = count(run, kannel, messages)
            took = time.monotonic() - started
    print(f"\n{kind}, {took:.0f} s")
    for what, times in sorted(run.kills.items()):
        print(f"  {times:4}  {what}")
    print("| database | kills | " + " | ".join(figures) + " |\n|" + "---|" * (len(figures) + 2))
    print("| " + " | ".join(map(str, (kind, run.kills.total(), *figures.values()))) + " |", flush=True)
    return not (figures["lost"] or figures["twice (`hold`)"] or figures["twice by live workers"])
