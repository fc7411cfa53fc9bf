"""Families of metrics, whose series are places in a row of shared numbers: all of them are known at the start.

So an addition is a few steps of Python, and no label can have a value that nobody expected.
"""

import itertools
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Final

from shortener.telemetry.shared_numbers import SharedNumbers

Labels = tuple[str, ...]
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
MOMENTARY: Final = 16  # places of gauges, which come first
OTHER: Final = "other"


class Family:
    """A metric with its labels, each with all its values; ValueError if there is no place for its series."""

    kind: ClassVar[str]
    width: ClassVar[int] = 1  # places that a series takes

    def __init__(self, book: "Book", name: str, about: str, **labels: Sequence[str]) -> None:
        self.name, self.about, self.labels = name, about, tuple(labels)
        self._numbers = book.numbers
        combined = list(itertools.product(*labels.values()))
        first = book.place(self, len(combined) * self.width)
        self._places = {values: first + self.width * index for index, values in enumerate(combined)}

    def series(self, totals: Sequence[float]) -> Iterator[tuple[Labels, Sequence[float]]]:
        """Yield each series with its numbers, taken from the totals of all places."""
        for values, place in self._places.items():
            yield values, totals[place : place + self.width]


class Counter(Family):
    """A number that only grows."""

    kind = "counter"

    def add(self, *values: str, count: float = 1) -> None:
        """Add to the series with these values of its labels; KeyError if one is not among them."""
        place = self._places[values]
        with self._numbers.lock:
            self._numbers.own[place] += count

    def total(self) -> float:
        """Return the sum of all series over all processes of this server."""
        return sum(number for _, numbers in self.series(self._numbers.totals()) for number in numbers)


class Gauge(Family):
    """A number of the present moment: the sum of what each living process has set."""

    kind = "gauge"

    def set(self, number: float) -> None:
        """Set this process's number."""
        self._numbers.own[self._places[()]] = number


class Histogram(Family):
    """How long something took, counted in buckets."""

    kind = "histogram"
    width = len(BUCKETS) + 2  # one for what is longer than all of them, one for the sum

    def observe(self, values: Labels, seconds: float) -> None:
        """Add one duration to the series with these values of its labels; KeyError if one is not among them."""
        place = self._places[values]
        with self._numbers.lock:
            own = self._numbers.own
            own[place + bisect_left(BUCKETS, seconds)] += 1
            own[place + len(BUCKETS) + 1] += seconds


class Book:
    """All families, with the memory that their numbers are in."""

    def __init__(self, numbers: SharedNumbers | None = None) -> None:
        self.numbers = numbers or SharedNumbers(momentary=MOMENTARY)
        self.families: list[Family] = []
        self._next: dict[bool, int] = {True: 0, False: MOMENTARY}

    def place(self, family: Family, width: int) -> int:
        """Reserve places for a family, and return the first."""
        is_momentary = isinstance(family, Gauge)
        first = self._next[is_momentary]
        if first + width > (MOMENTARY if is_momentary else len(self.numbers.own)):
            raise ValueError(f"there is no place for {family.name}")
        self._next[is_momentary] += width
        self.families.append(family)
        return first


class Names:
    """Values of a label that are known only when the application is made, such as gateways; at most `most`."""

    def __init__(self, most: int) -> None:
        self.places: Final = tuple(f"#{number}" for number in range(most))
        self._places: Mapping[str, str] = {OTHER: self.places[0]}
        self._names: Mapping[str, str] = {self.places[0]: OTHER}

    def know(self, names: Sequence[str]) -> None:
        """Give the names, which are the same in all processes of a server."""
        known = [OTHER, *sorted(names)][: len(self.places)]
        self._places = dict(zip(known, self.places, strict=False))
        self._names = {place: name for name, place in self._places.items()}

    def place(self, name: str) -> str:
        """Return what stands for a name in a family; unknown ones share one."""
        return self._places.get(name, self.places[0])

    def shown(self, value: str) -> str:
        """Return the name for which a value stands; other values stand for themselves."""
        return self._names.get(value, value)
