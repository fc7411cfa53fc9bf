"""The commit queue: order, limit, and the answer to each request."""

import os
import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from shortener.clicks.commit_queue import CommitQueue, QueuedClick
from shortener.clicks.new_click import NewClick
from shortener.rules.visitors.visitor import Verdict, Visitor
from tests.support.factories import NOW


def click(number: int) -> NewClick:
    return NewClick(number, UUID(int=number), NOW, Verdict(Visitor.PERSON, "browser"), counts=True)


def links(taken: list[QueuedClick]) -> list[int]:
    return [queued.click.link_id for queued in taken]


def at_each_yield(monkeypatch: pytest.MonkeyPatch, *work: Callable[[], object]) -> list[int]:
    """Run one of these at each `sched_yield`; return a list whose only item counts the calls."""
    rest, times = list(work), [0]

    def sched_yield() -> None:
        times[0] += 1
        if rest:
            rest.pop(0)()

    monkeypatch.setattr(os, "sched_yield", sched_yield)
    return times


def test_clicks_are_taken_in_order_of_arrival() -> None:
    queue = CommitQueue(3)
    for number in (2, 1, 3):
        queue.put(click(number))
    assert len(queue) == 3
    assert links(queue.take_all(0)) == [2, 1, 3]
    assert queue.take_all(0) == []


def test_a_full_queue_takes_no_click() -> None:
    queue = CommitQueue(1)
    assert queue.put(click(1)) is not None
    assert queue.put(click(2)) is None
    queue.take_all(0)
    assert queue.put(click(3)) is not None


def test_running_requests_share_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = CommitQueue(9)
    queue.put(click(1))
    times = at_each_yield(monkeypatch, lambda: queue.put(click(2)), lambda: queue.put(click(3)), lambda: None)
    assert links(queue.take_all(0)) == [1, 2, 3]
    assert times == [3]


def test_a_single_click_is_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = CommitQueue(9)
    queue.put(click(1))
    times = at_each_yield(monkeypatch)
    assert links(queue.take_all(0)) == [1]
    assert times == [1]


def test_waiting_ends_with_the_first_click() -> None:
    queue = CommitQueue(9)
    joining = threading.Timer(0.05, queue.put, [click(1)])
    joining.start()
    assert queue.wait(30)
    assert links(queue.take_all(30)) == [1]
    joining.join()


def test_a_closed_queue_finishes_when_empty() -> None:
    queue = CommitQueue(9)
    queue.put(click(1))
    queue.close()
    assert not queue.is_finished
    assert links(queue.take_all(30)) == [1]
    assert queue.is_finished
    assert not queue.wait(30)
    assert queue.take_all(30) == []


@pytest.mark.parametrize("stored", [True, False])
def test_a_request_learns_whether_its_click_is_stored(stored: bool) -> None:
    queued = QueuedClick(click(1))
    assert queued.wait(0) is None
    queued.settle(stored=stored)
    assert queued.wait(0) is stored


def test_a_settled_click_returns_its_call_once() -> None:
    queue, then = CommitQueue(9), lambda _: None
    queued = queue.put(click(1), then)
    assert queued is not None
    assert queue.settle(queued, stored=True) is then
    assert queue.take_over(0) == []


def test_clicks_that_waited_long_are_taken_over(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, then, now = CommitQueue(9), lambda _: None, [100.0]
    monkeypatch.setattr("shortener.clicks.commit_queue.time.monotonic", lambda: now[0])
    assert queue.longest_wait() == 0
    first = queue.put(click(1), then)
    queue.put(click(2))  # its request waits itself
    now[0] += 2
    queue.put(click(3), then)
    assert queue.longest_wait() == 2
    assert queue.take_over(2) == [(first, then)]
    assert first is not None
    assert queue.settle(first, stored=True) is None
    assert queue.longest_wait() == 0
