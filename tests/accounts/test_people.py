"""Passwords: hashed one at a time, by few at once, with memory that is given back."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shortener.accounts import people
from shortener.errors import SignInBusyError
from tests.support import ROOT

THREADS = 8
# Prints how many MiB a process has more, after each of its threads has tried passwords.
GROWTH = f"""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from shortener.accounts import people

def resident():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024

def work(_):
    together.wait()
    for _ in range(3):
        people.matches(None, "not the password")
    together.wait()

together = Barrier({THREADS})
before = resident()
with ThreadPoolExecutor({THREADS}) as pool:
    list(pool.map(work, range({THREADS})))
    print(resident() - before)
"""


def test_the_memory_of_hashes_is_given_back() -> None:
    """Not 19 MiB for each thread, for good."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system does not say how much memory a process has")
    told = subprocess.run([sys.executable, "-c", GROWTH], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(told.stdout) < 2 * 19


def test_one_password_is_tried_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = 0, 0

    class Hasher:
        def verify(self, *_: str) -> bool:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            threading.Event().wait(0.01)  # others could come meanwhile
            at_work -= 1
            return True

    monkeypatch.setattr(people, "_hasher", Hasher())
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: people.matches(None, "x"), range(THREADS)))
    assert most == 1


def test_the_line_is_short_and_moves_on() -> None:
    places = [people.in_line() for _ in range(people.WAITING)]
    for place in places:
        place.__enter__()
    with pytest.raises(SignInBusyError), people.in_line():
        pass
    for place in places:
        place.__exit__(None, None, None)
    with people.in_line():
        pass


def test_a_try_that_fails_gives_its_place_back() -> None:
    for _ in range(2 * people.WAITING):
        with pytest.raises(ValueError, match="wrong"), people.in_line():
            raise ValueError("wrong")
    with people.in_line():
        pass
