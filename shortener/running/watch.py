"""What a process says about itself now and then, and what it reads for whoever watches the installation."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar, Final

from sqlalchemy.exc import SQLAlchemyError

from shortener.clicks.recorder import Recorder
from shortener.reporting import installation_numbers
from shortener.reporting.installation_numbers import InstallationNumbers
from shortener.storage import db
from shortener.storage.lookups import Readers
from shortener.storage.periodic import Periodic
from shortener.telemetry import metrics

PAUSE: Final = 5.0  # seconds between two samples
FRESH: Final = 10.0  # seconds for which numbers of the database are used again: a scrape must cost little
PATIENCE: Final = 3.0  # seconds that a scrape waits for them; Prometheus gives up after ten


class Watch(Periodic):
    """Samples this process's gauges in a thread, and keeps the newest numbers of the database."""

    thread_name: ClassVar[str] = "watch"
    subject: ClassVar[str] = "metrics of this process"

    def __init__(
        self, context: Callable[[], AbstractContextManager[object]], readers: Readers, recorder: Recorder
    ) -> None:
        super().__init__(context, PAUSE)
        self._readers, self._recorder = readers, recorder
        self._reading = threading.Lock()
        self._read_at: float | None = None
        self._numbers: InstallationNumbers | None = None
        self._reader: threading.Thread | None = None
        self._found: InstallationNumbers | None = None  # by the reader
        self._process: int | None = None

    def begin(self) -> None:
        """Count this process, and sample it from now on. Call it after a fork."""
        self._process = os.getpid()
        metrics.starts.add()
        self.work()
        self.start()

    def work(self) -> None:
        """Set this process's gauges; does nothing in a process that has not begun."""
        if self._process != os.getpid():
            return
        metrics.processes.set(1)
        in_use, opened, most = self._readers.counts()
        metrics.connections_used.set(in_use)
        metrics.connections_open.set(opened)
        metrics.connections_most.set(most)
        used, size = self._recorder.spool_bytes()
        metrics.spool_used.set(used)
        metrics.spool_size.set(size)

    def numbers(self) -> InstallationNumbers | None:
        """Return the installation's numbers, at most ten seconds old; None if the database does not answer soon."""
        with self._reading:
            if self._read_at is None or time.monotonic() - self._read_at >= FRESH:
                self._numbers = self._newest()
                self._read_at = time.monotonic()
            return self._numbers

    def _newest(self) -> InstallationNumbers | None:
        """Read in a thread of its own: a database that hangs is noticed later than a scrape may take."""
        if self._reader is None or not self._reader.is_alive():
            self._found = None
            self._reader = threading.Thread(target=self._read, name="numbers", daemon=True)
            self._reader.start()
        self._reader.join(PATIENCE)
        return None if self._reader.is_alive() else self._found

    def _read(self) -> None:
        try:
            with self._context(), db.read() as session:
                self._found = installation_numbers.read(session)
        except SQLAlchemyError:
            self._found = None
