"""Tokens: random, stored as a hash, replaced by rotation."""

import datetime as dt
import hashlib

import pytest
from sqlalchemy import select, text

from shortener.accounts import credentials, senders
from shortener.accounts.authentication import authenticate
from shortener.errors import AccountDisabledError, CredentialsError
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Base, Credential, SigningSecret
from tests.support.factories import NOW, disable_account, make_account

HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("app")


def rotate(name: str) -> str:
    with db.write() as session:
        return credentials.replace(session, senders.named(session, name).id, now=NOW + HOUR)


def sender_of(sid: str | None, token: str) -> str:
    """Return the name of the sender that these credentials belong to."""
    return authenticate(services().readers, sid, token)[0].name


def everything_stored() -> str:
    """Return the values of all tables as one text."""
    with db.read() as session:
        rows = [session.execute(table.select()).all() for table in Base.metadata.sorted_tables]
    return repr(rows)


def test_credentials_are_random_and_alphanumeric() -> None:
    first, second = make_account("one"), make_account("two")
    for value in (first.sid, first.token):
        assert len(value) == 32
        assert value.isascii()
        assert value.isalnum()
    assert len({first.sid, first.token, second.sid, second.token}) == 4
    assert first.signing_secret != second.signing_secret


def test_a_token_is_stored_only_as_sha256() -> None:
    made = make_account("shop")
    assert made.token not in everything_stored()
    with db.read() as session:
        assert session.scalars(select(Credential.token_sha256)).all() == [hashlib.sha256(made.token.encode()).digest()]


def test_a_rotated_token_replaces_the_old_one() -> None:
    made, other = make_account("shop"), make_account("other")
    token = rotate("shop")
    assert sender_of(made.sid, token) == "shop"
    assert sender_of(other.sid, other.token) == "other"
    with pytest.raises(CredentialsError):
        sender_of(made.sid, made.token)


def test_a_rotation_does_not_enable_an_account() -> None:
    make_account("shop")
    disable_account("shop")
    with pytest.raises(AccountDisabledError):
        sender_of(None, rotate("shop"))


def test_credentials_are_deleted_with_their_account() -> None:
    make_account("shop")
    with db.write() as session:
        session.execute(text("DELETE FROM account"))
    with db.read() as session:
        assert session.scalars(select(Credential)).all() == session.scalars(select(SigningSecret)).all() == []
