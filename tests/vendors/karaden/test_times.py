"""The vendor's times."""

import datetime as dt

import pytest

from shortener.vendors.karaden import times

AT = dt.datetime(2026, 11, 28, 12, 10, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-28T21:10:00+09:00", "2026-11-28 21:10:00+09:00", "2026-11-28T12:10:00Z", "2026-11-28T21:10:00"),
        *("2026-11-28T21:10", "20261128T211000+0900"),
    ],
)
def test_the_clients_times_are_read(text: str) -> None:
    assert times.read(text) == AT


@pytest.mark.parametrize("value", ["", "x", 5, None, "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", "\0"])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be a time like"):
        times.read(value)


def test_a_time_is_written_with_the_offset_of_japan() -> None:
    """Python before 3.11 cannot read `Z`."""
    assert times.written(AT) == "2026-11-28T21:10:00+09:00"
    assert times.written_or_none(None) is None
