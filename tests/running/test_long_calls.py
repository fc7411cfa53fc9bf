"""Places for long calls: an account gets a share, another account still gets a place, and stalled calls make room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.running.long_calls import PATIENCE, LongCall, LongCalls, LostSlotError

ONE, OTHER = 1, 2


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def begin(calls: LongCalls, account_id: int = ONE) -> LongCall:
    call = calls.begin(account_id)
    assert call is not None
    return call


def fill(calls: LongCalls, account_id: int = ONE) -> list[LongCall]:
    """Take as many places as an account can get."""
    taken = []
    while call := calls.begin(account_id):
        taken.append(call)
    return taken


@pytest.mark.parametrize(("threads", "most"), [(1, 1), (2, 1), (4, 2), (8, 3), (16, 6), (128, 48)])
def test_an_account_gets_half_of_three_quarters(threads: int, most: int) -> None:
    assert abs(len(fill(LongCalls(threads))) - most) <= (threads == 4)


@pytest.mark.parametrize("threads", [8, 16])
def test_another_account_still_gets_a_place(threads: int) -> None:
    calls = LongCalls(threads)
    fill(calls)
    assert fill(calls, OTHER)


def test_a_call_that_ends_makes_room_once() -> None:
    calls = LongCalls(8)
    first, *_ = fill(calls)
    for _ in range(3):
        first.end()
    assert len(fill(calls)) == 1


def test_a_stalled_call_loses_a_wanted_place() -> None:
    clock = Clock()
    calls = LongCalls(8, clock)
    stalled = [call for account in range(10) for call in fill(calls, account)]
    assert calls.begin(99) is None
    clock.now += PATIENCE
    begin(calls, 99)
    for call in stalled:
        with pytest.raises(LostSlotError):
            call.progress()


def test_a_call_with_progress_keeps_its_place() -> None:
    clock = Clock()
    calls = LongCalls(8, clock)
    taken = [call for account in range(10) for call in fill(calls, account)]
    clock.now += PATIENCE
    for call in taken:
        call.progress()
    assert calls.begin(99) is None


def test_without_waiting_calls_none_loses_its_place() -> None:
    clock = Clock()
    call = begin(LongCalls(8, clock))
    clock.now += 10 * PATIENCE
    call.progress()


@given(st.integers(2, 32), st.lists(st.integers(1, 6), max_size=60))
def test_a_thread_stays_free_whatever_stands_still(threads: int, accounts: list[int]) -> None:
    """Also after places were lost, because their threads are not free yet."""
    clock = Clock()
    calls = LongCalls(threads, clock)
    taken = []
    for account_id in accounts:
        taken.append(calls.begin(account_id))
        clock.now += PATIENCE
    assert sum(call is not None for call in taken) < threads
