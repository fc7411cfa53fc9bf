"""Look-ups that share a statement, and those that cannot."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from shortener.storage import shared_lookups
from shortener.storage.shared_lookups import SharedLookups
from tests.support.waiting import until

ROWS = {number: f"row {number}" for number in range(10)}


class Database:
    """Answers numbers below ten; the first statement waits until it may answer."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[list[int]] = []
        self.may_answer = threading.Event()
        self._fault = fault

    def ask(self, numbers: Sequence[int]) -> Mapping[int, str]:
        self.asked.append(list(numbers))
        if len(self.asked) == 1:
            assert self.may_answer.wait(10)
        elif self._fault is not None and len(numbers) > 1:
            raise self._fault
        return {number: ROWS[number] for number in numbers if number in ROWS}


@contextmanager
def several(
    database: Database, monkeypatch: pytest.MonkeyPatch, patience: float = 10.0
) -> Iterator[tuple[SharedLookups, Future[str], list[Future[str]]]]:
    """Look 1 up, and 2, 3 and 99 while that is under way."""
    monkeypatch.setattr(shared_lookups, "PATIENCE", patience)
    shared = SharedLookups(database.ask)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(shared.row, 1)
        until(lambda: database.asked == [[1]])
        others = [pool.submit(shared.row, number) for number in (2, 3, 99)]
        yield shared, first, others
    assert not shared._is_asking


def test_look_ups_that_wait_share_a_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database()
    with several(database, monkeypatch) as (shared, first, others):
        until(lambda: len(shared._waiting) == 3)
        database.may_answer.set()
        assert [each.result() for each in (first, *others)] == ["row 1", "row 2", "row 3", None]
    assert [sorted(numbers) for numbers in database.asked] == [[1], [2, 3, 99]]


def test_a_statement_that_fails_is_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(OSError())
    with several(database, monkeypatch) as (shared, first, others):
        until(lambda: len(shared._waiting) == 3)
        database.may_answer.set()
        assert [each.result() for each in (first, *others)] == ["row 1", "row 2", "row 3", None]
    assert sorted(database.asked[2:]) == [[2], [3], [99]]


def test_nobody_waits_long_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database()
    with several(database, monkeypatch, patience=0.01) as (_, first, others):
        assert [each.result() for each in others] == ["row 2", "row 3", None]
        assert not first.done()
        database.may_answer.set()
        assert first.result() == "row 1"


def test_a_lone_failure_reaches_its_caller() -> None:
    def fail(_: Sequence[int]) -> Mapping[int, str]:
        raise ConnectionError

    shared = SharedLookups(fail)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            shared.row(1)
