"""Clicks that wait for the recorder: in which order they are taken, how many at a time, and that each is told."""

import os
import threading
from collections.abc import Callable
from uuid import UUID

import pytest

from shortener.clicks.commit_queue import Line, Waiting
from shortener.clicks.record import NewClick
from shortener.rules.visitors.visitor import Verdict, Visitor
from tests.support.factories import NOW


def click(number: int) -> NewClick:
    return NewClick(number, UUID(int=number), NOW, Verdict(Visitor.PERSON, "browser"), counts=True)


def links(taken: list[Waiting]) -> list[int]:
    return [waiting.click.link_id for waiting in taken]


def while_others_work(monkeypatch: pytest.MonkeyPatch, *work: Callable[[], object]) -> list[int]:
    """Let these be done, one each time the taker lets others go first; how often it did."""
    rest, times = list(work), [0]

    def others() -> None:
        times[0] += 1
        if rest:
            rest.pop(0)()

    monkeypatch.setattr(os, "sched_yield", others)
    return times


def test_all_that_wait_are_taken_in_the_order_in_which_they_came() -> None:
    line = Line(3)
    for number in (2, 1, 3):
        line.join(click(number))
    assert len(line) == 3
    assert links(line.take(0)) == [2, 1, 3]
    assert line.take(0) == []


def test_where_there_is_no_room_nobody_joins() -> None:
    line = Line(1)
    assert line.join(click(1)) is not None
    assert line.join(click(2)) is None
    line.take(0)
    assert line.join(click(3)) is not None


def test_those_who_are_about_to_join_share_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(9)
    line.join(click(1))
    times = while_others_work(monkeypatch, lambda: line.join(click(2)), lambda: line.join(click(3)), lambda: None)
    assert links(line.take(0)) == [1, 2, 3]
    assert times == [3]


def test_a_lone_click_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Line(9)
    line.join(click(1))
    times = while_others_work(monkeypatch)
    assert links(line.take(0)) == [1]
    assert times == [1]


def test_the_first_one_ends_the_wait() -> None:
    line = Line(9)
    joining = threading.Timer(0.05, line.join, [click(1)])
    joining.start()
    assert links(line.take(30)) == [1]
    joining.join()


def test_a_closed_line_is_over_once_the_last_one_is_taken() -> None:
    line = Line(9)
    line.join(click(1))
    line.close()
    assert not line.is_over
    assert links(line.take(30)) == [1]
    assert line.is_over
    assert line.take(30) == []


@pytest.mark.parametrize("stored", [True, False])
def test_a_request_is_told_what_became_of_its_click(stored: bool) -> None:
    waiting = Waiting(click(1))
    assert waiting.outcome(0) is None
    waiting.settle(stored=stored)
    assert waiting.outcome(0) is stored
