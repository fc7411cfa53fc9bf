"""Keep the lease of an attempt that lasts longer than a lease, and find out if it was lost nevertheless.

A short lease lets another process begin again soon after a crash; a heartbeat lets a long attempt keep it.
"""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Self

from sqlalchemy.orm import Session

from shortener.delivery.job import Claimed
from shortener.delivery.queue import Queue
from shortener.storage import db

log = logging.getLogger(__name__)
BEATS: Final = 4  # renewals within one lease: a few may fail


class Heartbeat:
    """Renews a lease from a thread of its own while its `with` block runs.

    `context` gives the thread its database. `note` runs in each transaction that renews, to store how far it is.
    """

    def __init__(
        self,
        queue: Queue,
        claimed: Claimed,
        context: Callable[[], AbstractContextManager[object]],
        *,
        lease: dt.timedelta,
        note: Callable[[Session], object] = lambda _: None,
    ) -> None:
        self._queue, self._claimed, self._context = queue, claimed, context
        self._lease, self._note = lease, note
        self._ended, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def is_lost(self) -> bool:
        """Whether another process may attempt the job; this attempt must then end without effect."""
        return self._lost.is_set()

    def beat(self) -> bool:
        """Renew the lease now; False if it was lost. Raises the error of the database if it is unavailable."""
        with self._context(), db.write() as session:
            if not self._queue.renew(session, self._claimed, until=db.now(session) + self._lease):
                self._lost.set()
            else:
                self._note(session)
        return not self.is_lost

    def _run(self) -> None:
        while not self._ended.wait(self._lease.total_seconds() / BEATS) and not self.is_lost:
            try:
                self.beat()
            except Exception as error:  # the lease may outlast it; if not, a later beat finds out
                reason = getattr(error, "orig", error)
                log.warning(
                    "%s %s: its lease cannot be renewed: %s", self._queue.tables.name, self._claimed.label, reason
                )
