"""Numbers that processes count together: nothing is lost when a process ends, whatever ended it."""

import os
import signal
from collections.abc import Callable

from shortener.telemetry.shared_numbers import SharedNumbers

GAUGE, COUNTER = 0, 5


def numbers(rows: int = 4) -> SharedNumbers:
    return SharedNumbers(rows=rows, numbers=8, momentary=2)


def add(to: SharedNumbers, count: float) -> None:
    to.own[GAUGE] = 1
    to.own[COUNTER] += count


def in_child(work: Callable[[], object]) -> None:
    """Work in a forked process that is then killed."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def test_what_killed_processes_counted_remains() -> None:
    shared = numbers()
    add(shared, 1)
    for _ in range(6):  # more processes than rows
        in_child(lambda: add(shared, 10))
    assert shared.totals()[COUNTER] == 61


def test_gauges_of_ended_processes_are_left_out() -> None:
    shared = numbers()
    add(shared, 0)
    in_child(lambda: add(shared, 0))
    assert shared.totals()[GAUGE] == 1


def test_living_processes_see_each_others_numbers() -> None:
    shared = numbers()
    add(shared, 1)
    reading, writing = os.pipe()

    def count_and_tell() -> None:
        add(shared, 2)
        os.write(writing, bytes(map(int, shared.totals())))

    in_child(count_and_tell)
    seen = os.read(reading, 8)
    assert (seen[GAUGE], seen[COUNTER]) == (2, 3)
    os.close(reading)
    os.close(writing)


def test_a_process_without_a_row_counts_alone() -> None:
    shared = numbers(rows=1)
    add(shared, 1)
    reading, writing = os.pipe()

    def count_and_tell() -> None:
        add(shared, 10)
        os.write(writing, bytes(map(int, shared.totals())))

    in_child(count_and_tell)
    assert os.read(reading, 8)[COUNTER] == 11
    assert shared.totals()[COUNTER] == 1
    os.close(reading)
    os.close(writing)
