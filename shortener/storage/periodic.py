"""A thread that works at intervals, and survives outages of the database."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar

from sqlalchemy.exc import SQLAlchemyError


class Periodic(ABC):
    """Work that is done at intervals until it is stopped."""

    thread_name: ClassVar[str]
    subject: ClassVar[str]  # what the log calls the work

    def __init__(self, context: Callable[[], AbstractContextManager[object]], pause: float) -> None:
        """`context` gives the thread its database; it waits `pause` seconds before each turn."""
        self._context, self.pause = context, pause
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def work(self) -> object:
        """Do what is due, in the context."""

    def start(self) -> None:
        """Run in its own thread. Call it after a fork: threads do not survive one."""
        self._thread = threading.Thread(target=self.run, name=self.thread_name, daemon=True)
        self._thread.start()

    def request_stop(self) -> None:
        """Ask the thread to end after its current transaction."""
        self._stopping.set()

    def stop(self, grace: float) -> None:
        """End the thread; waits at most `grace` seconds."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join(grace)

    def run(self) -> None:
        """Work until stopped; if the database is unavailable, try again later."""
        log = logging.getLogger(type(self).__module__)
        with self._context():
            while not self._stopping.wait(self.pause):
                try:
                    self.work()
                except SQLAlchemyError as error:
                    log.error("%s: trying again later: %s", self.subject, getattr(error, "orig", error))
                except Exception:  # the thread must survive every error
                    log.exception("%s: trying again later", self.subject)
