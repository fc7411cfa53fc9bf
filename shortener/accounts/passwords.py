"""Passwords of people: rules for new ones, hashes, and comparison."""

import contextlib
import ctypes
import threading
from collections.abc import Iterator
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shortener.accounts.random_text import random_text
from shortener.errors import CommonPasswordError, PasswordError, SignInBusyError
from shortener.rules.common_password import is_common
from shortener.storage.models import Person

SHORTEST, LONGEST = 10, 200  # characters; a longer one would only cost time
# The minimum that OWASP recommends: 19 MiB, two passes. Takes about 30 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# The hash of a password that nobody has, so that a sign-in takes the same time whether or not the person exists.
DUMMY_HASH: Final = "$argon2id$v=19$m=19456,t=2,p=1$ovYWb/p+Dw0EhGNXe6HJtA$8A40TsJrNuWKw98EOcXJOc7gFMpa2IukuMhNoaX2aHw"
# One hash at a time in a process, and few requests that wait for it: strangers cannot use up memory, cores or threads.
MOST_WAITING: Final = 4
_hashing = threading.Lock()
_waiting = threading.BoundedSemaphore(MOST_WAITING)
_MMAP_THRESHOLD: Final = -3  # of mallopt(3)
LARGE: Final = 1 << 20  # bytes


def _return_large_blocks() -> None:
    """Make glibc return the 19 MiB of each hash to the system as soon as they are free.

    By default it keeps them from the second time on, once for each thread: 150 MB with eight threads.
    """
    with contextlib.suppress(AttributeError, OSError):  # other C libraries return them anyway
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)


_return_large_blocks()


def generated() -> str:
    """Return a random password of 119 bits."""
    return random_text(20)


def check_new(password: str, *names: str | None) -> None:
    """PasswordError if a new password is too short, too long, or easy to guess for somebody who knows these names.

    Stored passwords are not checked, so this locks nobody out.
    """
    check_length(password)
    if is_common(password, [name for name in names if name]):
        raise CommonPasswordError


def check_length(password: str) -> None:
    """PasswordError if the password is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"A password has {SHORTEST} to {LONGEST} characters.")


def hashed(password: str) -> str:
    """Return the password's hash; PasswordError if it is too short or too long. Slow: call it outside transactions."""
    check_length(password)
    with _hashing:
        return _hasher.hash(password)


@contextlib.contextmanager
def admission() -> Iterator[None]:
    """Admit a request that tries a password; SignInBusyError at once if too many are waiting."""
    if not _waiting.acquire(blocking=False):
        raise SignInBusyError
    try:
        yield
    finally:
        _waiting.release()


def matches(person: Person | None, password: str) -> bool:
    """Whether this is the person's password and the person is enabled; takes equally long if there is no person."""
    with _hashing:
        right = False
        with contextlib.suppress(VerificationError, InvalidHashError):
            right = _hasher.verify(person.password if person else DUMMY_HASH, password[: LONGEST + 1])
    return right and person is not None and person.disabled_on is None
