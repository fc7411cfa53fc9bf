"""The delivery loop: claim, commit, POST, settle. Any number of loops may run at once."""

import datetime as dt
import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from shortener import accounts, callbacks, db
from shortener.callbacks import Claimed
from shortener.config import Settings
from shortener.errors import SecretKeyError
from shortener.outbound import Answer, Client
from shortener.rules import event

log = logging.getLogger(__name__)

SLOTS = 16  # attempts in flight per loop
POLL = 0.5  # seconds; the poll is the truth, a wake-up only makes it quick
LEASE_MARGIN = 30.0  # seconds that a lease outlives the attempt's deadline


class Deliverer:
    """One loop with its attempts in flight. `deliver_due` is the same work, once, for tests and by hand."""

    def __init__(self, app: Flask, settings: Settings, client: Client) -> None:
        self._app = app
        self._settings = settings
        self._client = client
        self._lease = dt.timedelta(seconds=settings.callback_timeout + LEASE_MARGIN)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._running: dict[Future[None], Claimed] = {}
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

    def request_stop(self) -> None:
        """Say that the loop is to end; it ends when what runs has ended. Not for signal handlers: it takes a lock."""
        self._stopping.set()
        self._wake.set()

    def run(self) -> None:
        """Claim and attempt until told to stop; a database that is away is waited for."""
        with ThreadPoolExecutor(SLOTS, thread_name_prefix="attempt") as pool:
            while not self._stopping.is_set():
                self._wake.clear()
                try:
                    claimed = self._claim(SLOTS - len(self._running))
                except SQLAlchemyError:
                    log.exception("callbacks: the database does not answer; trying again")
                    claimed = []
                for one in claimed:
                    self._submit(pool, one)
                if not claimed or len(self._running) >= SLOTS:
                    self._wake.wait(POLL)
            wait(list(self._running), timeout=self._settings.callback_timeout + 1)

    def deliver_due(self) -> int:
        """Attempt everything that is due now, one after the other; give back how many."""
        claimed = self._claim(SLOTS)
        for one in claimed:
            self._attempt(one)
        return len(claimed)

    def _claim(self, limit: int) -> list[Claimed]:
        if limit <= 0:
            return []
        with self._app.app_context():
            with db.read() as session:
                if not callbacks.any_due(session, now=db.now(session)):
                    return []
            with db.write() as session:
                return callbacks.claim(session, now=db.now(session), limit=limit, lease=self._lease)

    def _submit(self, pool: ThreadPoolExecutor, claimed: Claimed) -> None:
        future = pool.submit(self._attempt, claimed)
        self._running[future] = claimed
        future.add_done_callback(self._finished)

    def _finished(self, future: Future[None]) -> None:
        claimed = self._running.pop(future, None)
        if error := future.exception():
            log.error("callback %s: the attempt failed on our side", claimed and claimed.event_id, exc_info=error)
        self._wake.set()

    def _attempt(self, claimed: Claimed) -> None:
        with self._app.app_context():
            answer = self._client.post(claimed.url, claimed.body, self._headers(claimed))
            _persist(lambda: self._settle(claimed, answer))

    def _headers(self, claimed: Claimed) -> dict[str, str]:
        with db.read() as session:
            now = db.now(session)
            keys = accounts.signing_keys(
                session, claimed.account_id, secret_key=self._settings.secret_key or "", now=now
            )
        if not keys:
            raise SecretKeyError
        return event.headers(claimed.event_id, now, claimed.body, keys)

    def _settle(self, claimed: Claimed, answer: Answer) -> None:
        with db.write() as session:
            judgement = callbacks.settle(
                session,
                claimed,
                answer,
                now=db.now(session),
                waits=self._settings.callback_waits,
                chance=random.random(),  # noqa: S311 - spreads load, guards nothing
            )
        log.info("callback %s: %s, %s", claimed.event_id, answer.status or answer.outcome, judgement or "lease lost")

    def _give_back(self, claimed: Claimed) -> None:
        with self._app.app_context(), db.write() as session:
            callbacks.give_back(session, claimed, now=db.now(session))


def _persist(store: Callable[[], None], tries: int = 5) -> None:
    """Store what is known; a database that is away for a moment must not cost the receiver a repetition."""
    for left in reversed(range(tries)):
        try:
            return store()
        except SQLAlchemyError:
            if not left:
                raise
            time.sleep(0.5 * (tries - left))
