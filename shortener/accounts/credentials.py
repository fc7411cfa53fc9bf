"""Tokens: which account they belong to, and what they may be used for. Only their SHA-256 is stored.

A name says what a token is for. After a rotation with an overlap two tokens have the same name, the old one with an
end. An expired token stays listed, and its use is answered as such, until its name is revoked or used again.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.errors import TokenNameError
from shortener.rules import scope
from shortener.rules.scope import Scope
from shortener.storage.models import Credential

TOKEN_LENGTH: Final = 32  # characters; 190 random bits
FIRST: Final = "main"  # the name of the token that a new account has
NAME_LENGTH: Final = 100  # characters
MOST: Final = 100  # tokens of an account
INVALID: Final = f"must have 1 to {NAME_LENGTH} printable characters"
TAKEN: Final = "is the name of another token"
TOO_MANY: Final = f"would be one more than {MOST} tokens; revoke another one first"


def digest(token: str) -> bytes:
    """Return the SHA-256 under which a token is stored. A token is random, so it needs neither salt nor a slow hash."""
    return hashlib.sha256(token.encode()).digest()


def add(
    session: Session,
    account_id: int,
    *,
    name: str = FIRST,
    scopes: Collection[Scope] = scope.ALL,
    expires_on: dt.datetime | None = None,
    now: dt.datetime,
) -> str:
    """Add a token to an account and return it; TokenNameError if the name is invalid or in use."""
    if not name.strip() or len(name) > NAME_LENGTH or not name.isprintable():
        raise TokenNameError(f"A token's name has 1 to {NAME_LENGTH} printable characters.", INVALID)
    tokens = of(session, account_id)
    same = [one for one in tokens if one.name == name]
    if not all(is_expired(one.expires_on, now) for one in same):
        raise TokenNameError(f"There is already a token named {name}.", TAKEN)
    for one in same:
        session.delete(one)
    if len(tokens) >= MOST:
        raise TokenNameError(f"An account has at most {MOST} tokens; revoke one first.", TOO_MANY)
    return _stored(session, Credential(account_id=account_id, name=name, expires_on=expires_on, created_on=now), scopes)


def rotate(
    session: Session, account_id: int, *, name: str = FIRST, overlap: dt.timedelta | None = None, now: dt.datetime
) -> str:
    """Replace the tokens with this name by a new one, and return it; TokenNameError if there are none.

    It has the scopes of the newest of them, and expires when that would have. The old ones stop working at once, or
    after `overlap` if they do not expire earlier.
    """
    old = _named(session, account_id, name)
    # A token that has expired is succeeded by one without an end.
    expires_on = None if is_expired(old[0].expires_on, now) else old[0].expires_on
    for one in old:
        if overlap and not is_expired(one.expires_on, now):
            one.expires_on = min(one.expires_on or now + overlap, now + overlap)
        else:
            session.delete(one)
    new = Credential(account_id=account_id, name=name, expires_on=expires_on, created_on=now)
    return _stored(session, new, scope.read(old[0].scopes))


def revoke(session: Session, account_id: int, name: str) -> int:
    """Delete the tokens with this name, and return how many they were; TokenNameError if there are none."""
    found = _named(session, account_id, name)
    for one in found:
        session.delete(one)
    return len(found)


def of(session: Session, account_id: int) -> Sequence[Credential]:
    """Return the account's credentials, newest first."""
    mine = select(Credential).where(Credential.account_id == account_id)
    return session.scalars(mine.order_by(Credential.created_on.desc(), Credential.id.desc())).all()


def is_expired(expires_on: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a token that expires then no longer works."""
    return expires_on is not None and expires_on <= now


def _named(session: Session, account_id: int, name: str) -> Sequence[Credential]:
    """Return the tokens with this name, newest first; TokenNameError if there are none."""
    found = [one for one in of(session, account_id) if one.name == name]
    if not found:
        raise TokenNameError(f"This account has no token named {name}.")
    return found


def _stored(session: Session, credential: Credential, scopes: Collection[Scope]) -> str:
    token = random_text(TOKEN_LENGTH)
    credential.token_sha256, credential.scopes = digest(token), scope.stored(scopes)
    session.add(credential)
    return token
