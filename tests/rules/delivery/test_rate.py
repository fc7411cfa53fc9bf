"""A rate of starts: never more in a second than it says and a tenth, and never less if there is work."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.delivery.rate import SLACK, Rate

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def starts(rate: Rate, looks: list[dt.datetime]) -> list[tuple[dt.datetime, int]]:
    """What starts at each look, if there is always work."""
    next_on, found = None, []
    for now in looks:
        count = rate.allowed(next_on, now)
        next_on = rate.after(next_on, now, count)
        found.append((now, count))
    return found


@pytest.mark.parametrize(("per_second", "at_once"), [(0.5, 1), (1, 1), (10, 1), (29, 2), (100, 10), (2000, 200)])
def test_a_tenth_of_a_second_may_start_at_once(per_second: float, at_once: int) -> None:
    assert Rate(per_second).allowed(None, NOW) == at_once


def test_the_next_start_waits_its_share() -> None:
    rate = Rate(4)
    next_on = rate.after(None, NOW, 1)
    assert (rate.allowed(next_on, NOW), rate.wait(next_on, NOW)) == (0, 0.25)
    assert rate.allowed(next_on, NOW + SECOND / 4) == 1
    assert rate.wait(next_on, NOW + SECOND / 4) == 0


def test_an_idle_minute_is_not_saved_up() -> None:
    rate = Rate(10)
    assert rate.allowed(rate.after(None, NOW, 1), NOW + 60 * SECOND) == 1


def test_a_moment_from_a_wrong_clock_is_ignored() -> None:
    rate = Rate(10)
    assert rate.allowed(NOW + 400 * 86_400 * SECOND, NOW) == 1
    assert rate.allowed(NOW + SLACK, NOW) == 0  # a clock may be a little ahead


@given(
    st.floats(0.2, 3000),
    st.lists(st.floats(0, 0.4), min_size=1, max_size=60).map(lambda gaps: [sum(gaps[:n]) for n in range(len(gaps))]),
)
def test_no_second_has_more_than_the_rate_allows(per_second: float, offsets: list[float]) -> None:
    found = starts(Rate(per_second), [NOW + dt.timedelta(seconds=offset) for offset in offsets])
    for first, _ in found:
        within = sum(count for now, count in found if first <= now < first + SECOND)
        assert within <= per_second + max(per_second * 0.1, 1)


@pytest.mark.parametrize("per_second", [3, 10, 97, 1000])
def test_constant_work_reaches_the_rate(per_second: int) -> None:
    found = starts(Rate(per_second), [NOW + number * SECOND / 50 for number in range(500)])
    assert abs(sum(count for _, count in found) - 10 * per_second) <= per_second * 0.1 + 1
