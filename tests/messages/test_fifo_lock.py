"""A lock that threads get in the order in which they ask."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from shortener.messages.fifo_lock import FifoLock
from tests.support.waiting import WITHIN, until


def test_threads_get_the_lock_in_order() -> None:
    line, order = FifoLock(WITHIN), []

    def work(number: int) -> None:
        with line.held():
            order.append(number)

    def has_come(count: int) -> bool:
        return len(line) == count

    with ThreadPoolExecutor(8) as pool, line.held():
        for number in range(8):
            pool.submit(work, number)
            until(partial(has_come, number + 2))
        assert order == []
    assert order == list(range(8))
    assert len(line) == 0


def test_only_one_thread_holds_the_lock() -> None:
    line, lock = FifoLock(WITHIN), threading.Lock()

    def work(_: int) -> bool:
        with line.held():
            alone = lock.acquire(blocking=False)
            threading.Event().wait(0.001)  # other threads could run meanwhile
            if alone:
                lock.release()
            return alone

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(64)))


def test_a_thread_stops_waiting_after_its_limit() -> None:
    line = FifoLock(0.01)

    def work() -> str:
        with line.held():
            return "done"

    with ThreadPoolExecutor(1) as pool, line.held():
        assert pool.submit(work).result(WITHIN) == "done"
        assert len(line) == 1
    assert len(line) == 0


def test_the_next_thread_follows_a_failed_one() -> None:
    line, leave = FifoLock(0.01), threading.Event()

    def late() -> None:
        with line.held():
            leave.wait(WITHIN)

    with ThreadPoolExecutor(1) as pool:
        with line.held():
            waits = pool.submit(late)
            until(lambda: len(line) == 2)
        leave.set()
        waits.result(WITHIN)
    with pytest.raises(ValueError, match="failed"), line.held():
        raise ValueError("failed")
    with line.held():
        assert len(line) == 1
