"""The delivery loop of one kind of jobs: claim, commit, attempt, settle. Any number of loops may run at once.

One thread works with the database: in one transaction it settles the attempts that have ended and claims jobs that are
due. The attempts run in threads of their own; they have what they need from the claim, but may read what is large.
"""

import datetime as dt
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from sqlalchemy.orm import Session

from shortener.delivery import log_fields, stranded
from shortener.delivery.attempts import Attempts
from shortener.delivery.job import Claimed, Ended, Result, Settled, Started
from shortener.delivery.judgements import describe
from shortener.delivery.kind import Kind
from shortener.delivery.outage import Outage
from shortener.delivery.turns import Turns
from shortener.storage import db, outages

log = logging.getLogger(__name__)

LINGER = 0.02  # seconds that an ended attempt waits for others, to be settled together
POLL = 0.5  # seconds; polling finds every job, a wake-up only finds it sooner
RESCUE = 60.0  # seconds between two searches for jobs that a wrong clock has postponed


class Deliverer:
    """One loop with its attempts in flight. `deliver_due` does the same work once, for tests and by hand.

    `context` gives each thread what `storage.db` needs, such as an application context.
    """

    def __init__(self, kind: Kind, context: Callable[[], AbstractContextManager[object]]) -> None:
        self.kind = kind
        self._context = context
        self._lease = kind.lease
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._attempts = Attempts(kind, self._wake)
        self._outage = Outage()
        self._turns = Turns(kind)
        self._judged_due: list[Settled] = []
        self._hooks = replace(kind.hooks, on_settled=self._on_judged_due)
        self._rescue_at = 0.0
        self._latest: dt.datetime | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run the loop in its own thread. Call it after a fork: threads do not survive one."""
        self._thread = threading.Thread(target=self.run, name=f"{self.kind.name}s", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that a job may have become due: the loop looks at once."""
        self._wake.set()

    def request_stop(self) -> None:
        """Tell the loop to end once all attempts in flight have ended. Not for signal handlers: it takes a lock."""
        self._stopping.set()
        self.kind.on_stop()
        self._wake.set()

    def stop(self, grace: float) -> None:
        """Claim nothing more, let attempts in flight end within `grace` seconds, and give back the others."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join(grace)
        for claimed in self._attempts.running():
            self._give_back(claimed)

    def join(self) -> None:
        """Wait until the loop's own thread has ended."""
        if self._thread is not None:
            self._thread.join()

    def waits_for(self) -> str:
        """The attempts in flight, for the log: `1 callback in flight`."""
        running = len(self._attempts.running())
        return f"{running} {self.kind.name}{'' if running == 1 else 's'} in flight"

    def run(self) -> None:
        """Claim and attempt jobs until asked to stop; during an outage of the database, wait for it."""
        with self._context(), self._attempts.open_pool():
            while not self._stopping.is_set():
                self._attempts.linger(LINGER)
                self._wake.clear()
                started = self._step(self._attempts.free_slots())
                for claimed, attempt in started:
                    if not self._attempts.start(claimed, attempt):
                        self._give_back(claimed, begun=False)
                if not started or not self._attempts.free_slots():
                    self._wake.wait(self._turns.pause(POLL))
            self._finish()

    def deliver_due(self) -> int:
        """Attempt due jobs one after the other, at most as many as there are slots; give how many there were."""
        with self._context():
            started = self._settle_and_claim([], self.kind.slots)
            ended = [(claimed, attempt()) for claimed, attempt in started]
            self._settle_and_claim(ended, 0)
        return len(started)

    def _finish(self) -> None:
        """Settle the attempts in flight as they end; none lasts longer than its timeout."""
        deadline = time.monotonic() + self.kind.timeout + 1
        while not self._attempts.is_empty and time.monotonic() < deadline:
            self._wake.clear()
            self._step(0)
            if not self._attempts.is_empty:
                self._wake.wait(POLL)

    def _step(self, free: int) -> list[Started]:
        """Settle ended attempts and claim for the free slots; claim nothing while the database is unavailable."""
        ended = self._attempts.take_ended()
        try:
            self._rescue()
            return self._settle_and_claim(ended, free if self._outage.allows_claims() else 0)
        except Exception as error:  # the loop must survive every error
            if outages.is_outage(error):
                outages.report(log, error)
                self._attempts.put_back(ended)
                self._outage.begin()
            else:
                log.exception("%ss: a step failed; settling each of %d attempts alone", self.kind.name, len(ended))
                self._settle_alone(ended)
        return []

    def _settle_and_claim(self, ended: Sequence[Ended], free: int) -> list[Started]:
        if not ended and not self._finds(free):
            return []
        with db.write() as session:
            now = db.now(session)
            chance = random.random  # spreads load, protects nothing
            judgements = self.kind.queue.settle(
                session, ended, now=now, waits=self.kind.waits, chance=chance, hooks=self.kind.hooks
            )
            self._judged_due.clear()
            started = self._claim(session, now, free) if free > 0 else []
        for (claimed, result), judgement in zip(ended, judgements, strict=True):
            self.kind.count(claimed, result)
            line = describe(result, judgement, self.kind.done)
            log.info("%s %s: %s", self.kind.name, claimed.label, line, extra=self._fields(claimed, result))
        for one in self._judged_due:
            log.info("%s %s: %s", self.kind.name, one.job.label, describe(None, one.judgement, self.kind.done))
            self._wake.set()  # there may be more, and no attempt whose end would wake us
        return started

    def _fields(self, claimed: Claimed, result: Result) -> dict[str, object]:
        """What a line about an attempt has as fields."""
        known = {self.kind.name: claimed.label, "attempt": claimed.number, "outcome": str(result.outcome)}
        return {**claimed.about, **known}

    def _on_judged_due(self, session: Session, settled: Sequence[Settled], now: dt.datetime) -> None:
        """Note what a claim has settled without an attempt."""
        self._judged_due.extend(settled)
        if self.kind.hooks.on_settled:
            self.kind.hooks.on_settled(session, settled, now)

    def _finds(self, free: int) -> bool:
        """Whether a claim would find a job; takes no lock."""
        if free <= 0:
            return False
        with db.read() as session:
            now = db.now(session)
            found = self.kind.queue.due.claimable(
                session,
                now=now,
                per_destination=self.kind.per_destination,
                limit=1,
                slots=self._attempts.share(free),
                groups=self._turns.groups(session, now),
            )
        return bool(found)

    def _claim(self, session: Session, now: dt.datetime, limit: int) -> list[Started]:
        claimed = self.kind.queue.claim(
            session,
            now=now,
            limit=limit,
            lease=self._lease,
            per_destination=self.kind.per_destination,
            slots=self._attempts.share(limit),
            groups=self._turns.locked_groups(session, now),
            hooks=self._hooks,
            max_starts=self.kind.max_starts,
        )
        self._turns.spend(session, claimed, now)
        about = log_fields.of_jobs(session, claimed) if log.isEnabledFor(logging.INFO) else {}
        claimed = [replace(one, about=about.get(one.job_id, {})) for one in claimed]
        return list(zip(claimed, self.kind.prepare(session, claimed, now), strict=True))

    def _settle_alone(self, ended: Sequence[Ended]) -> None:
        """Settle each attempt in its own transaction, and without its content if the database refuses that."""
        for claimed, result in ended:
            bare = result.without_content()
            if not self._is_settled(claimed, result) and not self._is_settled(claimed, bare):
                self._attempts.refuse(claimed, bare)

    def _is_settled(self, claimed: Claimed, result: Result) -> bool:
        """Whether the result is stored, or will be when the database is available again."""
        try:
            self._settle_and_claim([(claimed, result)], 0)
        except Exception as error:
            if not outages.is_outage(error):
                log.exception("%s %s: the attempt cannot be settled", self.kind.name, claimed.label)
                return False
            self._attempts.put_back([(claimed, result)])
        return True

    def _rescue(self) -> None:
        """Once a minute, make jobs due that a wrong clock has postponed, and try to store what was refused.

        Looks thoroughly at first, and after the clock went back.
        """
        if time.monotonic() < self._rescue_at:
            return
        self._rescue_at = time.monotonic() + RESCUE  # also if it fails: it must not delay every step
        self._settle_alone(self._attempts.take_refused())
        postponed = self.kind.queue.stranded
        with db.read() as session:
            now = db.now(session)
            thorough = self._latest is None or now < self._latest
            longest = self.kind.longest_wait
            found = postponed.find(session, now=now, longest=longest, lease=self._lease, thorough=thorough)
        if found:
            with db.write() as session:
                freed = postponed.free(session, found, now=db.now(session), lease=self._lease)
            log.warning("%d %ss were postponed by a wrong clock; they are due again", freed, self.kind.name)
        if len(found) < stranded.AT_ONCE:
            self._latest = now
        else:  # there are more
            self._rescue_at = 0.0

    def _give_back(self, claimed: Claimed, *, begun: bool = True) -> None:
        try:
            with self._context(), db.write() as session:
                self.kind.queue.give_back(session, claimed, now=db.now(session), begun=begun)
        except Exception:  # the other jobs must be given back too, and the loop continues
            log.exception("%s %s: cannot be given back; its lease will run out", self.kind.name, claimed.label)
