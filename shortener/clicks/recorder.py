"""The recorder: clicks that arrive together are stored by one transaction, and what the database does not take is kept.

One thread in each process. A request hands in its click and waits until that click is committed, but not for long: then
the click is spooled, under the same id, and the visitor goes on. Where it cannot be spooled either, the request waits
a little longer, and then the visitor is asked to try again. The thread takes in what was spooled, by its own process
or by one that is gone, as soon as the database takes it.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from itertools import repeat

from flask import Flask
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError

from shortener.clicks import record
from shortener.clicks.commit_queue import Line, Waiting
from shortener.clicks.record import NewClick
from shortener.clicks.spooled import Kept, pack
from shortener.config.settings import Settings
from shortener.files.spool_file import Spool
from shortener.rules.slug import Slugs
from shortener.storage import db

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds that a request waits for its click's commit
LAST_PATIENCE = 3.0  # seconds more, where the click cannot be spooled
AGAIN = 0.2  # seconds between two tries of such a click
MOST_WAITING = 1000  # clicks
PAUSE = 1.0  # seconds between two looks at the spool
CHUNK = 200  # clicks that are taken in by one transaction; others want to write too


class Fate(Enum):
    """What became of a click that was to be stored."""

    STORED = "stored"
    REFUSED = "refused"  # by itself: trying again will not help
    UNTRIED = "untried"  # the database takes nothing at the moment


class Recorder:
    """Stores clicks in a thread of its own, which begins with `start` or with the first click."""

    def __init__(
        self,
        app: Flask,
        settings: Settings,
        slugs: Callable[[], Slugs],
        on_callbacks: Callable[[], None],
        *,
        patience: float = PATIENCE,
        last_patience: float = LAST_PATIENCE,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """`slugs` gives the installation's; `on_callbacks` is called when callbacks have been committed."""
        self._app, self._slugs, self._on_callbacks = app, slugs, on_callbacks
        self._patience, self._last_patience, self._most_waiting = patience, last_patience, most_waiting
        # Other threads must stay free to answer.
        self._last_places = threading.BoundedSemaphore(max(1, settings.threads // 2))
        self._kept = Kept(settings.spool_folder, settings.spool_bytes, name=lambda: slugs().encode(0))
        self._line = Line(most_waiting)
        self._away = False
        self._starting = threading.Lock()
        self._process: int | None = None  # the one that the thread runs in: threads do not survive a fork

    @property
    def waiting(self) -> int:
        """How many clicks wait for the thread."""
        return len(self._line)

    @property
    def is_away(self) -> bool:
        """Whether the database took no click when it was last tried."""
        return self._away

    def start(self) -> None:
        """Begin, where that is not done yet in this process. Not before a fork: the spool would have two owners."""
        with self._starting:
            if self._process == os.getpid():
                return
            self._kept.close()  # after a fork: it is the parent's
            self._line = Line(self._most_waiting)
            self._thread = threading.Thread(target=self._run, args=(self._line,), name="recorder", daemon=True)
            self._thread.start()
            self._process = os.getpid()

    def stop(self, grace: float) -> None:
        """Store what waits, and end; within `grace` seconds if the database lets it."""
        if self._process == os.getpid():
            self._line.close()
            self._thread.join(grace)
            self._process = None

    def record(self, click: NewClick) -> bool:
        """Store a click or spool it: it is on disk when this gives True. Where it gives False, nothing keeps it."""
        if self._process != os.getpid():
            self.start()
        waiting = None if self._away else self._line.join(click)
        stored = waiting.outcome(self._patience) if waiting else False
        if stored is None:
            self._leave(f"no answer within {self._patience:g} s")
        if stored or self._kept.add(click) or self._wait_longer(click, waiting if stored is None else None):
            return True
        self._kept.count_lost(click)
        return False

    def _wait_longer(self, click: NewClick, waiting: Waiting | None) -> bool:
        """Wait in line, again and again, for a database that takes the click after all. False when time is up."""
        if not self._last_places.acquire(blocking=False):
            return False
        try:
            ends = time.monotonic() + self._last_patience
            while (left := ends - time.monotonic()) > 0:
                waiting = waiting or self._line.join(click)
                if waiting is not None and waiting.outcome(left):
                    return True
                if waiting is not None:
                    self._line.leave(waiting)  # no more than an answer of 503 is promised for it
                waiting = None
                time.sleep(min(AGAIN, max(0.0, ends - time.monotonic())))
            return False
        finally:
            self._last_places.release()

    def counts(self) -> tuple[int, int]:
        """How many clicks wait in this folder's spool files, and how many were lost because nothing kept them."""
        return self._kept.counts()

    def fault(self) -> str | None:
        """Say why no click could be spooled now; None where one could. SQLAlchemyError while the database is away."""
        return self._kept.fault()

    def _run(self, line: Line) -> None:
        with self._app.app_context():
            due = 0.0
            while not line.is_over:
                try:
                    if time.monotonic() >= due:
                        due = time.monotonic() + PAUSE
                        due += self._tend()
                    self._serve(line.take(PAUSE))
                except Exception:
                    log.exception("recorder: going on")
            self._kept.close()

    def _serve(self, batch: Sequence[Waiting]) -> None:
        """Store clicks, and let each request go as soon as its own click is committed."""
        for waiting, fate in zip(batch, self._store([waiting.click for waiting in batch]), strict=True):
            waiting.settle(stored=fate is Fate.STORED)

    def _store(self, new_clicks: Sequence[NewClick]) -> Iterator[Fate]:
        """Store clicks together, or else each alone: one that cannot be stored must not cost the others theirs."""
        if not new_clicks or self._commit(new_clicks) is None:
            yield from repeat(Fate.STORED, len(new_clicks))
            return
        for number, click in enumerate(new_clicks):
            error = self._commit([click])
            yield (fate := _fate(error))
            if fate is Fate.REFUSED:
                log.error("click %s of link %s cannot be stored", click.id, click.link_id, exc_info=error)
            if fate is Fate.UNTRIED:
                self._leave(error)
                yield from repeat(Fate.UNTRIED, len(new_clicks) - number - 1)
                return

    def _commit(self, new_clicks: Sequence[NewClick]) -> Exception | None:
        """Store clicks in one transaction; give back what was in the way."""
        try:
            slugs = self._slugs()
            with db.writing() as connection:
                callbacks = record.record_all(connection, new_clicks, slugs)
        except Exception as error:  # whatever it is, no click is lost for it
            return error
        if callbacks:
            self._on_callbacks()
        self._come_back()
        return None

    def _tend(self) -> float:
        """Take in what is spooled. It also finds out whether the database takes clicks again.

        Gives seconds to leave it alone: to look at a full spool costs something, and requests need the processor too.
        """
        began = time.thread_time()
        try:
            self._kept.open()
            if all(self._take_in(file) for file in self._kept.files()):
                self._come_back()
        except SQLAlchemyError as error:
            self._leave(error)
        return min(10 * (time.thread_time() - began), 10.0)

    def _take_in(self, file: Spool) -> bool:
        """Store what a spool file holds, then free it; False where the database does not take it."""
        records, mark = file.read()
        new_clicks = self._kept.new_clicks(records)
        for start in range(0, len(new_clicks), CHUNK):
            chunk = new_clicks[start : start + CHUNK]
            for click, fate in zip(chunk, self._store(chunk), strict=True):
                if fate is Fate.UNTRIED:
                    return False
                if fate is Fate.REFUSED:
                    self._kept.put_aside(pack(click))
            self._serve(self._line.take(0))  # visitors who wait go first
        if records:
            file.free(mark)
            log.warning("%d spooled clicks were taken in", len(new_clicks))
        return True

    def _leave(self, reason: object) -> None:
        """Spool all clicks at once from now on, so that nobody waits for a database that takes nothing."""
        if not self._away:
            self._away = True
            log.error("the database takes no clicks, they are spooled from now on: %s", getattr(reason, "orig", reason))

    def _come_back(self) -> None:
        if self._away:
            self._away = False
            log.warning("the database takes clicks again")


def _fate(error: Exception | None) -> Fate:
    if error is None:
        return Fate.STORED
    if isinstance(error, IntegrityError | DataError) or not isinstance(error, SQLAlchemyError):
        return Fate.REFUSED
    unusable = isinstance(error, StatementError) and not isinstance(error, DBAPIError)
    return Fate.REFUSED if unusable else Fate.UNTRIED
