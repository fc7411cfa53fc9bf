"""Families: every series has its place, and only known labels are taken."""

import pytest

from shortener.telemetry.families import BUCKETS, Book, Counter, Gauge, Histogram, Names
from shortener.telemetry.shared_numbers import SharedNumbers


@pytest.fixture
def book() -> Book:
    return Book(SharedNumbers(rows=2, numbers=64, momentary=16))


def found(family: Counter | Gauge | Histogram, book: Book) -> dict[tuple[str, ...], list[float]]:
    return {values: list(numbers) for values, numbers in family.series(book.numbers.totals())}


def test_each_series_is_counted_by_itself(book: Book) -> None:
    counter, gauge = Counter(book, "c", "C.", one=("a", "b"), two=("x",)), Gauge(book, "g", "G.")
    counter.add("a", "x")
    counter.add("b", "x", count=2.5)
    gauge.set(7)
    assert found(counter, book) == {("a", "x"): [1], ("b", "x"): [2.5]}
    assert found(gauge, book) == {(): [7]}


def test_a_duration_falls_into_its_bucket(book: Book) -> None:
    histogram = Histogram(book, "h", "H.", group=("a",))
    for seconds in (0.001, 0.0011, 60):
        histogram.observe(("a",), seconds)
    *counts, total = found(histogram, book)[("a",)]
    assert counts == [1, 1, *[0] * (len(BUCKETS) - 2), 1]
    assert total == pytest.approx(60.0021)


def test_an_unknown_label_is_refused(book: Book) -> None:
    with pytest.raises(KeyError):
        Counter(book, "c", "C.", one=("a",)).add("b")


def test_more_series_than_places_are_refused(book: Book) -> None:
    with pytest.raises(ValueError, match="no place for c"):
        Counter(book, "c", "C.", one=[str(number) for number in range(49)])


def test_unknown_names_share_one_place() -> None:
    names = Names(3)
    names.know(["kannel", "acme", "zeta"])
    assert [names.shown(names.place(name)) for name in ("acme", "kannel", "zeta", "gone")] == [
        *("acme", "kannel"),
        *("other", "other"),  # the first three have all places
    ]
