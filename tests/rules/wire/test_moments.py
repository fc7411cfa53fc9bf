"""Moments keep their microseconds and their zone."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules.wire.moments import from_micros, rfc3339, to_micros

TOKYO = dt.timezone(dt.timedelta(hours=9))


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_a_moment_is_read_back_exactly(moment: dt.datetime) -> None:
    assert from_micros(to_micros(moment)) == moment


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_micros(dt.datetime(2026, 11, 22))  # noqa: DTZ001 - that is what is refused


def test_a_moment_is_written_in_utc_with_six_decimals() -> None:
    assert rfc3339(dt.datetime(2025, 11, 16, 18, 30, 0, 5, tzinfo=TOKYO)) == "2025-11-16T09:30:00.000005Z"
