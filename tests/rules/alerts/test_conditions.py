"""When incidents begin and end."""

import datetime as dt

import pytest

from shortener.rules.alerts import conditions
from shortener.rules.alerts.conditions import MOST_RECEIVERS, Failing

NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("used", "limit", "kind"),
    [
        (79, 100, None),
        (80, 100, "limit_near"),
        (99, 100, "limit_near"),
        (100, 100, "limit_reached"),
        (0, 0, None),
        (5, None, None),
        (1, 1, "limit_reached"),
    ],
)
def test_a_limit_is_told_at_eighty_percent_and_full(used: int, limit: int | None, kind: str | None) -> None:
    assert conditions.limit_kind(used, limit) == kind


def test_an_account_has_few_receivers_told() -> None:
    failing = [Failing(1, f"https://{number}:443", NOW - HOUR, NOW) for number in range(MOST_RECEIVERS + 1)]
    other = Failing(2, "https://a:443", NOW - HOUR, NOW)
    assert conditions.to_tell([*failing, other], {(1, "https://0:443")}) == [*failing[1:-1], other]


def test_only_failures_over_an_hour_are_told() -> None:
    short = Failing(1, "https://a:443", NOW - 3 * HOUR, NOW - 3 * HOUR + HOUR / 2)
    assert conditions.to_tell([short], set()) == []


def test_a_check_looks_back_beyond_the_last_one() -> None:
    assert conditions.exhausted_since(NOW, NOW - 5 * HOUR) == NOW - 6 * HOUR
    assert conditions.exhausted_since(NOW, None) == NOW - HOUR


@pytest.mark.parametrize(
    ("waiting", "minutes", "is_over"), [(0, 4, False), (0, 5, True), (1, 60, False), (1, 1440, True)]
)
def test_a_spool_with_clicks_is_not_over(waiting: int, minutes: int, is_over: bool) -> None:
    seen_on = NOW - dt.timedelta(minutes=minutes)
    assert conditions.spool_is_over(waiting, seen_on, NOW) is is_over
