"""Types of NAVER's fields."""

import datetime as dt

import pytest

from shortener.vendors.sens.fields import reserved_on, size


@pytest.mark.parametrize(("text", "bytes_"), [("", 0), ("abc", 3), ("안녕", 4), ("a안\n", 4), ("😀", 2)])
def test_text_is_measured_as_carriers_do(text: str, bytes_: int) -> None:
    assert size(text) == bytes_


def test_a_reservation_is_read_in_seoul_by_default() -> None:
    faults: dict[str, list[str]] = {}
    assert reserved_on("2026-11-28 21:10", None, faults) == dt.datetime(2026, 11, 28, 12, 10, tzinfo=dt.UTC)
    assert reserved_on(None, "nowhere", faults) is None
    assert faults == {}


@pytest.mark.parametrize(
    ("text", "zone", "field"), [("tomorrow", None, "reserveTime"), ("2026-11-28 21:10", "Seoul", "reserveTimeZone")]
)
def test_a_wrong_reservation_is_a_fault(text: str, zone: str | None, field: str) -> None:
    faults: dict[str, list[str]] = {}
    assert reserved_on(text, zone, faults) is None
    assert list(faults) == [field]
