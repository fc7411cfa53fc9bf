"""Msgids: their characters, their order, and that none is drawn twice."""

import datetime as dt
import re

import pytest

from shortener.messages import msgid

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MILLISECOND = dt.timedelta(milliseconds=1)


@pytest.mark.parametrize("now", [NOW, dt.datetime(1970, 1, 1, tzinfo=dt.UTC), dt.datetime(9999, 12, 31, tzinfo=dt.UTC)])
def test_msgids_are_unique_and_well_formed(now: dt.datetime) -> None:
    drawn = msgid.draw(500, now)
    assert len(set(drawn)) == 500
    assert all(re.fullmatch("[A-Za-z0-9]{32}", one) for one in drawn)


def test_later_msgids_sort_behind_earlier_ones() -> None:
    drawn = [msgid.draw(1, NOW + number * 37 * MILLISECOND)[0] for number in range(500)]
    assert drawn == sorted(drawn)


def test_msgids_of_one_moment_share_only_the_time() -> None:
    drawn = msgid.draw(100, NOW)
    assert len({one[:8] for one in drawn}) == 1
    assert all(len({one[place] for one in drawn}) > 10 for place in range(8, msgid.LENGTH))
