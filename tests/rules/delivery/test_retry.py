"""What follows an attempt: the waits, their random spread, and Retry-After."""

import datetime as dt
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.config.settings import Settings
from shortener.rules.delivery.retry import (
    Delivered,
    Exhausted,
    Judgement,
    RetryAfter,
    judge,
    parse_retry_after,
    seconds_until,
)

# The contract's: 5 s, 30 s, 2 m, 10 m, 30 m, 1 h, 3 h, 6 h, 12 h, 24 h.
MINUTE, HOUR, YEAR = 60, 3600, 31_556_952
TABLE = [5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR]
MIDDLE, LAST_CHANCE = 0.5, 1 - 2**-53  # random() is in [0, 1)
NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
NOT_DELIVERED = [None, 100, 201, 202, 204, 206, 299, 301, 302, 304, 400, 401, 404, 408, 410, 429, 500, 502, 503, 599]

statuses = st.none() | st.integers(100, 599)
waits_lists = st.lists(st.floats(0, 604_800), max_size=10)
chances = st.floats(0, 1, exclude_max=True)
retry_afters = st.none() | st.floats(0, 1e12)


def after(
    used: int, *, status: int | None = 500, retry_after: float | None = None, chance: float = MIDDLE
) -> Judgement:
    return judge(is_delivered=status == 200, used=used, waits=TABLE, retry_after=retry_after, chance=chance)


def seconds(judgement: Judgement) -> float:
    assert isinstance(judgement, RetryAfter)
    return judgement.seconds


@pytest.mark.parametrize(("used", "wait"), list(enumerate(TABLE, 1)))
def test_each_retry_waits_its_step_spread_by_a_fifth(used: int, wait: int) -> None:
    assert seconds(after(used, chance=0)) == pytest.approx(wait * 0.8)
    assert seconds(after(used, chance=MIDDLE)) == pytest.approx(wait)
    assert wait < seconds(after(used, chance=LAST_CHANCE)) <= wait * 1.2


def test_the_default_setting_is_the_table() -> None:
    assert list(Settings(secret_key="k" * 32).callback_waits) == TABLE


def test_ten_failed_retries_exhaust_a_callback() -> None:
    assert [type(after(used)) for used in range(1, 12)] == [RetryAfter] * 10 + [Exhausted]


@pytest.mark.parametrize("used", [1, 6, 11, 25])
def test_a_success_delivers_on_whichever_attempt(used: int) -> None:
    assert after(used, status=200) == Delivered()
    assert after(used, status=200, retry_after=60) == Delivered()


@pytest.mark.parametrize("status", NOT_DELIVERED)
def test_every_other_outcome_uses_up_one_attempt(status: int | None) -> None:
    assert isinstance(after(1, status=status), RetryAfter)
    assert isinstance(after(11, status=status), Exhausted)


def test_without_waits_there_is_one_attempt() -> None:
    assert judge(is_delivered=False, used=1, waits=[], retry_after=None, chance=MIDDLE) == Exhausted()


@pytest.mark.parametrize(
    ("asked", "granted"), [(0, 30), (29.9, 30), (30, 30), (45, 45), (60, 60), (60.1, 60), (99_999_999, 60)]
)
@pytest.mark.parametrize("status", [None, 302, 429, 503])
def test_retry_after_is_bounded_by_the_step(status: int | None, asked: float, granted: float) -> None:
    assert after(2, status=status, retry_after=asked, chance=0) == RetryAfter(granted)


@given(statuses, st.integers(1, 30), waits_lists, retry_afters, chances)
def test_every_retry_lies_within_twice_the_step(
    status: int | None, used: int, waits: list[float], retry_after: float | None, chance: float
) -> None:
    judgement = judge(is_delivered=status == 200, used=used, waits=waits, retry_after=retry_after, chance=chance)
    if isinstance(judgement, RetryAfter):
        assert 0 <= waits[used - 1] * 0.8 <= judgement.seconds <= waits[used - 1] * 2


@given(waits_lists, st.data())
def test_the_number_of_waits_bounds_the_retries(waits: list[float], data: st.DataObject) -> None:
    for used in range(1, len(waits) + 2):
        status = data.draw(statuses)
        judgement = judge(
            is_delivered=status == 200, used=used, waits=waits, retry_after=data.draw(retry_afters), chance=MIDDLE
        )
        if not isinstance(judgement, RetryAfter):
            assert isinstance(judgement, Delivered if status == 200 else Exhausted)
            assert status == 200 or used == len(waits) + 1
            return
    pytest.fail("the callback has no end")


@pytest.mark.parametrize(("value", "asked"), [("0", 0), ("120", 120), (" 7 ", 7), ("99999999", 99_999_999), ("007", 7)])
def test_seconds_are_read(value: str, asked: float) -> None:
    assert parse_retry_after(value) == asked


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 22 Nov 2026 09:01:30 GMT",
        "Sunday, 22-Nov-26 09:01:30 GMT",
        "Sun Nov 22 09:01:30 2026",
        "Sun, 22 Nov 2026 18:01:30 +0900",
        "Sun, 22 Nov 2026 09:01:30 -0000",
    ],
)
def test_every_http_date_format_is_read(value: str) -> None:
    assert seconds_until(parse_retry_after(value), NOW) == 90


def test_a_date_in_the_past_asks_for_nothing() -> None:
    assert seconds_until(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), NOW) == 0


GARBAGE = [
    *["", " ", "-5", "+5", "1.5", "1e3", "0x10", "5s", "5, 10", "soon", "\uff15", "٣", "²", "NaN", "inf"],
    *["Sun, 99 Nov 2026 09:01:30 GMT", "Sun, 22 Nov 99999 09:01:30 GMT"],
    *["Sun, 22 Nov 2026 09:01:30 +9999", f"Sun, 22 Nov {'9' * 5000} 09:01:30 GMT", ",", ", ,", "Nov", "20x6"],
]


@pytest.mark.parametrize("value", [None, *GARBAGE])
def test_a_value_that_says_nothing_counts_as_none(value: str | None) -> None:
    assert parse_retry_after(value) is None


def test_a_huge_retry_after_is_no_error() -> None:
    asked = parse_retry_after("9" * 10_000)
    assert isinstance(asked, float)
    assert after(1, status=503, retry_after=asked) == RetryAfter(10)


@given(st.text() | st.text("0123456789 ,:+-GMTSunNovJan", max_size=40))
def test_whatever_a_receiver_sends_is_a_wish_or_nothing(value: str) -> None:
    asked = seconds_until(parse_retry_after(value), NOW)
    assert asked is None or asked >= 0


@given(st.integers(-100 * YEAR, 7900 * YEAR))
def test_every_date_that_can_be_written_is_read(distance: int) -> None:
    written = format_datetime(NOW + dt.timedelta(seconds=distance), usegmt=True)
    assert seconds_until(parse_retry_after(written), NOW) == max(distance, 0)
