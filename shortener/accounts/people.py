"""People: who may sign in to the dashboard, of which account, and by which password."""

import contextlib
import ctypes
import datetime as dt
import threading
from collections.abc import Iterator
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shortener.accounts import senders
from shortener.accounts.senders import random_text
from shortener.errors import CommonPasswordError, PasswordError, PersonNameError, SignInBusyError
from shortener.rules.common_password import is_common
from shortener.rules.role import Role
from shortener.storage.models import Account, Person, SignedIn

NAME_LENGTH = 200
SHORTEST, LONGEST = 10, 200  # characters of a password; a longer one only costs time
# What OWASP asks for at least: 19 MiB, two passes. About 30 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# A password that nobody has: to look for nobody takes as long as to look for somebody.
NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$ovYWb/p+Dw0EhGNXe6HJtA$8A40TsJrNuWKw98EOcXJOc7gFMpa2IukuMhNoaX2aHw"
# One hash at a time in a process, and few that wait: neither memory, nor cores, nor threads are a stranger's to take.
WAITING: Final = 4
_turn = threading.Lock()
_line = threading.BoundedSemaphore(WAITING)
_MMAP_THRESHOLD: Final = -3  # of mallopt(3)
LARGE: Final = 1 << 20  # bytes


def _give_large_blocks_back() -> None:
    """Let glibc give the 19 MiB of each hash back to the system as soon as they are free.

    Left to itself it keeps them after the second time, in an arena of each thread: 150 MB with eight threads.
    """
    with contextlib.suppress(AttributeError, OSError):  # other libraries do it anyway
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, LARGE)


_give_large_blocks_back()


def create(
    session: Session,
    name: str,
    password: str,
    *,
    account: str | None = None,
    role: Role | None = None,
    operator: bool = False,
    now: dt.datetime,
) -> Person:
    """Add a person; PersonNameError if the name is taken or the person would see nothing.

    PasswordError where the password cannot be taken.
    """
    name = plain_name(name)
    if not 0 < len(name) <= NAME_LENGTH or not name.isprintable():
        raise PersonNameError(f"A person's name has 1 to {NAME_LENGTH} printable characters.")
    if (account is None) != (role is None) or (account is None and not operator):
        raise PersonNameError("A person needs an account and a role in it, or is an operator, or both.")
    check_new(password, name, account)
    person = Person(name=name, password=hashed(password), role=role, operator=operator, created_on=now)
    person.account_id = None if account is None else senders.named(session, account).id
    session.add(person)
    try:
        session.flush()
    except IntegrityError:
        raise PersonNameError(f"There is a person named {name} already.") from None
    return person


def every(session: Session) -> list[tuple[Person, str | None]]:
    """All people, by name, with the names of their accounts."""
    query = select(Person, Account.name).outerjoin(Account, Account.id == Person.account_id).order_by(Person.name)
    return [(person, account) for person, account in session.execute(query)]


def of(session: Session, account: Account) -> list[Person]:
    """The people of an account, by name."""
    return list(session.scalars(select(Person).where(Person.account_id == account.id).order_by(Person.name)))


def named(session: Session, name: str) -> Person:
    """The person of that name; PersonNameError if there is none."""
    person = find(session, name)
    if person is None:
        raise PersonNameError(f"There is no person named {name}.")
    return person


def find(session: Session, name: str) -> Person | None:
    """The person of that name, if there is one. What cannot be a name is not asked for."""
    plain = plain_name(name)
    if len(plain) > NAME_LENGTH or not plain.isprintable():
        return None
    return session.scalar(select(Person).where(Person.name == plain))


def account_name(session: Session, person: Person) -> str | None:
    """The name of the account that a person belongs to."""
    return session.scalar(select(Account.name).where(Account.id == person.account_id))


def set_password(session: Session, person: Person, password_hash: str, *, keep: int | None = None) -> None:
    """Store a new password's hash, made by `hashed`. It ends the person's sessions, but for the one to keep."""
    person.password = password_hash
    session.execute(delete(SignedIn).where(SignedIn.person_id == person.id, SignedIn.id != (keep or 0)))


def disable(session: Session, name: str, *, now: dt.datetime) -> Person:
    """Let a person in no more, from this moment on."""
    person = named(session, name)
    person.disabled_on = person.disabled_on or now
    session.execute(delete(SignedIn).where(SignedIn.person_id == person.id))
    return person


def enable(session: Session, name: str) -> Person:
    """Let a disabled person in again, with the password that they had."""
    person = named(session, name)
    person.disabled_on = None
    return person


def plain_name(name: str) -> str:
    """A name as it is kept: who types `Ann@Example.com` is who types `ann@example.com`."""
    return name.strip().casefold()


def generated_password() -> str:
    """A password of 119 random bits."""
    return random_text(20)


def hashed(password: str) -> str:
    """The password's hash; PasswordError where it is too short or too long. Hold no transaction while it is made."""
    check_length(password)
    with _turn:
        return _hasher.hash(password)


def check_new(password: str, *names: str | None) -> None:
    """PasswordError where a new password is too short, too long or easy to guess for who knows these names.

    Passwords that are stored already are not looked at: nobody is locked out.
    """
    check_length(password)
    if is_common(password, [name for name in names if name]):
        raise CommonPasswordError


def check_length(password: str) -> None:
    """PasswordError where it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"A password has {SHORTEST} to {LONGEST} characters.")


@contextlib.contextmanager
def in_line() -> Iterator[None]:
    """A place in the line of those whose password is tried; SignInBusyError where there is none, at once."""
    if not _line.acquire(blocking=False):
        raise SignInBusyError
    try:
        yield
    finally:
        _line.release()


def matches(person: Person | None, password: str) -> bool:
    """Whether this is the person's password. Takes as long where there is no such person."""
    with _turn:
        right = False
        with contextlib.suppress(VerificationError, InvalidHashError):
            right = _hasher.verify(person.password if person else NOBODYS, password[: LONGEST + 1])
    return right and person is not None and person.disabled_on is None
