"""Links with which people choose a password: invitations, and resets of forgotten passwords.

A link works once, for 72 hours, and only the newest one of a person works. Only its token's hash is stored.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shortener.accounts import people, throttle
from shortener.accounts.random_text import random_text
from shortener.errors import PersonNameError
from shortener.storage.models import Account, PasswordLink, Person

LIFE: Final = dt.timedelta(hours=72)
PATH: Final = "/dashboard/choose-password/"
AHEAD: Final = dt.timedelta(
    minutes=10
)  # a link made further in the future is of a wrong clock, and would last too long
_LENGTH: Final = 43  # characters, 256 bits
_LONGEST: Final = 100  # of what somebody may claim to be a token


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whose password a link is for."""

    person: Person
    account: str | None  # the name of the person's account
    is_invitation: bool


def create(session: Session, person: Person, *, is_invitation: bool = False, now: dt.datetime) -> str:
    """Make a link for a person and return its path; an earlier link of theirs stops working.

    A new link for somebody who was invited is an invitation too. PersonNameError if the person is disabled.
    """
    if person.disabled_on is not None:
        raise PersonNameError(f"{person.name} is disabled; enable the person first.")
    session.execute(select(Person.id).where(Person.id == person.id).with_for_update())  # one link at a time
    token = random_text(_LENGTH)
    link = session.scalar(select(PasswordLink).where(PasswordLink.person_id == person.id))
    if link is None:
        link = PasswordLink(person_id=person.id, is_invitation=is_invitation)
        session.add(link)
    link.token_sha256, link.created_on, link.expires_on = _sha256(token), now, now + LIFE
    return PATH + token


def find(session: Session, token: str, *, now: dt.datetime) -> Chosen | None:
    """Find whose password a link is for, without using it; None if it does not work or no longer does."""
    if len(token) > _LONGEST:
        return None
    query = (
        select(Person, Account.name, PasswordLink.is_invitation)
        .join(PasswordLink, PasswordLink.person_id == Person.id)
        .outerjoin(Account, Account.id == Person.account_id)
        .where(PasswordLink.token_sha256 == _sha256(token), PasswordLink.expires_on > now)
        .where(PasswordLink.created_on <= now + AHEAD, Person.disabled_on.is_(None))
    )
    row = session.execute(query).one_or_none()
    return None if row is None else Chosen(*row)


def use(session: Session, token: str, password_hash: str, *, now: dt.datetime) -> Chosen | None:
    """Use a link up: store the password's hash, end all the person's sessions and delays after failed sign-ins.

    None if the link does not work, for example because somebody else has just used it.
    """
    chosen = find(session, token, now=now)
    of_token = PasswordLink.token_sha256 == _sha256(token)
    if chosen is None or not session.connection().execute(delete(PasswordLink).where(of_token)).rowcount:
        return None
    people.set_password(session, chosen.person, password_hash)
    throttle.forget(session, chosen.person.name)
    return chosen


def invited(session: Session, account_id: int | None = None) -> dict[int, dt.datetime]:
    """Return until when invitations are valid, by the id of the person, who has chosen no password yet.

    Without an account, those of all.
    """
    query = select(PasswordLink.person_id, PasswordLink.expires_on).where(PasswordLink.is_invitation)
    if account_id is not None:
        query = query.join(Person, Person.id == PasswordLink.person_id).where(Person.account_id == account_id)
    rows = session.execute(query)
    return {row.person_id: row.expires_on for row in rows}


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
