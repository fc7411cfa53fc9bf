"""Failed tries: a number of them is free in each minute, and memory is bounded."""

from shortener.rules.failed_tries import WINDOW, FailedTries


def test_failures_beyond_the_free_ones_wait() -> None:
    tries = FailedTries(free=2)
    assert [tries.fail("a", now) for now in (10, 11, 12.5, 60)] == [(1, 0), (2, 0), (3, 57.5), (4, 10)]


def test_each_window_has_free_failures_again() -> None:
    tries = FailedTries(free=1)
    assert [tries.fail("a", now)[1] for now in (10, 11, 10 + WINDOW, 11 + WINDOW)] == [0, 59, 0, 59]


def test_others_failures_do_not_count() -> None:
    tries = FailedTries(free=1)
    assert [tries.fail(who, 0)[1] for who in "aabac"] == [0, WINDOW, 0, WINDOW, 0]


def test_only_the_latest_who_failed_are_remembered() -> None:
    tries = FailedTries(free=1, most_counted=2)
    for who in ("a", "b", "a", "c"):  # c pushes b out
        tries.fail(who, 0)
    assert len(tries) == 2
    assert tries.fail("a", 0)[0] == 3
    assert tries.fail("b", 0)[0] == 1
