"""The loop that deletes old messages: in one process at a time, with pauses for other work."""

import datetime as dt
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from shortener.config.settings import Settings
from shortener.errors import ClockError
from shortener.retention import steps
from shortener.storage.periodic import Periodic

log = logging.getLogger(__name__)

INTERVAL = 600.0  # seconds between the starts of two runs; a run that takes longer leaves the rest to the next one
POLL = 60.0  # seconds between two checks whether a run is due


class Pruner(Periodic):
    """Deletes old messages at intervals, unless another process does; `run_if_due` is one run."""

    thread_name, subject = "pruner", "retention"

    def __init__(self, context: Callable[[], AbstractContextManager[object]], settings: Settings) -> None:
        """`context` gives the thread its database."""
        super().__init__(context, POLL)
        self._retention = dt.timedelta(days=settings.retention_days)
        self._audit = dt.timedelta(days=settings.audit_days)

    def work(self) -> None:
        """Delete old messages if a run is due."""
        self.run_if_due()

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

    def audit_cutoff(self) -> dt.datetime:
        """Return the moment up to which entries of the audit log are too old; ClockError if the clock may be wrong."""
        return steps.cutoff(self._audit)

    def _prune(self) -> Iterator[int]:
        try:
            cutoff = self.cutoff()
        except ClockError as error:
            log.error("retention: %s", error)
            return
        yield from steps.prune(cutoff, self._stopping.wait)
        yield from steps.prune_audit(self.audit_cutoff(), self._stopping.wait)
