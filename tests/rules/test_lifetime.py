"""Lifetimes: durations, dates and times, and what is none of them."""

import datetime as dt

import pytest

from shortener.rules import lifetime

NOW = dt.datetime(2026, 11, 30, 9, tzinfo=dt.UTC)


@pytest.mark.parametrize(("text", "hours"), [("30m", 0.5), ("24h", 24), (" 90d ", 2160)])
def test_a_duration_has_a_number_and_a_unit(text: str, hours: float) -> None:
    assert lifetime.duration(text) == dt.timedelta(hours=hours)


@pytest.mark.parametrize("text", ["", "90", "d", "-1d", "1.5h", "1w", "99999999d", "١d"])
def test_other_texts_are_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="such as 30m, 24h or 90d"):
        lifetime.duration(text)


@pytest.mark.parametrize(
    ("text", "ends_on"),
    [
        ("90d", NOW + dt.timedelta(days=90)),
        ("2027-01-01", dt.datetime(2027, 1, 1, tzinfo=dt.UTC)),
        ("2027-01-01T09:00:00Z", dt.datetime(2027, 1, 1, 9, tzinfo=dt.UTC)),
        ("2027-01-01T09:00:00+09:00", dt.datetime(2027, 1, 1, tzinfo=dt.UTC)),
    ],
)
def test_an_end_is_a_duration_or_a_time(text: str, ends_on: dt.datetime) -> None:
    assert lifetime.end(text, now=NOW) == ends_on


@pytest.mark.parametrize("text", ["", "soon", "2027-13-01", "9999-12-31T23:59:59-01:00"])
def test_other_texts_are_no_end(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date such as"):
        lifetime.end(text, now=NOW)


@pytest.mark.parametrize("text", ["2026-11-30", "2026-11-30T09:00:00Z", "0m"])
def test_an_end_is_in_the_future(text: str) -> None:
    with pytest.raises(ValueError, match="must be in the future"):
        lifetime.end(text, now=NOW)
