"""Quiet hours: how they are written, when they begin and end."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules import local_time, quiet_hours
from shortener.rules.quiet_hours import QuietHours
from tests.rules.test_local_time import MINUTE, moments, utc, zones

NIGHT = QuietHours.parse("20:00-08:00")
SEOUL = local_time.zone("Asia/Seoul")
NEW_YORK = local_time.zone("America/New_York")
clock_times = st.builds(dt.time, st.integers(0, 23), st.integers(0, 59))
any_hours = st.builds(QuietHours, clock_times, clock_times).filter(lambda hours: hours.start != hours.end)


@pytest.mark.parametrize(
    ("text", "hours", "zone"),
    [
        ("20:00-08:00", "20:00-08:00", None),
        ("20:00-08:00 Asia/Seoul", "20:00-08:00", "Asia/Seoul"),
        ("  00:00-23:59   UTC ", "00:00-23:59", "UTC"),
    ],
)
def test_hours_are_read_with_their_zone(text: str, hours: str, zone: str | None) -> None:
    found, name = quiet_hours.parse(text)
    assert (str(found), name) == (hours, zone)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20:00",
        "8:00-20:00",
        "20:00-24:00",
        "20:60-08:00",
        "20:00-20:00",
        "20:00 - 08:00",
        "٢٠:00-08:00",
        "20:00-08:00\n",
    ],
    ids=ascii,
)
def test_unclear_hours_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must be two different times|must be a time zone"):
        QuietHours.parse(text)


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a time zone"):
        quiet_hours.parse("20:00-08:00 Asia/Soul")


@pytest.mark.parametrize(
    ("moment", "end"),
    [
        ("2026-11-28T10:59", None),  # 19:59 in Seoul
        ("2026-11-28T11:00", "2026-11-28T23:00"),
        ("2026-11-28T15:00", "2026-11-28T23:00"),  # midnight
        ("2026-11-28T22:59", "2026-11-28T23:00"),
        ("2026-11-28T23:00", None),
    ],
)
def test_a_night_lasts_over_midnight(moment: str, end: str | None) -> None:
    assert NIGHT.end_after(utc(moment), SEOUL) == (end and utc(end))


@pytest.mark.parametrize(("moment", "is_quiet"), [("11:59", False), ("12:00", True), ("13:59", True), ("14:00", False)])
def test_hours_within_a_day_end_that_day(moment: str, is_quiet: bool) -> None:
    end = QuietHours.parse("12:00-14:00").end_after(utc(f"2026-11-28T{moment}"), local_time.zone("UTC"))
    assert end == (utc("2026-11-28T14:00") if is_quiet else None)


@pytest.mark.parametrize(
    ("hours", "moment", "end"),
    [
        ("20:00-02:30", "2026-03-08T06:59", "2026-03-08T07:00"),  # 02:30 is skipped: until the clock goes forward
        ("20:00-02:30", "2026-03-08T07:00", None),
        ("02:30-08:00", "2026-03-08T06:59", None),
        ("02:30-08:00", "2026-03-08T07:00", "2026-03-08T12:00"),
        ("02:15-02:45", "2026-03-08T07:00", None),  # skipped wholly
        ("20:00-01:30", "2026-11-01T05:45", "2026-11-01T06:30"),  # 01:30 comes twice: until the second
        ("20:00-01:30", "2026-11-01T06:30", None),
        ("01:30-08:00", "2026-11-01T05:30", "2026-11-01T13:00"),  # from the first
        ("01:30-08:00", "2026-11-01T06:10", "2026-11-01T13:00"),
    ],
)
def test_changes_of_the_clock_do_not_divide_a_night(hours: str, moment: str, end: str | None) -> None:
    assert QuietHours.parse(hours).end_after(utc(moment), NEW_YORK) == (end and utc(end))


@given(any_hours)
def test_written_hours_are_read_again(hours: QuietHours) -> None:
    assert quiet_hours.parse(f"{hours} UTC") == (hours, "UTC")


@given(any_hours, moments, zones)
def test_clocks_decide_what_is_quiet(hours: QuietHours, moment: dt.datetime, zone: ZoneInfo) -> None:
    shown = moment.astimezone(zone).time()
    is_after_start, is_before_end = shown >= hours.start, shown < hours.end
    is_shown = is_after_start and is_before_end if hours.start < hours.end else is_after_start or is_before_end
    is_quiet = hours.end_after(moment, zone) is not None
    if is_shown:
        assert is_quiet
    elif is_quiet:  # only where a clock that is put back shows a time again
        assert any(
            (moment + dt.timedelta(hours=n)).astimezone(zone).utcoffset() != moment.astimezone(zone).utcoffset()
            for n in range(-2, 3)
        )


@given(any_hours, moments, zones)
def test_the_end_ends_the_quiet_hours(hours: QuietHours, moment: dt.datetime, zone: ZoneInfo) -> None:
    end = hours.end_after(moment, zone)
    if end is not None:
        assert moment < end <= moment + dt.timedelta(hours=26)
        assert hours.end_after(end - MINUTE if end - MINUTE > moment else moment, zone) == end
        following = hours.end_after(end, zone)
        assert following is None or following > end
