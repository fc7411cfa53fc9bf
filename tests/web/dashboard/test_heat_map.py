"""First clicks by the hour of the week, in a time zone."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from shortener.reporting.message_counts import QUARTER
from shortener.rules.wire.moments import EPOCH
from shortener.web.dashboard import heat_map
from shortener.web.dashboard.heat_map import DAYS, HOURS, HeatMap

SUNDAY, MONDAY = 6, 0
# A Sunday.
START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def quarter(moment: dt.datetime) -> int:
    return (moment - EPOCH) // QUARTER


@pytest.mark.parametrize(
    ("zone", "day", "hour"), [("UTC", SUNDAY, 18), ("Asia/Tokyo", MONDAY, 3), ("Asia/Kathmandu", MONDAY, 0)]
)
def test_clicks_are_in_the_hours_of_the_zone(zone: str, day: int, hour: int) -> None:
    clicks = {
        quarter(START + dt.timedelta(hours=18, minutes=30)): 3,
        quarter(START + dt.timedelta(days=7, hours=18)): 0,
    }
    heat = heat_map.of(clicks, START, ZoneInfo(zone))
    assert heat.counts[day][hour] == 3
    assert sum(map(sum, heat.counts)) == 3
    assert heat.busiest == (day, hour)


def test_clicks_of_several_weeks_add_up() -> None:
    clicks = {quarter(START + dt.timedelta(days=7 * week, minutes=15 * week)): 2 for week in range(4)}
    assert heat_map.of(clicks, START, dt.UTC).counts[SUNDAY][0] == 8


def test_a_click_before_the_period_is_left_out() -> None:
    heat = heat_map.of({quarter(START) - 1: 1}, START, dt.UTC)
    assert (heat.most, heat.busiest) == (0, None)


def test_every_number_but_zero_has_a_color() -> None:
    counts = [[0] * HOURS for _ in range(DAYS)]
    counts[2][5:8] = [1, 500, 1000]
    heat = HeatMap(counts)
    assert [heat.level(count) for count in (0, 1, 200, 201, 500, 1000)] == [0, 1, 1, 2, 3, 5]
    assert heat.busiest == (2, 7)
