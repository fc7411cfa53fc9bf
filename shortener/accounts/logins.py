"""Login sessions: which person a browser's cookie belongs to."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.installation import clock
from shortener.storage.models import Account, Person, SignedIn

IDLE: Final = dt.timedelta(hours=12)  # a session that is not used for so long ends
LONGEST: Final = dt.timedelta(days=7)  # a session ends after this even if it is used
RENEWAL: Final = dt.timedelta(minutes=10)  # a session's end is not moved more often than this


@dataclass(frozen=True, slots=True)
class Login:
    """A session with its person, and the person's account."""

    signed_in: SignedIn
    person: Person
    account: Account | None


def start(session: Session, person: Person, *, now: dt.datetime) -> str:
    """Start a login session and return the value of its cookie, which is stored only as a hash."""
    session.execute(delete(SignedIn).where(SignedIn.expires_on <= now, clock.trusted(now)))
    token = random_text(43)
    row = SignedIn(token_sha256=_sha256(token), person_id=person.id, created_on=now, expires_on=now + IDLE)
    session.add(row)
    return token


def find(session: Session, token: str, *, now: dt.datetime) -> Login | None:
    """Find the login that a cookie belongs to; None if it has ended or the person is disabled.

    A session that began in the future is refused: a wrong clock made it, and it would last too long.
    """
    query = (
        select(SignedIn, Person, Account)
        .join(Person, Person.id == SignedIn.person_id)
        .outerjoin(Account, Account.id == Person.account_id)
        .where(SignedIn.token_sha256 == _sha256(token), SignedIn.expires_on > now, Person.disabled_on.is_(None))
        .where(SignedIn.created_on <= now + RENEWAL)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Login(*row)


def wants_renewal(signed_in: SignedIn, *, now: dt.datetime) -> bool:
    """Whether the end of a session that is in use should be moved."""
    return _expiry(signed_in, now) - signed_in.expires_on >= RENEWAL


def renew(session: Session, signed_in: SignedIn, *, now: dt.datetime) -> None:
    """Move the end of a session that is in use, up to its longest duration."""
    row = session.get(SignedIn, signed_in.id)
    if row is not None:
        row.expires_on = _expiry(row, now)


def end(session: Session, token: str) -> None:
    """End the session of this cookie, if there is one."""
    session.execute(delete(SignedIn).where(SignedIn.token_sha256 == _sha256(token)))


def _expiry(signed_in: SignedIn, now: dt.datetime) -> dt.datetime:
    return min(now + IDLE, signed_in.created_on + LONGEST)


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
