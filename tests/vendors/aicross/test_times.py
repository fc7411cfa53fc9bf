"""The vendor's times, which are Japan's."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.vendors.aicross import times

AT = dt.datetime(2026, 11, 28, 12, 10, 3, 120_000, tzinfo=dt.UTC)


def test_a_minute_is_read_as_japans() -> None:
    assert times.minute("2026-11-28 21:10") == AT.replace(second=0, microsecond=0)


def test_a_day_begins_at_midnight_in_japan() -> None:
    assert times.day("20261128") == (
        dt.datetime(2026, 11, 27, 15, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 28, 15, tzinfo=dt.UTC),
    )
    assert times.today(AT) == times.day("20261128")
    assert times.today(AT.replace(hour=15)) == times.day("20261129")


def test_a_month_ends_where_the_next_begins() -> None:
    assert times.month("202611") == (
        dt.datetime(2026, 10, 31, 15, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 30, 15, tzinfo=dt.UTC),
    )
    assert times.month("202612")[1] == dt.datetime(2026, 12, 31, 15, tzinfo=dt.UTC)


@pytest.mark.parametrize("reader", [times.minute, times.day, times.month])
@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "2026-11-28", "2026-11-28 21:10:00", "2026-11-28T21:10", "2026-02-30 00:00", " 20261128"),
        *("20261301", "202613", "00010101", "000101", "0001-01-01 00:00", "99991231", "999912", "9999-12-31 23:59"),
        *("２０２６１１２８", "20261128\n", "-2026112"),
    ],
)
def test_what_is_no_time_is_refused(reader: object, text: str) -> None:
    assert callable(reader)
    with pytest.raises(ValueError):  # noqa: PT011 - nobody reads the sentence
        reader(text)


@given(st.integers(0, 2_000_000_000))
def test_what_is_written_can_be_read(seconds: int) -> None:
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC)
    assert times.minute(times.written_minute(moment)) == moment.replace(second=0, microsecond=0)
    start, end = times.day(times.written_day(moment))
    assert start <= moment < end


def test_each_form_is_the_vendors() -> None:
    assert times.written_milliseconds(AT) == "20261128 211003120"
    assert times.written_second(AT) == "2026/11/28 21:10:03"
    assert times.written_minute(AT) == "2026-11-28 21:10"
    assert times.written_day(AT) == "20261128"
