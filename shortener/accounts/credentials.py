"""Tokens: which account they belong to. Only their SHA-256 is stored."""

import datetime as dt
import hashlib
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shortener.accounts.random_text import random_text
from shortener.storage.models import Credential

TOKEN_LENGTH = 32  # characters; 190 random bits


def digest(token: str) -> bytes:
    """Return the SHA-256 under which a token is stored. A token is random, so it needs neither salt nor a slow hash."""
    return hashlib.sha256(token.encode()).digest()


def add(session: Session, account_id: int, *, now: dt.datetime) -> str:
    """Add a token to an account and return it."""
    token = random_text(TOKEN_LENGTH)
    session.add(Credential(account_id=account_id, token_sha256=digest(token), created_on=now))
    return token


def replace(session: Session, account_id: int, *, now: dt.datetime) -> str:
    """Replace all tokens of an account with a new one, and return it."""
    session.execute(delete(Credential).where(Credential.account_id == account_id))
    return add(session, account_id, now=now)


def of(session: Session, account_id: int) -> Sequence[Credential]:
    """Return the account's credentials, newest first."""
    mine = select(Credential).where(Credential.account_id == account_id)
    return session.scalars(mine.order_by(Credential.created_on.desc(), Credential.id.desc())).all()
