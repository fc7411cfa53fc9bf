"""When each token was last used: noted by requests, written in the background so that no answer is delayed."""

import datetime as dt
import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError

from shortener.storage import db
from shortener.storage.models import Credential

log = logging.getLogger(__name__)
INTERVAL: Final = 15  # seconds between two writes
PRECISION: Final = dt.timedelta(minutes=1)  # a time that is newer than this is not written again
LIMIT: Final = 5_000  # credentials noted between two writes; more are ignored until they are used again


class LastUsed:
    """The credentials that were used since the last write."""

    def __init__(self, context: Callable[[], AbstractContextManager[object]]) -> None:
        """`context` gives the background thread its database."""
        self._context = context
        self._noted: set[int] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, credential_id: int) -> None:
        """Remember that a credential was used."""
        with self._lock:
            if len(self._noted) < LIMIT:
                self._noted.add(credential_id)

    def write(self) -> None:
        """Store the noted uses. If the database fails they are dropped: the next use will be stored."""
        with self._lock:
            noted, self._noted = self._noted, set()
        if not noted:
            return
        with self._context(), db.write() as session:
            now = db.now(session)
            outdated = or_(Credential.used_on.is_(None), Credential.used_on < now - PRECISION)
            session.execute(update(Credential).where(Credential.id.in_(noted), outdated).values(used_on=now))

    def start(self) -> None:
        """Start the background thread. Call this after a fork: threads do not survive one."""
        self._thread = threading.Thread(target=self._run, name="last-used", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Store what is left, and end the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _run(self) -> None:
        stopped = False
        while not stopped:
            stopped = self._stopped.wait(INTERVAL)
            try:
                self.write()
            except SQLAlchemyError as error:
                log.info("cannot store when tokens were last used: %s", error)
