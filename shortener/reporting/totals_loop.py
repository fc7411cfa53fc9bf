"""The loop that keeps hourly totals: in one process at a time, with pauses for other work."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import chain

from shortener.reporting import hour_totals, tag_totals
from shortener.storage.periodic import Periodic

log = logging.getLogger(__name__)

INTERVAL = 60.0  # seconds between the starts of two runs; a run that takes longer leaves the rest to the next one
POLL = 15.0  # seconds between two checks whether a run is due
PAUSE = 3  # times as long as it took to count an hour, so that most of the time is left to others


class Totals(Periodic):
    """Counts past hours at intervals, unless another process does; `run_if_due` is one run."""

    thread_name, subject = "totals", "hourly totals"

    def __init__(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        """`context` gives the thread its database."""
        super().__init__(context, POLL)

    def work(self) -> None:
        """Count hours if a run is due."""
        self.run_if_due()

    def run_if_due(self) -> int:
        """If a run is due and no other process has started it, count hours; return how many totals were stored."""
        with self._context():
            if not hour_totals.claim_run(dt.timedelta(seconds=INTERVAL)):
                return 0
            began = since = time.monotonic()
            stored = 0
            for some in chain(tag_totals.count_young_hours(), hour_totals.count_hours(self._stopping.wait)):
                stored += some
                self._stopping.wait(PAUSE * (time.monotonic() - since))
                since = time.monotonic()
                if self._stopping.is_set() or since >= began + INTERVAL:
                    break
        if stored:
            log.debug("hourly totals: counted %d hours", stored)
        return stored
