"""How a process is told to end: signals that are heard without a lock, and what follows from them.

A signal's handler runs between two steps of the main thread. For a lock that the main thread holds at that moment - of
an Event, of a Thread that starts, of a pool of threads - it would wait for ever. And where the main thread itself waits
for a lock while the system gives the signal to another thread, the handler does not run at all. So Python writes the
signal's number into a pipe as it comes (`set_wakeup_fd`), and a thread that reads it does what follows.
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

GRACE = 30  # seconds that a process may take to end
SOON = 1.0  # seconds after which it is said what is being waited for
LOOK = 1.0  # seconds between two looks whether the parent lives
AT_ONCE = 5.0  # seconds that the second Ctrl-C may take
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


class Heard:
    """The signals that came, in their order."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def listen(self, *instead_of_handlers: int) -> None:
        """Hear all signals that have a handler; give these one that does nothing. From the main thread."""
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in instead_of_handlers:
            signal.signal(number, _nothing)

    def note(self, number: int) -> None:
        """Hear of a signal by other means; for a handler too, since it takes no lock."""
        with contextlib.suppress(OSError):  # full: it holds thousands of signals that nobody has read yet
            os.write(self._write, bytes([number]))

    def wait(self, seconds: float | None) -> bytes:
        """Wait for a signal for so many seconds, or for as long as it takes; give the numbers of those that end us."""
        ready, _, _ = select.select([self._read], [], [], seconds)
        return bytes(number for number in os.read(self._read, 64) if number in SIGNALS) if ready else b""


def _nothing(_number: int, _frame: FrameType | None) -> None:
    """A signal without a handler would not be heard."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ends."""

    stop: Callable[[], None]  # tells it to end in order
    at_once: Callable[[], None]  # stores and gives back what is at hand
    waits_for: Callable[[], str]  # says what it still waits for


def follow(heard: Heard, ending: Ending, *, child: bool = False) -> None:
    """Do in a thread what signals ask for; after the second Ctrl-C it is gone. A `child` ends with its parent."""
    threading.Thread(target=_follow, args=(heard, ending, child), name="signals", daemon=True).start()


def _follow(heard: Heard, ending: Ending, child: bool) -> None:
    interrupts = _first(heard, child).count(signal.SIGINT)
    ending.stop()
    interrupts += _more(heard, SOON)
    if interrupts < 2:
        sentence = "stopping: waiting for %s, at most %d s; a second Ctrl-C ends it at once, and loses nothing"
        log.warning(sentence, ending.waits_for(), GRACE)
    while interrupts < 2:
        interrupts += heard.wait(None).count(signal.SIGINT)
    _end_at_once(ending)


def _more(heard: Heard, seconds: float) -> int:
    """Count the further Ctrl-Cs of so many seconds: a parent that ends its children is heard in between."""
    ends, interrupts = time.monotonic() + seconds, 0
    while interrupts == 0 and (left := ends - time.monotonic()) > 0:
        interrupts += heard.wait(left).count(signal.SIGINT)
    return interrupts


def _first(heard: Heard, child: bool) -> bytes:
    parent = os.getppid()
    while not (numbers := heard.wait(LOOK if child else None)):
        if child and os.getppid() != parent:
            return bytes([signal.SIGTERM])
    return numbers


def _end_at_once(ending: Ending) -> None:
    log.warning("stopping at once: attempts in flight are given back, to be made again")
    late = threading.Timer(AT_ONCE, os._exit, [0])  # for a database that hangs
    late.daemon = True
    late.start()
    try:
        ending.at_once()
    except Exception:
        log.exception("stopping at once: not everything could be given back; it is taken up when its lease ends")
    finally:
        os._exit(0)
