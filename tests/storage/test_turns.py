"""Turns of writers: one at a time among threads and processes, given back by the dead, and not waited for forever."""

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from shortener.storage import turns
from shortener.storage.turns import turn
from tests.support.waiting import WITHIN

FORK = multiprocessing.get_context("fork")
LONG = 600.0  # seconds: longer than a test may take

Start = Callable[[Callable[[], object]], BaseProcess]


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "links.sqlite3")


@pytest.fixture
def start() -> Iterator[Start]:
    """Call it with a function that a forked process runs; the process is killed at the end."""
    processes: list[BaseProcess] = []

    def started(function: Callable[[], object]) -> BaseProcess:
        processes.append(process := FORK.Process(target=function))
        process.start()
        return process

    yield started
    for process in processes:
        process.kill()
        process.join()


def take_turns(database: str | None, inside: Path) -> None:
    for _ in range(50):
        with turn(database, LONG):
            inside.mkdir()  # fails if another one is inside
            inside.rmdir()


def stay(database: str, held: Event) -> None:
    with turn(database, LONG):
        held.set()
        signal.pause()


def stand_by(start: Start, database: str) -> BaseProcess:
    """Start a process that keeps its turn."""
    held = FORK.Event()
    process = start(partial(stay, database, held))
    assert held.wait(WITHIN)
    return process


def ended(process: BaseProcess) -> int | None:
    process.join(WITHIN)
    return process.exitcode


def test_processes_have_no_turn_together(database: str, tmp_path: Path, start: Start) -> None:
    processes = [start(partial(take_turns, database, tmp_path / "inside")) for _ in range(3)]
    assert [ended(process) for process in processes] == [0, 0, 0]


def test_threads_have_no_turn_together(database: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        for each in [pool.submit(take_turns, database, tmp_path / "inside") for _ in range(3)]:
            each.result()


def test_a_bell_ends_the_wait(database: str, tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PAUSE", LONG)
    with turn(database, LONG):
        process = start(partial(take_turns, database, tmp_path / "inside"))
        while not turns._is_awaited[0]:
            process.join(0.001)
    assert ended(process) == 0


def test_a_killed_process_gives_its_turn_back(database: str, tmp_path: Path, start: Start) -> None:
    doomed = stand_by(start, database)
    waiting = start(partial(take_turns, database, tmp_path / "inside"))
    doomed.kill()
    assert ended(waiting) == 0


def test_waiting_for_another_process_has_a_limit(database: str, start: Start) -> None:
    process = stand_by(start, database)
    with turn(database, 0.05):
        assert process.is_alive()


def test_turns_may_lie_in_one_another(database: str, tmp_path: Path, start: Start) -> None:
    inside = tmp_path / "inside"
    with turn(database, LONG):
        inside.mkdir()
        with turn(database, LONG):
            pass
        process = start(partial(take_turns, database, inside))
        process.join(0.05)
        inside.rmdir()
    assert ended(process) == 0


def test_a_forked_process_forgets_the_turn_of_a_thread(start: Start) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with turn(None, LONG):
            held.set()
            done.wait()

    def work() -> None:
        with turn(None, LONG):
            pass

    with ThreadPoolExecutor(1) as pool:
        pool.submit(hold)
        held.wait()
        assert ended(start(work)) == 0
        done.set()


@pytest.mark.parametrize("database", [None, "", ":memory:", "/no/such/folder/links.sqlite3"])
def test_without_a_folder_threads_still_take_turns(database: str | None, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(take_turns, database, tmp_path / "inside") for _ in range(2)]:
            each.result()


def test_turns_leave_nothing_in_the_folder(database: str, tmp_path: Path) -> None:
    with turn(database, LONG):
        assert list(tmp_path.iterdir()) == []
