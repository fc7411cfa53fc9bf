"""The thread for clicks: it takes requests for slugs alone, and no click waits for one that takes long."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from shortener.running import gunicorn_lane
from shortener.running.gunicorn_lane import Lane, is_click

HEAD = b"GET /AbCdEfGhIj HTTP/1.1\r\nHost: a.example\r\n"


def lane(handle: Callable[[Any], object]) -> Any:
    return Lane(handle, logging.getLogger(__name__))


@pytest.mark.parametrize(
    "request_bytes",
    [HEAD + b"\r\n", HEAD.replace(b"GET", b"HEAD") + b"\r\n", HEAD.replace(b"Ij ", b"Ij?a=%E6&b ") + b"\r\n"],
)
def test_a_request_for_a_slug_is_a_click(request_bytes: bytes) -> None:
    assert is_click(request_bytes)


@pytest.mark.parametrize(
    "request_bytes",
    [
        HEAD.replace(b"GET", b"POST") + b"\r\n",
        HEAD.replace(b"/AbCdEfGhIj", b"/v1/messages") + b"\r\n",
        HEAD.replace(b"/AbCdEfGhIj", b"/AbCdEfGhIjK") + b"\r\n",
        HEAD + b"CONTENT-length: 3\r\n\r\nabc",
        HEAD + b"Accept: */*\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Expect: 100-continue\r\n\r\n",
        HEAD.replace(b"Host: a.example", b"Content-Length: 3") + b"\r\nabc",
    ],
)
def test_other_requests_are_no_clicks(request_bytes: bytes) -> None:
    assert not is_click(request_bytes)


def test_a_thread_handles_clicks_in_order() -> None:
    handled: SimpleQueue[int] = SimpleQueue()
    clicks = lane(handled.put)
    for number in range(3):
        clicks.add(number)
    assert [handled.get(timeout=10) for _ in range(3)] == [0, 1, 2]


def test_a_failed_click_does_not_end_the_thread() -> None:
    handled: SimpleQueue[int] = SimpleQueue()

    def handle(number: int) -> None:
        handled.put(1 // number)

    clicks = lane(handle)
    clicks.add(0)
    clicks.add(1)
    assert handled.get(timeout=10) == 1


def test_overdue_clicks_are_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    began, may_end = threading.Event(), threading.Event()
    handled: SimpleQueue[int] = SimpleQueue()

    def handle(number: int) -> None:
        handled.put(number)
        began.set()
        assert may_end.wait(10)

    clicks = lane(handle)
    clicks.add(1)
    assert began.wait(10)
    for number in (2, 3):
        clicks.add(number)
    monkeypatch.setattr(gunicorn_lane, "PATIENCE", 60.0)
    assert clicks.overdue() == []
    assert clicks.is_waited_for
    monkeypatch.setattr(gunicorn_lane, "PATIENCE", -1.0)
    assert clicks.overdue() == [2, 3]
    assert not clicks.is_waited_for
    may_end.set()
    clicks.add(4)
    assert [handled.get(timeout=10) for _ in range(2)] == [1, 4]
