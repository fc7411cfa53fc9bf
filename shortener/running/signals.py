"""Signals that end a process: received without a lock, and handled by a thread.

Python runs a signal's handler between two steps of the main thread. If the handler needed a lock that the main thread
holds at that moment (of an Event, of a starting Thread, of a thread pool), it would wait forever. And if the main
thread waits for a lock while the system delivers the signal to another thread, the handler does not run at all. So
Python writes the number of each signal into a pipe as it arrives (`set_wakeup_fd`), and a thread reads the pipe.

Python forgets a signal that a new process receives before Python's own part of the fork has ended. So the system holds
signals back during a fork, and in the new process until that listens.
"""

import contextlib
import logging
import os
import select
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

log = logging.getLogger(__name__)

GRACE = 30  # seconds in which a process must end
NOTICE = 1.0  # seconds after which the process logs what it is waiting for
PARENT_CHECK = 1.0  # seconds between two checks whether the parent process is alive
AT_ONCE = 5.0  # seconds in which a process ends after the second Ctrl-C
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class SignalPipe:
    """A pipe with the signals that arrived, in order."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def listen(self, *instead_of_handlers: int) -> None:
        """Receive all signals that have a handler; give these one that does nothing. Call it in the main thread."""
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in instead_of_handlers:
            signal.signal(number, _nothing)
        release()

    def note(self, number: int) -> None:
        """Add a signal that arrived by other means. Takes no lock, so handlers may call it."""
        with contextlib.suppress(OSError):  # the pipe is full: thousands of signals are unread
            os.write(self._write, bytes([number]))

    def wait(self, seconds: float | None) -> bytes:
        """Wait at most `seconds` for a signal; return the numbers of those that end a process. None: no limit."""
        ready, _, _ = select.select([self._read], [], [], seconds)
        return bytes(number for number in os.read(self._read, 64) if number in SIGNALS) if ready else b""


def hold_during_forks() -> None:
    """From now on, the signals that end a process wait while it forks, and in a new process until it listens."""
    os.register_at_fork(before=_hold, after_in_parent=release)


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)


def release() -> None:
    """Receive the signals that were held, and from now on all."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal without a handler would not be written into the pipe."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """How to end a process."""

    stop: Callable[[], None]  # asks it to finish its work and end
    at_once: Callable[[], None]  # stores and returns unfinished work
    waits_for: Callable[[], str]  # describes what it is waiting for


def follow(signals: SignalPipe, shutdown: Shutdown, *, parent: int | None = None) -> None:
    """Handle signals in a thread; the second Ctrl-C ends the process at once, and its `parent`'s end ends it too."""
    threading.Thread(target=_follow, args=(signals, shutdown, parent), name="signals", daemon=True).start()


def _follow(signals: SignalPipe, shutdown: Shutdown, parent: int | None) -> None:
    interrupts = _first(signals, parent).count(signal.SIGINT)
    shutdown.stop()
    interrupts += _more(signals, NOTICE)
    if interrupts < 2:
        sentence = "stopping: waiting for %s, at most %d s; a second Ctrl-C ends it at once without losing anything"
        log.warning(sentence, shutdown.waits_for(), GRACE)
    while interrupts < 2:
        interrupts += signals.wait(None).count(signal.SIGINT)
    _end_at_once(shutdown)


def _more(signals: SignalPipe, seconds: float) -> int:
    """Count further Ctrl-Cs within some seconds; other signals, such as the parent's, may arrive in between."""
    ends, interrupts = time.monotonic() + seconds, 0
    while interrupts == 0 and (left := ends - time.monotonic()) > 0:
        interrupts += signals.wait(left).count(signal.SIGINT)
    return interrupts


def _first(signals: SignalPipe, parent: int | None) -> bytes:
    while not (numbers := signals.wait(PARENT_CHECK if parent else None)):
        if parent and os.getppid() != parent:
            return bytes([signal.SIGTERM])
    return numbers


def _end_at_once(shutdown: Shutdown) -> None:
    log.warning("stopping at once: attempts in flight are returned to the queue")
    late = threading.Timer(AT_ONCE, os._exit, [0])  # in case the database hangs
    late.daemon = True
    late.start()
    try:
        shutdown.at_once()
    except Exception:
        log.exception(
            "stopping at once: not everything could be returned to the queue; it is retried when its lease ends"
        )
    finally:
        os._exit(0)
