"""Local times on ordinary days, and when a clock is put forward or back."""

import datetime as dt
import os
import subprocess
import sys
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.rules import local_time
from shortener.rules.local_time import Width

MINUTE = dt.timedelta(minutes=1)
# Clocks change by an hour, by half an hour, over midnight, at midnight, never, and once by a whole day.
ZONES = (
    "UTC",
    "Asia/Seoul",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/Havana",
    "Atlantic/Azores",
    "Asia/Beirut",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Africa/Casablanca",
)
zones = st.sampled_from(ZONES).map(local_time.zone)
START, END = dt.datetime.fromisoformat("2025-01-01T00:00"), dt.datetime.fromisoformat("2030-01-01T00:00")
moments = st.datetimes(START, END, timezones=st.just(dt.UTC))
local_times = moments.map(lambda moment: moment.replace(second=0, microsecond=0, tzinfo=None))


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("name", "local", "first", "last"),
    [
        ("UTC", "2026-11-01T00:00", "2026-11-01T00:00", "2026-11-01T00:00"),
        ("Asia/Seoul", "2026-11-01T00:00", "2026-10-31T15:00", "2026-10-31T15:00"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:00", "2026-03-08T07:00"),  # skipped
        ("America/New_York", "2026-03-08T02:00", "2026-03-08T07:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-03-08T03:00", "2026-03-08T07:00", "2026-03-08T07:00"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30", "2026-11-01T06:30"),  # shown twice
        ("America/New_York", "2026-11-01T02:00", "2026-11-01T07:00", "2026-11-01T07:00"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30", "2026-10-03T15:30"),
        ("Asia/Beirut", "2026-03-29T00:30", "2026-03-28T22:00", "2026-03-28T22:00"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00", "2011-12-30T10:00"),  # a day that was left out
    ],
)
def test_changes_of_the_clock_are_known(name: str, local: str, first: str, last: str) -> None:
    zone = local_time.zone(name)
    naive = dt.datetime.fromisoformat(local)
    assert (local_time.first(naive, zone), local_time.last(naive, zone)) == (utc(first), utc(last))


@given(local_times, zones)
def test_clocks_show_the_time_or_skip_it(local: dt.datetime, zone: dt.tzinfo) -> None:
    first, last = local_time.first(local, zone), local_time.last(local, zone)
    shown = first.astimezone(zone).replace(tzinfo=None, fold=0)
    assert first <= last
    if shown == local:
        assert last.astimezone(zone).replace(tzinfo=None, fold=0) == local
    else:  # skipped: the minute before shows an earlier time
        assert first == last
        assert (first - MINUTE).astimezone(zone).replace(tzinfo=None) < local < shown


@given(moments, zones)
def test_a_moment_is_in_its_months_period(moment: dt.datetime, zone: dt.tzinfo) -> None:
    begins_on, ends_on = local_time.month_period(moment, zone)
    assert begins_on <= moment < ends_on
    assert local_time.month(begins_on, zone) == local_time.month(moment, zone) != local_time.month(ends_on, zone)
    assert local_time.month_period(ends_on, zone)[0] == ends_on
    assert local_time.month_period(ends_on - MINUTE, zone) == (begins_on, ends_on)


@pytest.mark.parametrize(
    ("name", "month"), [("UTC", "2026-11"), ("Asia/Seoul", "2026-12"), ("America/New_York", "2026-11")]
)
def test_the_month_is_the_zones(name: str, month: str) -> None:
    assert local_time.month(utc("2026-11-30T15:00"), local_time.zone(name)) == month


def begun(name: str, start: str, end: str, width: Width) -> list[str]:
    found = local_time.begins(utc(start), utc(end), local_time.zone(name), width)
    return [moment.strftime("%m-%dT%H:%M") for moment in found]


@pytest.mark.parametrize(
    ("name", "start", "end", "width", "begins"),
    [
        ("Asia/Kathmandu", "2026-11-28T18:15", "2026-11-30T18:15", Width.DAY, ["11-28T18:15", "11-29T18:15"]),
        ("America/New_York", "2026-11-01T03:59", "2026-11-02T05:00", Width.DAY, ["10-31T04:00", "11-01T04:00"]),  # 25 h
        ("America/New_York", "2026-03-08T05:00", "2026-03-09T04:01", Width.DAY, ["03-08T05:00", "03-09T04:00"]),  # 23 h
        ("Asia/Beirut", "2026-03-28T22:00", "2026-03-29T12:00", Width.DAY, ["03-28T22:00"]),  # begins at 01:00
        ("Asia/Tokyo", "2026-11-28T14:00", "2026-11-30T15:01", Width.WEEK, ["11-22T15:00", "11-29T15:00"]),
        ("Asia/Kolkata", "2026-11-28T10:00", "2026-11-28T11:00", Width.HOUR, ["11-28T09:30", "11-28T10:30"]),
        (
            "America/New_York",
            "2026-11-01T05:00",
            "2026-11-01T08:00",
            Width.HOUR,
            ["11-01T05:00", "11-01T06:00", "11-01T07:00"],
        ),
        (
            "Australia/Lord_Howe",
            "2026-10-03T14:30",
            "2026-10-03T17:00",
            Width.HOUR,
            ["10-03T14:30", "10-03T16:00"],
        ),  # 90 min
        (
            "Pacific/Apia",
            "2011-12-29T10:00",
            "2012-01-01T00:00",
            Width.DAY,
            ["12-29T10:00", "12-30T10:00", "12-31T10:00"],
        ),
    ],
)
def test_pieces_begin_by_the_zones_clock(name: str, start: str, end: str, width: Width, begins: list[str]) -> None:
    assert begun(name, start, end, width) == begins


@given(moments, zones, st.sampled_from(Width))
def test_pieces_cover_the_period_without_gap(moment: dt.datetime, zone: ZoneInfo, width: Width) -> None:
    end = moment + dt.timedelta(days=3)
    found = local_time.begins(moment, end, zone, width)
    assert found[0] <= moment and (len(found) == 1 or found[1] > moment)
    assert found == sorted(set(found)) and found[-1] < end
    locally = [begin.astimezone(zone) for begin in found]
    assert all(local.minute == 0 for local in locally if width is Width.HOUR)
    assert all(local.weekday() == 0 for local in locally if width is Width.WEEK)


def test_a_stored_zone_that_is_gone_is_utc() -> None:
    assert [local_time.zone_or_utc(name).key for name in ("Asia/Tokyo", "Mars/Olympus", None)] == [
        "Asia/Tokyo",
        "UTC",
        "UTC",
    ]


@pytest.mark.parametrize(
    "name",
    ["", "Asia", "Seoul", "asia/seoul", "../UTC", "/etc/localtime", "localtime", "a\0", "é", "\ud800"],
    ids=ascii,
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="must be a time zone of the IANA database"):
        local_time.zone(name)


def test_zones_need_no_data_of_the_machine() -> None:
    program = (
        "import zoneinfo; from shortener.rules import local_time as own; print(zoneinfo.TZPATH, *map(own.zone, %r))"
    )
    environment = {**os.environ, "PYTHONTZPATH": ""}
    run = subprocess.run(
        [sys.executable, "-c", program % (ZONES,)], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == ["()", *ZONES]
