"""Passwords: hashed one at a time, with memory that is returned to the system."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shortener.accounts import passwords
from shortener.errors import CommonPasswordError, PasswordError, SignInBusyError
from shortener.storage.models import Person
from tests.support import ROOT
from tests.support.factories import NOW

THREADS = 8
PASSWORD = "correct horse battery"
# Prints by how many MiB a process has grown after each of its threads has tried passwords.
GROWTH = f"""
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from shortener.accounts import passwords

def resident():
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024

def work(_):
    together.wait()
    for _ in range(3):
        passwords.matches(None, "not the password")
    together.wait()

together = Barrier({THREADS})
before = resident()
with ThreadPoolExecutor({THREADS}) as pool:
    list(pool.map(work, range({THREADS})))
    print(resident() - before)
"""


def test_memory_of_hashes_is_returned() -> None:
    """By default, glibc would keep 19 MiB for each thread."""
    if not Path("/proc/self/status").exists():
        pytest.skip("the system has no /proc")
    result = subprocess.run([sys.executable, "-c", GROWTH], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(result.stdout) < 2 * 19


def test_one_password_is_hashed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    class Hasher:
        def verify(self, *_: str) -> bool:
            nonlocal running, most
            running += 1
            most = max(most, running)
            threading.Event().wait(0.01)  # gives others time to interfere
            running -= 1
            return True

    monkeypatch.setattr(passwords, "_hasher", Hasher())
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: passwords.matches(None, "x"), range(THREADS)))
    assert most == 1


def test_few_requests_may_wait() -> None:
    admissions = [passwords.admission() for _ in range(passwords.MOST_WAITING)]
    for admission in admissions:
        admission.__enter__()
    with pytest.raises(SignInBusyError), passwords.admission():
        pass
    for admission in admissions:
        admission.__exit__(None, None, None)
    with passwords.admission():
        pass


def test_a_failed_attempt_makes_room() -> None:
    for _ in range(2 * passwords.MOST_WAITING):
        with pytest.raises(ValueError, match="wrong"), passwords.admission():
            raise ValueError("wrong")
    with passwords.admission():
        pass


def test_a_disabled_person_matches_no_password() -> None:
    person = Person(name="ann", password=passwords.hashed(PASSWORD), disabled_on=None)
    assert passwords.matches(person, PASSWORD)
    assert not passwords.matches(person, f"{PASSWORD}!")
    person.disabled_on = NOW
    assert not passwords.matches(person, PASSWORD)


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("x" * 9, PasswordError),
        ("x" * 201, PasswordError),
        ("password123", CommonPasswordError),
        ("ann-ann-ann", CommonPasswordError),
    ],
)
def test_a_weak_password_is_refused(password: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        passwords.check_new(password, "ann")


def test_a_generated_password_is_acceptable() -> None:
    passwords.check_new(passwords.generated(), "ann")
