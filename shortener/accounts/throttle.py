"""Throttling of sign-ins: failures slow down further attempts, but never lock a name.

Attempts are counted by name and origin together, which slows down only the person who is guessing. Two wider counts,
by name and by origin, slow down guessing one name from many networks and many names from one network. Strangers cannot
lock a person out with them: the wider counts do not apply to a browser in which somebody has signed in with the name
before, nor to the first two attempts of a name from an origin. So somebody who guesses a name from many networks has
two attempts from each of them in a quarter of an hour.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select, text
from sqlalchemy.orm import Session

from shortener.accounts.people import normalized
from shortener.errors import SignInLimitError
from shortener.installation import clock
from shortener.storage.models import SignInFailure

WINDOW: Final = dt.timedelta(minutes=15)  # older failures do not count
AHEAD: Final = dt.timedelta(minutes=1)  # failures further in the future come from a wrong clock and do not count


@dataclass(frozen=True, slots=True)
class Limit:
    """The first `free` failures cost nothing; then the wait doubles with each, from `first` to `longest` seconds."""

    free: int
    first: float
    longest: float

    def wait(self, failures: int) -> dt.timedelta:
        """Return how long the next attempt must wait after the last failure."""
        if failures < self.free:
            return dt.timedelta(0)
        return dt.timedelta(seconds=min(self.first * 2.0 ** min(failures - self.free, 30), self.longest))


UNTHROTTLED: Final = 2  # attempts of a name from an origin to which the wider counts do not apply
PAIR: Final = Limit(free=5, first=2, longest=60)
NAME: Final = Limit(free=50, first=30, longest=30)
NETWORK: Final = Limit(free=50, first=5, longest=5)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an attempt comes from: a network, or a browser in which the name has signed in before."""

    name: str
    is_known: bool = False


def begin(session: Session, name: str, origin: Origin, *, now: dt.datetime) -> int:
    """Count an attempt as a failure before the password is checked; return its id for `withdraw`.

    Counting first makes simultaneous attempts count too. SignInLimitError if the attempt comes too early.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has only one writer
        session.execute(text("LOCK TABLE sign_in_failure IN SHARE ROW EXCLUSIVE MODE"))
    tried_on = SignInFailure.tried_on
    old = or_(tried_on <= now - WINDOW, tried_on > now + WINDOW)
    session.execute(delete(SignInFailure).where(old, clock.trusted(now)))
    check(session, name, origin, now=now)
    tried = SignInFailure(name_sha256=_sha256(name), network=origin.name, tried_on=now)
    session.add(tried)
    session.flush()
    return tried.id


def check(session: Session, name: str, origin: Origin, *, now: dt.datetime) -> None:
    """SignInLimitError, with the time to wait, if it is too early for an attempt."""
    by_name, by_origin = SignInFailure.name_sha256 == _sha256(name), SignInFailure.network == origin.name
    attempts, wait = _attempts(session, PAIR, by_name & by_origin, now)
    if attempts >= UNTHROTTLED and not origin.is_known:
        wait = max(wait, _attempts(session, NAME, by_name, now)[1], _attempts(session, NETWORK, by_origin, now)[1])
    if wait > dt.timedelta(0):
        raise SignInLimitError(wait)


def withdraw(session: Session, attempt: int) -> None:
    """Forget an attempt whose password was right. Other failures with the name remain: they may be somebody else's."""
    session.execute(delete(SignInFailure).where(SignInFailure.id == attempt))


def forget(session: Session, name: str) -> None:
    """Forget all failures with a name."""
    session.execute(delete(SignInFailure).where(SignInFailure.name_sha256 == _sha256(name)))


def _attempts(
    session: Session, limit: Limit, condition: ColumnElement[bool], now: dt.datetime
) -> tuple[int, dt.timedelta]:
    """Return how many attempts count, and how long the next one must wait."""
    tried_on = SignInFailure.tried_on
    recent = (condition, tried_on > now - WINDOW, tried_on <= now + AHEAD)
    count, last = session.execute(select(func.count(), func.max(tried_on)).where(*recent)).one()
    return count, last + limit.wait(count) - now if last else dt.timedelta(0)


def _sha256(name: str) -> bytes:
    return hashlib.sha256(normalized(name).encode("utf-8", "surrogatepass")).digest()
