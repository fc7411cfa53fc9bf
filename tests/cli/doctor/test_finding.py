"""Findings: how times and sizes are written, and errors of a check."""

import datetime as dt
from collections.abc import Iterator

import pytest

from shortener.cli.doctor.finding import Finding, State, guarded, lasting, ok, sized


@pytest.mark.parametrize(
    ("seconds", "written"), [(0, "0 s"), (59.9, "59 s"), (-90, "1 min"), (7200, "2 h"), (90000, "1 d")]
)
def test_a_time_has_its_largest_unit(seconds: float, written: str) -> None:
    assert lasting(dt.timedelta(seconds=seconds)) == written


@pytest.mark.parametrize(("size", "written"), [(0, "0 MiB"), (5 << 20, "5 MiB"), (3 << 29, "1.5 GiB")])
def test_a_size_has_its_largest_unit(size: int, written: str) -> None:
    assert sized(size) == written


def test_an_unexpected_error_becomes_a_fault() -> None:
    def find() -> Iterator[Finding]:
        yield ok("disk", "fine")
        raise RuntimeError("first line\nsecond line")

    first, second = guarded("disk", find)
    assert first.state is State.OK
    assert (second.state, second.sentence) == (State.FAULT, "This check ended with an error: first line")
