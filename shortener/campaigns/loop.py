"""The loop that works on campaigns, with pauses for other work; any process takes over from one that died."""

import datetime as dt
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from shortener.campaigns import job, uploads
from shortener.errors import ClockError
from shortener.installation.site import Site
from shortener.retention import steps
from shortener.rules.delivery.receiver import Policy
from shortener.storage import db
from shortener.storage.periodic import Periodic

log = logging.getLogger(__name__)
POLL: Final = 5.0  # seconds between two looks for a campaign
SWEEP: Final = 720  # looks between two deletions of old campaigns: an hour


class Campaigns(Periodic):
    """Works on campaigns, one at a time; `run_due` is one turn."""

    thread_name, subject = "campaigns", "campaigns"

    def __init__(
        self,
        context: Callable[[], AbstractContextManager[object]],
        site: Callable[[], Site],
        policy: Policy,
        on_sendings: Callable[[], object],
        retention_days: float,
    ) -> None:
        """`context` gives the thread its database; `on_sendings` is called when messages wait for their gateway."""
        super().__init__(context, POLL)
        self._site, self._policy, self._on_sendings = site, policy, on_sendings
        self._kept = min(uploads.KEPT, dt.timedelta(days=retention_days))
        self._looks = 0

    def work(self) -> None:
        """Work on campaigns until none is due; now and then delete old ones."""
        while not self._stopping.is_set() and self.run_due():
            pass
        self._looks += 1
        if self._looks % SWEEP == 1:
            self.sweep()

    def run_due(self) -> bool:
        """Work on one campaign, if one is due; return whether there was one."""
        with db.read() as session:  # writers of a SQLite file take turns
            is_due = job.is_due(session, db.now(session))
        if not is_due:
            return False
        with db.write() as session:
            claimed = job.claim(session, db.now(session))
        if claimed is None:
            return True
        since = time.thread_time()
        for is_ours in job.run(claimed, self._site(), self._policy, self._on_sendings):
            # Clicks that the same process answers wait for the interpreter's lock: rest as long as was worked.
            self._stopping.wait(time.thread_time() - since)
            since = time.thread_time()
            if not is_ours:
                break
            if self._stopping.is_set():
                job.give_back(claimed)
                break
        return True

    def sweep(self) -> int:
        """Delete campaigns that are too old, with their files; return how many."""
        deleted = 0
        while not self._stopping.is_set():
            try:
                cutoff = steps.cutoff(self._kept)
            except ClockError:  # the loop of retention says so
                break
            with db.write() as session:
                some = uploads.remove_old(session, cutoff)
            if not some:
                break
            deleted += some
        if deleted:
            log.info("campaigns: deleted %d files", deleted)
        return deleted
