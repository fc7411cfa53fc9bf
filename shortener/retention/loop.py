"""The loop that deletes old messages: in one process at a time, with pauses for other work."""

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from sqlalchemy.exc import SQLAlchemyError

from shortener.config.settings import Settings
from shortener.errors import ClockError
from shortener.retention import steps

log = logging.getLogger(__name__)

INTERVAL = 600.0  # seconds between the starts of two runs; a run that takes longer leaves the rest to the next one
POLL = 60.0  # seconds between two checks whether a run is due


class Pruner:
    """Deletes old messages at intervals, unless another process does; `run_if_due` is one run."""

    def __init__(self, context: Callable[[], AbstractContextManager[object]], settings: Settings) -> None:
        """`context` gives the thread its database."""
        self._context = context
        self._retention = dt.timedelta(days=settings.retention_days)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Run the loop in its own thread. Call this after a fork: threads do not survive one."""
        self._thread = threading.Thread(target=self.run, name="pruner", daemon=True)
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the loop to end after its current transaction."""
        self._stopping.set()

    def stop(self, grace: float) -> None:
        """End the loop; waits at most `grace` seconds."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join(grace)

    def run(self) -> None:
        """Delete old messages until stopped; if the database is unavailable, try again later."""
        with self._context():
            while not self._stopping.wait(POLL):
                try:
                    self.run_if_due()
                except SQLAlchemyError as error:
                    log.error("retention: trying again later: %s", getattr(error, "orig", error))
                except Exception:  # the loop must survive every error
                    log.exception("retention: trying again later")

    def run_if_due(self) -> int:
        """If a run is due and no other process has started it, delete old messages; return how many."""
        with self._context():
            if not steps.claim_run(dt.timedelta(seconds=INTERVAL)):
                return 0
            ends = time.monotonic() + INTERVAL
            deleted = 0
            for some in self._prune():
                deleted += some
                if self._stopping.is_set() or time.monotonic() >= ends:
                    break
        if deleted:
            log.info("retention: deleted %d messages", deleted)
        return deleted

    def cutoff(self) -> dt.datetime:
        """Return the moment up to which messages are too old; ClockError if the clock may be wrong."""
        return steps.cutoff(self._retention)

    def _prune(self) -> Iterator[int]:
        try:
            cutoff = self.cutoff()
        except ClockError as error:
            log.error("retention: %s", error)
            return
        yield from steps.prune(cutoff, self._stopping.wait)
