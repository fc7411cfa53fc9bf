"""Times as the vendor writes and reads them."""

import datetime as dt

import pytest
from pydantic import TypeAdapter, ValidationError

from shortener.vendors.infobip import moments

READ = TypeAdapter(moments.Time).validate_python
NOON = dt.datetime(2026, 11, 28, 12, tzinfo=dt.UTC)


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    there = dt.timezone(dt.timedelta(hours=9))
    assert moments.write(NOON.replace(microsecond=120_999)) == "2026-11-28T12:00:00.120+0000"
    assert moments.write(dt.datetime(2026, 11, 28, 21, tzinfo=there)) == "2026-11-28T12:00:00.000+0000"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28T12:00:00.000+0000",
        "2026-11-28T12:00:00.000000Z",
        "2026-11-28T12:00:00Z",
        "2026-11-28T21:00:00.000+09:00",
        "2026-11-28T21:00:00.000 0900",
        "2026-11-28T12:00:00.000 00:00",
        "2026-11-28T07:00:00-05:00",
    ],
)
def test_every_way_to_write_a_time_is_read(text: str) -> None:
    assert READ(text) == NOON


@pytest.mark.parametrize(
    "value",
    ["", "now", "2026-11-28T12:00:00", "9999-12-31T23:59:59Z", "2026-13-01", 7, None, ["x"], "\ud800"],
)
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        READ(value)
