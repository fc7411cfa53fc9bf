"""Let the writers of a SQLite file take turns: the threads of a process, and processes.

SQLite lets only one write at a time, and others retry after pauses that grow to 100 ms, even while nobody writes. This
only orders those who wait: SQLite's own lock still decides. So a program that takes no turns, such as a backup, works
beside ours, and who has waited for too long asks SQLite, which raises the right error.
"""

import contextlib
import fcntl
import mmap
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PAUSE: Final = 0.005  # seconds between two attempts, if nobody rings: the other process did not inherit our bell
_writers = threading.RLock()
_inner = 0  # how many turns of the thread that holds `_writers` lie in one another
# Web processes inherit these from their common parent. The first is 1 while somebody may be waiting for the bell.
_is_awaited = mmap.mmap(-1, 1)
_heard, _rung = os.pipe()
os.set_blocking(_heard, False)
os.set_blocking(_rung, False)


@contextmanager
def turn(database: str | None, within: float) -> Iterator[None]:
    """Run the block while no other thread or process has a turn, or without one after `within` seconds.

    A process that dies gives its turn back. `database` is the file, or what SQLite calls a database in memory.
    """
    global _inner
    ends = time.monotonic() + within
    if not _writers.acquire(timeout=within):
        yield
        return
    held = None if _inner or not database or database == ":memory:" else _enter(Path(database).parent, ends)
    _inner += 1
    try:
        yield
    finally:
        _inner -= 1
        if held is not None:
            _leave(held)
        _writers.release()


def _enter(folder: Path, ends: float) -> int | None:
    """Return a descriptor that holds the folder's lock; None if time is up, or if the folder cannot be locked.

    The folder rather than a file: it is there, and copies of the data do not contain it. Locking the database's own
    file would be wrong, because closing it would take SQLite's locks from it.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        if _wait(descriptor, ends):
            return descriptor
    except OSError:  # the file system has no locks
        pass
    os.close(descriptor)
    return None


def _wait(descriptor: int, ends: float) -> bool:
    """Lock the folder when it is free; return whether that was in time."""
    while not _is_locked(descriptor):
        _is_awaited[0] = 1
        if _is_locked(descriptor):  # it may have been freed before somebody was awaiting that
            break
        if time.monotonic() >= ends:
            return False
        poll = select.poll()
        poll.register(_heard, select.POLLIN)
        if poll.poll(PAUSE * 1000):
            with contextlib.suppress(BlockingIOError):  # another process was faster
                os.read(_heard, 64)
    return True


def _is_locked(descriptor: int) -> bool:
    """Lock the folder if it is free; return whether we have it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _leave(descriptor: int) -> None:
    """Free the folder, and wake those who wait for it."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing would not, if a process was forked meanwhile
    if _is_awaited[0]:
        _is_awaited[0] = 0
        with contextlib.suppress(BlockingIOError):  # it rings already
            os.write(_rung, b"!")
    os.close(descriptor)


def _forget() -> None:
    """In a forked process, forget the turn of a thread that exists only in its parent."""
    global _writers, _inner
    _writers, _inner = threading.RLock(), 0


os.register_at_fork(after_in_child=_forget)
