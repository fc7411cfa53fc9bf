"""Sessions: whom a browser's cookie stands for."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import random_text
from shortener.installation import clock
from shortener.storage.models import Account, Person, SignedIn

IDLE: Final = dt.timedelta(hours=12)  # a session that is not used for so long ends
LONGEST: Final = dt.timedelta(days=7)  # and one that is used, after this
RENEWED: Final = dt.timedelta(minutes=10)  # a page does not write more often than this


@dataclass(frozen=True, slots=True)
class Found:
    """What a cookie stands for."""

    signed_in: SignedIn
    person: Person
    account: Account | None


def start(session: Session, person: Person, *, now: dt.datetime) -> str:
    """Open a session; give its cookie, which is never shown again."""
    session.execute(delete(SignedIn).where(SignedIn.expires_on <= now, clock.trusted(now)))
    token = random_text(43)
    row = SignedIn(token_sha256=_sha256(token), person_id=person.id, created_on=now, expires_on=now + IDLE)
    session.add(row)
    return token


def find(session: Session, token: str, *, now: dt.datetime) -> Found | None:
    """Whom the cookie stands for; None where the session has ended or the person is disabled.

    One that began in the future was begun by a wrong clock, and would last too long.
    """
    query = (
        select(SignedIn, Person, Account)
        .join(Person, Person.id == SignedIn.person_id)
        .outerjoin(Account, Account.id == Person.account_id)
        .where(SignedIn.token_sha256 == _sha256(token), SignedIn.expires_on > now, Person.disabled_on.is_(None))
        .where(SignedIn.created_on <= now + RENEWED)
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Found(*row)


def wants_renewal(signed_in: SignedIn, *, now: dt.datetime) -> bool:
    """Whether the session should be made to last longer, for it is in use."""
    return _expiry(signed_in, now) - signed_in.expires_on >= RENEWED


def renew(session: Session, signed_in: SignedIn, *, now: dt.datetime) -> None:
    """Let a session that is in use last longer, though not for ever."""
    row = session.get(SignedIn, signed_in.id)
    if row is not None:
        row.expires_on = _expiry(row, now)


def end(session: Session, token: str) -> None:
    """End the session of this cookie, if there is one."""
    session.execute(delete(SignedIn).where(SignedIn.token_sha256 == _sha256(token)))


def count(session: Session, person: Person, *, now: dt.datetime) -> int:
    """In how many browsers a person is signed in."""
    mine = select(func.count()).where(SignedIn.person_id == person.id, SignedIn.expires_on > now)
    return session.scalar(mine) or 0


def _expiry(signed_in: SignedIn, now: dt.datetime) -> dt.datetime:
    return min(now + IDLE, signed_in.created_on + LONGEST)


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
