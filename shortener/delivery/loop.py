"""The delivery loop: claim, commit, POST, settle. Any number of loops may run at once.

One thread works with the database: in one transaction it settles what has ended and claims what is due. The attempts
run in threads of their own and touch no database.
"""

import datetime as dt
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from flask import Flask
from sqlalchemy.orm import Session

from shortener.accounts import callback_headers, signing_secrets
from shortener.config.settings import Settings
from shortener.delivery import due, queue, stranded
from shortener.delivery.queue import Claimed, Ended
from shortener.errors import SecretKeyError
from shortener.outbound.client import Answer, Client
from shortener.rules.delivery import event
from shortener.rules.delivery.attempt_outcome import AttemptOutcome
from shortener.rules.delivery.fair_share import Room
from shortener.rules.delivery.retry import Delivered, Judgement, RetryAfter
from shortener.storage import db, outages

log = logging.getLogger(__name__)

SLOTS = 64  # attempts in flight per loop; an account that is alone gets two thirds of them (rules/turns.py)
LINGER = 0.02  # seconds that an ended attempt waits for others, to be settled together
POLL = 0.5  # seconds; the poll is the truth, a wake-up only makes it quick
RESCUE = 60.0  # seconds between two looks for what a wrong clock has put off
LEASE_MARGIN = 30.0  # seconds that a lease outlives the attempt's deadline
# An event without a signature never leaves; it uses up an attempt, so that it comes again when there is a secret.
UNSIGNED = Answer(
    outcome=AttemptOutcome.UNSIGNED,
    status=None,
    detail="not sent: the account has no signing secret that opens; the operator can give it a new one",
)
LONG_AWAY = 15.0  # seconds without the database after which leases may have run out while attempts ended well
SETTLE_FIRST = 10.0  # seconds after so long in which workers only store what became of their attempts
Opened = tuple[list[bytes], dict[str, str]]  # signing keys, and the receiver's header


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed callback with what signs it, and the header that its receiver asks for."""

    claimed: Claimed
    sent_on: dt.datetime
    keys: Sequence[bytes]
    header: Mapping[str, str]


def told(answer: Answer, judgement: Judgement | None) -> str:
    """What became of an attempt, for the log; without a judgement its lease was lost."""
    outcome = answer.status or answer.outcome
    if isinstance(judgement, Delivered):
        return f"delivered ({outcome})"
    if isinstance(judgement, RetryAfter):
        return f"{outcome}; next attempt in {round(judgement.seconds)} s"
    return f"{outcome}; {'exhausted' if judgement else 'lease lost'}"


class Deliverer:
    """One loop with its attempts in flight. `deliver_due` is the same work, once, for tests and by hand."""

    def __init__(self, app: Flask, settings: Settings, client: Client) -> None:
        self._app = app
        self._settings = settings
        self._client = client
        self._lease = dt.timedelta(seconds=settings.callback_timeout + LEASE_MARGIN)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._running: dict[Future[Answer], Claimed] = {}
        self._ended: deque[Ended] = deque()
        self._unsettled: deque[Ended] = deque()  # what the database refuses, though it is there
        self._away_since: float | None = None
        self._back_since: float | None = None
        self._rescue_at = 0.0
        self._latest: dt.datetime | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run the loop in a thread of its own. Call it after a fork: threads do not survive one."""
        self._thread = threading.Thread(target=self.run, name="callbacks", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that a callback may have become due: the loop looks at once."""
        self._wake.set()

    def stop(self, grace: float) -> None:
        """Claim no more; let what runs end within `grace` seconds, and give back what does not."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join(grace)
        for claimed in list(self._running.values()):
            self._give_back(claimed)

    @property
    def in_flight(self) -> int:
        """How many attempts run."""
        return len(self._running)

    def waits_for(self) -> str:
        """What still runs, for the log: `1 callback in flight`."""
        return f"{self.in_flight} callback{'' if self.in_flight == 1 else 's'} in flight"

    def request_stop(self) -> None:
        """Say that the loop is to end; it ends when what runs has ended. Not for signal handlers: it takes a lock."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Claim and attempt until told to stop; a database that is away is waited for."""
        with self._app.app_context(), ThreadPoolExecutor(SLOTS, thread_name_prefix="attempt") as pool:
            while not self._stopping.is_set():
                self._gather()
                self._wake.clear()
                jobs = self._turn(self._free())
                for job in jobs:
                    self._submit(pool, job)
                if not jobs or not self._free():
                    self._wake.wait(POLL)
            self._finish()

    def _gather(self) -> None:
        """Where something has ended, wait a little while more is about to: a turn costs little more for many."""
        until = time.monotonic() + LINGER
        while 0 < len(self._ended) < len(self._running) and (left := until - time.monotonic()) > 0:
            self._wake.clear()
            if len(self._ended) < len(self._running):
                self._wake.wait(left)

    def deliver_due(self) -> int:
        """Attempt what is due now, as much as one turn may, one after the other; give back how many."""
        with self._app.app_context():
            jobs = self._settle_and_claim([], SLOTS)
            ended = [(job.claimed, self._attempt(job)) for job in jobs]
            self._settle_and_claim(ended, 0)
        return len(jobs)

    def _free(self) -> int:
        running = list(self._running.values())
        return 0 if any(claimed.alone for claimed in running) else SLOTS - len(running) - len(self._unsettled)

    def _turn(self, free: int) -> list[Job]:
        """Settle what has ended, claim for the free slots; nothing where the database is away."""
        ended = [self._ended.popleft() for _ in range(len(self._ended))]
        try:
            self._rescue()
            return self._settle_and_claim(ended, free if self._may_claim() else 0)
        except Exception as error:  # whatever it is, the loop must not end by it
            if outages.is_outage(error):
                outages.report(log, error)
                self._ended.extendleft(reversed(ended))
                self._away_since, self._back_since = self._away_since or time.monotonic(), None
            else:
                log.exception("callbacks: a turn failed; settling each of %d attempts alone", len(ended))
                self._settle_alone(ended)
        return []

    def _may_claim(self) -> bool:
        """Whether this worker may claim; not at once after the database was away for long.

        Leases ran out meanwhile, of attempts that ended well: who claimed first would send those events again.
        """
        if self._away_since is None:
            return True
        if self._back_since is None:
            with db.write():  # is it there?
                self._back_since = time.monotonic()
        was_long = self._back_since - self._away_since >= LONG_AWAY
        if was_long and time.monotonic() - self._back_since < SETTLE_FIRST:
            return False
        self._away_since = self._back_since = None
        return True

    def _settle_and_claim(self, ended: Sequence[Ended], free: int) -> list[Job]:
        if not ended and not self._finds(free):
            return []
        with db.write() as session:
            now = db.now(session)
            judgements = queue.settle(
                session,
                ended,
                now=now,
                waits=self._settings.callback_waits,
                chance=random.random,  # spreads load, guards nothing
            )
            jobs = self._claim(session, now, free) if free > 0 else []
        for (claimed, answer), judgement in zip(ended, judgements, strict=True):
            log.info("callback %s: %s", claimed.event_id, told(answer, judgement))
        return jobs

    def _rescue(self) -> None:
        """Once a minute make due what a wrong clock has put off; thoroughly at first, and where the clock went back."""
        if time.monotonic() < self._rescue_at:
            return
        self._rescue_at = time.monotonic() + RESCUE  # also where it fails: it must not hold up every turn
        self._settle_alone([self._unsettled.popleft() for _ in range(len(self._unsettled))])
        with db.read() as session:
            now = db.now(session)
            thorough = self._latest is None or now < self._latest
            longest = stranded.longest_wait(self._settings.callback_waits)
            found = stranded.find(session, now=now, longest=longest, lease=self._lease, thorough=thorough)
        if found:
            with db.write() as session:
                freed = stranded.free(session, found, now=db.now(session), lease=self._lease)
            log.warning("%d callbacks were put off by a wrong clock; they are due again", freed)
        if len(found) < stranded.AT_ONCE:
            self._latest = now
        else:  # there are more
            self._rescue_at = 0.0

    def _finds(self, free: int) -> bool:
        """Whether a claim would find something: a question that takes no lock."""
        if free <= 0:
            return False
        with db.read() as session:
            each, room = self._settings.callback_per_destination, self._room(free)
            return bool(due.claimable(session, now=db.now(session), per_destination=each, limit=1, room=room))

    def _room(self, free: int) -> Room:
        return Room(free, [claimed.destination for claimed in list(self._running.values())])

    def _claim(self, session: Session, now: dt.datetime, limit: int) -> list[Job]:
        claimed = queue.claim(
            session,
            now=now,
            limit=limit,
            lease=self._lease,
            per_destination=self._settings.callback_per_destination,
            room=self._room(limit),
        )
        # Opened before the claim is committed: with a wrong secret key nothing is started, and nothing used up.
        opened = self._opened(session, {one.account_id for one in claimed}, now)
        return [Job(one, now, *opened[one.account_id]) for one in claimed]

    def _opened(self, session: Session, account_ids: AbstractSet[int], now: dt.datetime) -> dict[int, Opened]:
        """Each account's signing keys and header; no key where one of them does not open: it holds up no other account.

        SecretKeyError where it is our secret key that opens nothing.
        """
        secret_keys = self._settings.secret_keys
        sealed = signing_secrets.sealed_keys(session, account_ids, now=now)
        headers = callback_headers.encrypted(session, account_ids)
        opened: dict[int, Opened] = {account_id: ([], {}) for account_id in account_ids}
        for account_id in account_ids:
            try:
                keys = signing_secrets.decrypted(sealed.get(account_id, ()), secret_keys)
                opened[account_id] = keys, callback_headers.decrypted(headers.get(account_id), secret_keys)
            except SecretKeyError:
                signing_secrets.check_secret_keys(session, secret_keys)
                log.error(
                    "account %d: its signing secret or its callback header does not open; its callbacks are not sent",
                    account_id,
                )
        return opened

    def _settle_alone(self, ended: Sequence[Ended]) -> None:
        """One that cannot be stored must not take the others with it; it is stored without what the receiver said."""
        for claimed, answer in ended:
            bare = replace(answer, body=b"", detail="what the receiver said cannot be stored")
            if not self._is_settled(claimed, answer) and not self._is_settled(claimed, bare):
                self._unsettled.append((claimed, bare))

    def _is_settled(self, claimed: Claimed, answer: Answer) -> bool:
        """Whether it is stored, or will be when the database is back."""
        try:
            self._settle_and_claim([(claimed, answer)], 0)
        except Exception as error:
            if not outages.is_outage(error):
                log.exception("callback %s: the attempt cannot be settled", claimed.event_id)
                return False
            self._ended.append((claimed, answer))
        return True

    def _submit(self, pool: ThreadPoolExecutor, job: Job) -> None:
        try:
            future = pool.submit(self._attempt, job)
        except RuntimeError:  # the system has no thread left; the loop must not end by it
            log.exception("callback %s: no thread for the attempt; giving it back", job.claimed.event_id)
            return self._give_back(job.claimed)
        self._running[future] = job.claimed
        future.add_done_callback(self._finished)

    def _finished(self, future: "Future[Answer]") -> None:
        claimed = self._running[future]
        if error := future.exception():
            log.error("callback %s: the attempt failed on our side", claimed.event_id, exc_info=error)
        else:
            self._ended.append((claimed, future.result()))
        del self._running[future]
        self._wake.set()

    def _attempt(self, job: Job) -> Answer:
        if not job.keys:
            return UNSIGNED
        headers = event.headers(job.claimed.event_id, job.sent_on, job.claimed.body, job.keys)
        return self._client.post(job.claimed.url, job.claimed.body, {**headers, **job.header})

    def _finish(self) -> None:
        """Settle what still runs as it ends; no attempt lasts longer than its deadline."""
        deadline = time.monotonic() + self._settings.callback_timeout + 1
        while (self._running or self._ended) and time.monotonic() < deadline:
            self._wake.clear()
            self._turn(0)
            if self._running or self._ended:
                self._wake.wait(POLL)

    def _give_back(self, claimed: Claimed) -> None:
        try:
            with self._app.app_context(), db.write() as session:
                queue.give_back(session, claimed, now=db.now(session))
        except Exception:  # the others are to be given back, and the loop goes on
            log.exception("callback %s: it cannot be given back; its lease runs out", claimed.event_id)
