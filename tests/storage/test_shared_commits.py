"""What arrives while others run is taken in; what is alone is not kept waiting."""

import os

import pytest

from shortener.storage.shared_commits import let_requests_in


@pytest.mark.parametrize("there", ["", "a"])
@pytest.mark.parametrize(("arriving", "yields"), [("", 1), ("b", 2), ("bc", 3)])
def test_the_queue_grows_until_nobody_comes(
    monkeypatch: pytest.MonkeyPatch, there: str, arriving: str, yields: int
) -> None:
    queued, coming, calls = list(there), list(arriving), []

    def sched_yield() -> None:
        calls.append(len(queued))
        queued.extend(coming[:1])
        del coming[:1]

    monkeypatch.setattr(os, "sched_yield", sched_yield)
    let_requests_in(queued)
    assert queued == [*there, *arriving]
    assert len(calls) == yields
