"""The days of a list, by the vendor's filter."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortener.errors import InvalidFieldsError
from shortener.vendors.xoxzo.sent_date import period

TODAY = dt.date(2026, 11, 22)
DAY = dt.timedelta(days=1)
COMPARISONS = {
    "=": lambda day, named: day == named,
    ">": lambda day, named: day > named,
    ">=": lambda day, named: day >= named,
    "<": lambda day, named: day < named,
    "<=": lambda day, named: day <= named,
}


def days(*filters: str) -> set[dt.date]:
    """The listed days up to today."""
    start, end = period(filters, TODAY)
    every = [TODAY - back * DAY for back in range(200)]
    return {day for day in every if start <= dt.datetime.combine(day, dt.time(12), dt.UTC) < end}


def test_without_a_filter_90_days_are_listed() -> None:
    assert days() == {TODAY - back * DAY for back in range(91)}


@pytest.mark.parametrize("comparison", COMPARISONS)
@given(named=st.dates(TODAY - 90 * DAY, dt.date.max))
def test_a_comparison_means_what_it_says(comparison: str, named: dt.date) -> None:
    assert days(f"sent_date{comparison}{named}") == {day for day in days() if COMPARISONS[comparison](day, named)}


def test_a_day_begins_and_ends_at_midnight_utc() -> None:
    start, end = period(["sent_date=2026-11-16"], TODAY)
    assert (start, end) == (dt.datetime(2026, 11, 16, tzinfo=dt.UTC), dt.datetime(2026, 11, 17, tzinfo=dt.UTC))


def test_two_filters_hold_together() -> None:
    assert days("sent_date>=2026-11-16", "sent_date<2026-11-18") == {dt.date(2026, 11, 16), dt.date(2026, 11, 17)}
    assert days("sent_date=2026-11-16", "sent_date=2026-11-17") == set()


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_a_day_91_days_back_is_refused(comparison: str) -> None:
    period([f"sent_date{comparison}{TODAY - 90 * DAY}"], TODAY)
    with pytest.raises(InvalidFieldsError) as refused:
        period([f"sent_date{comparison}{TODAY - 91 * DAY}"], TODAY)
    assert refused.value.fields == {"sent_date": ["Invalid sent_date"]}


@pytest.mark.parametrize(
    "text",
    [
        "sent_date",
        "sent_date=",
        "sent_date>",
        "sent_date2026-11-16",
        "sent_date==2026-11-16",
        "sent_date=>2026-11-16",
        "sent_date<>2026-11-16",
        "sent_date=2026-13-01",
        "sent_date=2026-02-29",
        "sent_date=0000-01-01",
        "sent_date=2026-11-16T00:00:00",
        "sent_date=20261116",
        "sent_date=2026-W47-1",
        "sent_date=２０２６-11-16",
        "sent_date= 2026-11-16",
        "sent_date=2026-11-16\n",
        "sent_date=yesterday",
        "sent_dates=2026-11-16",
    ],
)
def test_what_names_no_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidFieldsError) as refused:
        period([text], TODAY)
    assert refused.value.fields == {"sent_date": ["Invalid sent_date"]}
