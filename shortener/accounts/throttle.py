"""How often a password may be tried. Whoever fails is slowed down; nobody's name is locked.

Tries are counted by the pair of a name and where it is tried, which slows down a guesser and nobody else. Two wider
counts bound who tries one name from many networks, or many names from one. A stranger cannot keep a person out by
them: they do not hold for a browser in which somebody has signed in under the name before, nor for the first two tries
of a pair. So who guesses a name from many networks has two tries from each in a quarter of an hour.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select, text
from sqlalchemy.orm import Session

from shortener.accounts.people import plain_name
from shortener.errors import SignInLimitError
from shortener.installation import clock
from shortener.storage.models import SignInFailure

WINDOW: Final = dt.timedelta(minutes=15)  # older failures are forgotten
AHEAD: Final = dt.timedelta(minutes=1)  # failures that are further in the future were counted by a wrong clock


@dataclass(frozen=True, slots=True)
class Limit:
    """So many failures are free; after each further one the wait doubles, from `first` to `longest` seconds."""

    free: int
    first: float
    longest: float

    def wait(self, failures: int) -> dt.timedelta:
        """How long after the last of so many failures the next try may come."""
        if failures < self.free:
            return dt.timedelta(0)
        return dt.timedelta(seconds=min(self.first * 2.0 ** min(failures - self.free, 30), self.longest))


FRESH: Final = 2  # tries of a pair that the wider counts do not slow down
PAIR: Final = Limit(free=5, first=2, longest=60)
NAME: Final = Limit(free=50, first=30, longest=30)
NETWORK: Final = Limit(free=50, first=5, longest=5)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name is tried: a network, or a browser that is known to belong to the name."""

    name: str
    is_known: bool = False


def begin(session: Session, name: str, place: Place, *, now: dt.datetime) -> int:
    """Count a try before it is made, so that tries at one moment are counted too; give its id, to take it back.

    SignInLimitError if it comes too early.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        session.execute(text("LOCK TABLE sign_in_failure IN SHARE ROW EXCLUSIVE MODE"))
    tried_on = SignInFailure.tried_on
    old = or_(tried_on <= now - WINDOW, tried_on > now + WINDOW)
    session.execute(delete(SignInFailure).where(old, clock.trusted(now)))
    check(session, name, place, now=now)
    tried = SignInFailure(name_sha256=_sha256(name), network=place.name, tried_on=now)
    session.add(tried)
    session.flush()
    return tried.id


def check(session: Session, name: str, place: Place, *, now: dt.datetime) -> None:
    """SignInLimitError where the next try of the name at the place must wait; it tells for how long."""
    by_name, by_place = SignInFailure.name_sha256 == _sha256(name), SignInFailure.network == place.name
    tries, wait = _tries(session, PAIR, by_name & by_place, now)
    if tries >= FRESH and not place.is_known:
        wait = max(wait, _tries(session, NAME, by_name, now)[1], _tries(session, NETWORK, by_place, now)[1])
    if wait > dt.timedelta(0):
        raise SignInLimitError(wait)


def take_back(session: Session, tried: int) -> None:
    """The password was right: it was no failure. Others of the name stay, for they may be somebody else's."""
    session.execute(delete(SignInFailure).where(SignInFailure.id == tried))


def forget(session: Session, name: str) -> None:
    """Let a name be tried again at once."""
    session.execute(delete(SignInFailure).where(SignInFailure.name_sha256 == _sha256(name)))


def _tries(
    session: Session, limit: Limit, condition: ColumnElement[bool], now: dt.datetime
) -> tuple[int, dt.timedelta]:
    """How many tries count, and how long the next one must wait."""
    tried_on = SignInFailure.tried_on
    recent = (condition, tried_on > now - WINDOW, tried_on <= now + AHEAD)
    count, last = session.execute(select(func.count(), func.max(tried_on)).where(*recent)).one()
    return count, last + limit.wait(count) - now if last else dt.timedelta(0)


def _sha256(name: str) -> bytes:
    return hashlib.sha256(plain_name(name).encode("utf-8", "surrogatepass")).digest()
