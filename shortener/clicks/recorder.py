"""The recorder: commits clicks that arrive together in one transaction, and spools what the database does not accept.

Each process has one thread for this. A request queues its click and is answered after the commit. If that does not
come in a short time, the click is spooled, under the same id, and the visitor redirected. If it cannot be spooled
either, the request waits a little longer, and then asks the visitor to try again. The thread imports spooled clicks, of
its own process and of processes that have ended, as soon as the database accepts them.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

from sqlalchemy.exc import SQLAlchemyError

from shortener.clicks.commit_queue import CommitQueue, QueuedClick, Then
from shortener.clicks.new_click import NewClick
from shortener.clicks.spool import ClickSpool, pack
from shortener.clicks.store import ClickStore, Result
from shortener.config.settings import Settings
from shortener.files.spool_file import SpoolFile
from shortener.rules.slug import Slugs
from shortener.storage import db
from shortener.telemetry import metrics

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds that a request waits for its click's commit
LAST_PATIENCE = 3.0  # seconds more, if the click cannot be spooled
RETRY = 0.2  # seconds between two attempts to queue such a click
QUEUE_LIMIT = 1000  # clicks
PAUSE = 1.0  # seconds between two looks at the spool
MOST_IMPORTING = 10.0  # seconds that the pause may grow by after reading a large spool
IMPORT = 200  # spooled clicks in one transaction; others want to write too


class Recorder:
    """Stores clicks in its own thread, which begins with `start` or with the first click."""

    def __init__(
        self,
        context: Callable[[], AbstractContextManager[object]],
        settings: Settings,
        slugs: Callable[[], Slugs],
        on_callbacks: Callable[[], None],
        *,
        patience: float = PATIENCE,
        last_patience: float = LAST_PATIENCE,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        """`context` gives the thread its database; for `slugs` and `on_callbacks` see ClickStore."""
        self._context = context
        self._patience, self._last_patience, self._queue_limit = patience, last_patience, queue_limit
        self._threads = settings.threads
        # At most half of the threads may wait for the last attempt; the others must stay free to answer.
        self._last_attempts = threading.BoundedSemaphore(max(1, settings.threads // 2))
        self._store = ClickStore(slugs, on_callbacks)
        self._spool = ClickSpool(settings.spool_folder, settings.spool_bytes, name=lambda: slugs().encode(0))
        self.queue = CommitQueue(queue_limit)
        self._starting = threading.Lock()
        self._process: int | None = None  # the process that the thread runs in: threads do not survive a fork

    def start(self) -> None:
        """Start the thread, unless it runs in this process. Call it after a fork, or two processes own one spool."""
        with self._starting:
            if self._process == os.getpid():
                return
            self._spool.close()  # after a fork, because the file is the parent's
            self.queue = CommitQueue(self._queue_limit)
            self._helpers = ThreadPoolExecutor(self._threads, "recorder-helper")  # starts threads when they are needed
            self._stopped = threading.Event()
            self._thread = threading.Thread(target=self._run, args=(self.queue,), name="recorder", daemon=True)
            self._thread.start()
            watching = (self.queue, self._stopped)
            threading.Thread(target=self._watch, args=watching, name="recorder-watch", daemon=True).start()
            self._process = os.getpid()

    def stop(self, grace: float) -> None:
        """Store the queued clicks and end the thread; waits at most `grace` seconds."""
        if self._process == os.getpid():
            self.queue.close()
            self._thread.join(grace)
            self._stopped.set()
            self._take_over(self.queue, 0)
            self._helpers.shutdown(wait=False)
            self._process = None

    def record(self, click: NewClick) -> bool:
        """Store or spool a click: True when it is on disk; False if that was impossible, and the click is lost."""
        if self._process != os.getpid():
            self.start()
        queued = self.queue.put(click) if self._store.is_available else None
        stored = queued.wait(self._patience) if queued else False
        if stored is None:
            self._store.mark_unavailable(f"no answer within {self._patience:g} s")
        return stored or self._keep(click, queued if stored is None else None)

    def record_later(self, click: NewClick, then: Then) -> None:
        """Call `then` with what `record` would return, from another thread; waits for nothing itself."""
        if self._process != os.getpid():
            self.start()
        if not self._store.is_available or self.queue.put(click, then) is None:
            self._helpers.submit(self._keep_and_tell, click, None, then)

    def _keep_and_tell(self, click: NewClick, queued: QueuedClick | None, then: Then) -> None:
        self._tell(click, then, stored=self._keep(click, queued))

    def _tell(self, click: NewClick, then: Then, *, stored: bool) -> None:
        try:
            then(stored)
        except Exception:  # the others must be answered
            log.exception("click %s was not answered", click.id)

    def _keep(self, click: NewClick, queued: QueuedClick | None) -> bool:
        """Spool a click that is not stored, or not yet; False if that is impossible, and the click is lost."""
        if self._spool.add(click):
            metrics.spooled.add()
            return True
        if self._try_longer(click, queued):
            return True
        self._spool.count_lost(click)
        return False

    def _watch(self, queue: CommitQueue, stopped: threading.Event) -> None:
        """Spool the clicks whose commit does not come in time."""
        while not stopped.wait(max(0.01, self._patience - queue.longest_wait())):
            try:
                self._take_over(queue, self._patience)
            except Exception:
                log.exception("clicks whose commit does not come could not be spooled")

    def _take_over(self, queue: CommitQueue, patience: float) -> None:
        for queued, then in queue.take_over(patience):
            self._store.mark_unavailable(f"no answer within {self._patience:g} s")
            self._helpers.submit(self._keep_and_tell, queued.click, queued, then)

    def _try_longer(self, click: NewClick, queued: QueuedClick | None) -> bool:
        """Queue a click that cannot be spooled until the database accepts it; False when time is up."""
        if not self._last_attempts.acquire(blocking=False):
            return False
        try:
            ends = time.monotonic() + self._last_patience
            while (left := ends - time.monotonic()) > 0:
                queued = queued or self.queue.put(click)
                if queued is not None and queued.wait(left):
                    return True
                if queued is not None:
                    self.queue.remove(queued)  # the visitor is answered 503, so the click need not be stored
                queued = None
                time.sleep(min(RETRY, max(0.0, ends - time.monotonic())))
            return False
        finally:
            self._last_attempts.release()

    def counts(self) -> tuple[int, int]:
        """Return how many clicks are in this folder's spool files, and how many were lost."""
        return self._spool.counts()

    def spool_bytes(self) -> tuple[int, int]:
        """Return how many bytes of this process's spool file clicks take, and how many it has; zeros without one."""
        return self._spool.bytes()

    def fault(self) -> str | None:
        """Say why no click can be spooled; None if one can. SQLAlchemyError while the database is unavailable."""
        return self._spool.fault()

    def _run(self, queue: CommitQueue) -> None:
        with self._context():
            next_import = 0.0
            while not queue.is_finished:
                try:
                    if time.monotonic() >= next_import:
                        next_import = time.monotonic() + PAUSE
                        next_import += self._import_spooled()
                    if queue.wait(PAUSE):
                        self._store_queued(queue)
                except Exception:
                    log.exception("the recorder failed; it continues")
            self._store.close()
            self._spool.close()

    def _store_queued(self, queue: CommitQueue) -> None:
        """Store the queued clicks, and let each request continue as soon as its own click is committed."""
        with db.turn():  # before they are taken: clicks that arrive while we wait for it share the commit
            batch = queue.take_all(0)
            results = self._store.store([queued.click for queued in batch])
        for queued, result in zip(batch, results, strict=True):
            stored = result is Result.STORED
            then = self.queue.settle(queued, stored=stored)
            if then is not None and stored:
                self._tell(queued.click, then, stored=True)
            elif then is not None:
                self._helpers.submit(self._keep_and_tell, queued.click, None, then)

    def _import_spooled(self) -> float:
        """Store the spooled clicks; the first one that is stored shows that the database accepts clicks again.

        Returns seconds by which to delay the next import: reading a full spool takes processor time from requests.
        """
        began = time.thread_time()
        try:
            self._spool.open()
            for file in self._spool.files():
                if not self._import(file):
                    break
        except SQLAlchemyError as error:
            self._store.mark_unavailable(error)
        return min(10 * (time.thread_time() - began), MOST_IMPORTING)

    def _import(self, file: SpoolFile) -> bool:
        """Store the clicks of a spool file, then free it; False if the database does not accept them."""
        records, end = file.read()
        new_clicks = self._spool.new_clicks(records)
        for start in range(0, len(new_clicks), IMPORT):
            some = new_clicks[start : start + IMPORT]
            for click, result in zip(some, self._store.store(some), strict=True):
                if result is Result.UNAVAILABLE:
                    return False
                if result is Result.REJECTED:
                    self._spool.set_aside(pack(click))
            self._store_queued(self.queue)  # visitors who are waiting go first
        if records:
            file.free(end)
            log.warning("imported %d spooled clicks", len(new_clicks))
        return True
