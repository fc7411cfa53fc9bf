"""Periods as people type them and see them, in their time zone."""

import datetime as dt

import pytest

from shortener.rules import local_time
from shortener.web.dashboard import periods

TOKYO, NEW_YORK = local_time.zone("Asia/Tokyo"), local_time.zone("America/New_York")


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def test_typed_times_are_of_the_zone() -> None:
    given = {"from": "2026-11-28T00:00", "to": "2026-11-28T12:00:30", "tag": "2026-11-28T00:00", "state": ""}
    assert periods.given(given, TOKYO) == {
        "from": "2026-11-27T15:00:00.000000Z",
        "to": "2026-11-28T03:00:30.000000Z",
        "tag": "2026-11-28T00:00",
    }
    assert periods.given({"to": "2026-11-28T00:00:00Z"}, TOKYO) == {"to": "2026-11-28T00:00:00Z"}


def test_a_time_shown_twice_makes_the_longer_period() -> None:
    given = periods.given({"from": "2026-11-01T01:30", "to": "2026-11-01T01:30"}, NEW_YORK)
    assert given == {"from": "2026-11-01T05:30:00.000000Z", "to": "2026-11-01T06:30:00.000000Z"}


@pytest.mark.parametrize("typed", ["2026-02-30T00:00", "0001-01-01T00:00", "0000-01-01T00:00"])
def test_impossible_times_are_left_to_the_check(typed: str) -> None:
    assert periods.given({"from": typed}, TOKYO) == {"from": f"{typed}Z"}


def test_fields_show_the_zones_time() -> None:
    assert periods.field(utc("2026-11-27T15:00"), TOKYO) == "2026-11-28T00:00"
    assert periods.field(None, TOKYO) == ""


@pytest.mark.parametrize(
    ("now", "hours"), [("2026-11-01T12:00", 25), ("2026-03-08T12:00", 23), ("2026-11-28T12:00", 24)]
)
def test_today_has_as_many_hours_as_the_day(now: str, hours: int) -> None:
    start, end = periods.last_days(utc(now), 1, NEW_YORK)
    assert end - start == dt.timedelta(hours=hours)
    assert start.astimezone(NEW_YORK).hour == end.astimezone(NEW_YORK).hour == 0
    assert periods.last_days(utc(now), 7, NEW_YORK)[1] == end
