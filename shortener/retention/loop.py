"""The loop that prunes: beside the delivery loop, in one process at a time, and with pauses that let others work."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from shortener.config.settings import Settings
from shortener.errors import ClockError
from shortener.retention import steps

log = logging.getLogger(__name__)

EVERY = 600.0  # seconds from one turn to the next; a turn that is not done by then leaves the rest to that one
LOOK = 60.0  # seconds between two questions whether it is time


class Pruner:
    """Takes a turn now and then, unless another process has; `turn` is the same work, once."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app = app
        self._life = dt.timedelta(days=settings.retention_days)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run the loop in a thread of its own. Call it after a fork: threads do not survive one."""
        self._thread = threading.Thread(target=self.run, name="pruner", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the loop runs in this process."""
        return self._thread is not None and self._thread.is_alive()

    def request_stop(self) -> None:
        """Say that the loop is to end; it ends with the transaction that it is at."""
        self._stopping.set()

    def stop(self, grace: float) -> None:
        """End, within `grace` seconds if the database lets it."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join(grace)

    def run(self) -> None:
        """Prune until told to stop; a database that is away is waited for."""
        with self._app.app_context():
            while not self._stopping.wait(LOOK):
                try:
                    self.turn()
                except SQLAlchemyError as error:
                    log.error("pruning: trying again later: %s", getattr(error, "orig", error))
                except Exception:  # whatever it is, the loop must not end by it
                    log.exception("pruning: trying again later")

    def turn(self) -> int:
        """Where it is time and no other process does it, remove what is old; give back how many messages."""
        with self._app.app_context():
            if not steps.take_turn(dt.timedelta(seconds=EVERY)):
                return 0
            ends = time.monotonic() + EVERY
            removed = 0
            for some in self._prune():
                removed += some
                if self._stopping.is_set() or time.monotonic() >= ends:
                    break
        if removed:
            log.info("pruning: removed %d messages", removed)
        return removed

    def before(self) -> dt.datetime:
        """Messages that were received at this moment or earlier have had their time; ClockError by a wrong clock."""
        return steps.before(self._life)

    def _prune(self) -> Iterator[int]:
        try:
            before = self.before()
        except ClockError as error:
            log.error("pruning: %s", error)
            return
        yield from steps.prune(before, self._stopping.wait)
