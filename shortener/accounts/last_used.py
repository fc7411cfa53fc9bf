"""When a token was last used: noted by requests, written by a thread of its own, never in the way of an answer."""

import datetime as dt
import logging
import threading
from typing import Final

from flask import Flask
from sqlalchemy import or_, update
from sqlalchemy.exc import SQLAlchemyError

from shortener.storage import db
from shortener.storage.models import Credential

log = logging.getLogger(__name__)
PAUSE: Final = 15  # seconds between two writes
EXACT_TO: Final = dt.timedelta(minutes=1)  # a token that was noted so short a time ago is not written again
MOST: Final = 5_000  # credentials noted between two writes; what is beyond is noted at its next use


class Usage:
    """What was used since the last write."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._noted: set[int] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, credential_id: int) -> None:
        """Remember that this one was used."""
        with self._lock:
            if len(self._noted) < MOST:
                self._noted.add(credential_id)

    def write(self) -> None:
        """Write down what was noted. What the database does not take now is no loss: it is used again."""
        with self._lock:
            noted, self._noted = self._noted, set()
        if not noted:
            return
        with self._app.app_context(), db.write() as session:
            now = db.now(session)
            stale = or_(Credential.used_on.is_(None), Credential.used_on < now - EXACT_TO)
            session.execute(update(Credential).where(Credential.id.in_(noted), stale).values(used_on=now))

    def start(self) -> None:
        """Write from now on, every few seconds; after the fork, for threads do not survive one."""
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Write what is left, and end."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _run(self) -> None:
        ended = False
        while not ended:
            ended = self._stopped.wait(PAUSE)
            try:
                self.write()
            except SQLAlchemyError as error:
                log.info("when tokens were used could not be written: %s", error)
