"""NAVER's times."""

import datetime as dt

import pytest

from shortener.vendors.sens import times

MOMENT = dt.datetime(2026, 11, 28, 12, 10, 0, 123_999, tzinfo=dt.UTC)


def test_times_are_korean_in_each_spelling() -> None:
    assert times.spaced(MOMENT) == "2026-11-28 21:10:00"
    assert times.seconds(MOMENT) == "2026-11-28T21:10:00"
    assert times.milliseconds(MOMENT) == "2026-11-28T21:10:00.123"


@pytest.mark.parametrize("text", ["2026-11-28 21:10:00", "2026-11-28T21:10:00", "2026-11-28T21:10:00.123"])
def test_both_spellings_are_read(text: str) -> None:
    assert times.read(text) == MOMENT.replace(microsecond=0)


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-28", "2026-11-28 21:10", "2026-13-28 21:10:00", "2026-11-28 24:00:00", "0001-01-01 00:00:00",
     "2026-11-28T21:10:00Z", "2026-11-28  21:10:00", "２０２６-11-28 21:10:00", "2026-11-28 21:10:00\n"],
)  # fmt: skip
def test_any_other_text_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="must be a time like"):
        times.read(text)


def test_a_reservation_has_its_own_zone() -> None:
    assert times.read_reserved("2026-11-28 21:10", times.SEOUL) == MOMENT.replace(second=0, microsecond=0)
    assert times.read_reserved("2026-11-28 21:10", "UTC").hour == 21


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2026-11-28 21:10:00", "UTC"),
        ("2026-11-28 21:10", "Seoul"),
        ("0001-01-01 00:00", "Asia/Seoul"),
        ("9999-12-31 23:59", "America/Adak"),
    ],
)
def test_a_wrong_reservation_is_refused(text: str, zone: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        times.read_reserved(text, zone)
