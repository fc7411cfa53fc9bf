"""Tokens: random, stored as a hash, with a name, scopes and perhaps an end, replaced by rotation."""

import datetime as dt
import hashlib
from typing import Any

import pytest
from sqlalchemy import select, text

from shortener.accounts import credentials, senders
from shortener.accounts.authentication import Token, authenticate
from shortener.errors import AccountDisabledError, CredentialsError, TokenExpiredError, TokenNameError
from shortener.rules import scope
from shortener.rules.scope import Scope
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Base, Credential, SigningSecret
from tests.support.factories import NOW, disable_account, make_account

HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("app")


def rotate(name: str, *, overlap: dt.timedelta | None = None) -> str:
    with db.write() as session:
        account = senders.named(session, name)
        return credentials.rotate(session, account.id, overlap=overlap, now=db.now(session))


def add(name: str, **options: Any) -> str:
    """Add a token to the account `shop`."""
    with db.write() as session:
        options = {"now": db.now(session), **options}
        return credentials.add(session, senders.named(session, "shop").id, name=name, **options)


def revoke(name: str) -> int:
    with db.write() as session:
        return credentials.revoke(session, senders.named(session, "shop").id, name)


def token_of(token: str) -> Token:
    return authenticate(services().readers, None, token)[1]


def stored() -> list[tuple[str, bool]]:
    """Return the names of all tokens, the newest first, and whether each has an end."""
    with db.read() as session:
        tokens = credentials.of(session, senders.named(session, "shop").id)
        return [(one.name, one.expires_on is not None) for one in tokens]


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


def test_a_token_has_a_name_and_scopes() -> None:
    made = make_account("shop")
    token = token_of(add("CI", scopes={Scope.SEND, Scope.READ}))
    assert (token.name, token.scopes) == ("CI", {Scope.SEND, Scope.READ})
    assert (token_of(made.token).name, token_of(made.token).scopes) == ("main", scope.ALL)


def test_an_expired_token_says_so() -> None:
    make_account("shop")
    token = add("CI", expires_on=NOW, now=NOW)
    with pytest.raises(TokenExpiredError):
        token_of(token)
    assert token_of(add("later", expires_on=dt.datetime.now(dt.UTC) + HOUR)).name == "later"


def test_a_name_is_used_again_after_its_end() -> None:
    make_account("shop")
    add("CI", expires_on=NOW, now=NOW)
    add("CI")
    assert stored() == [("CI", False), ("main", False)]
    with pytest.raises(TokenNameError, match="already a token named CI"):
        add("CI")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb"])
def test_a_name_of_a_token_is_printable(name: str) -> None:
    make_account("shop")
    with pytest.raises(TokenNameError, match="1 to 100 printable characters"):
        add(name)


def test_an_account_has_a_hundred_tokens_at_most() -> None:
    make_account("shop")
    with db.write() as session:
        account = senders.named(session, "shop")
        for number in range(1, credentials.MOST):
            credentials.add(session, account.id, name=str(number), now=NOW)
        with pytest.raises(TokenNameError, match="at most 100 tokens"):
            credentials.add(session, account.id, name="one more", now=NOW)


def test_an_old_token_works_while_they_overlap() -> None:
    made = make_account("shop")
    new = rotate("shop", overlap=HOUR)
    assert token_of(new).name == token_of(made.token).name == "main"
    assert stored() == [("main", False), ("main", True)]
    assert revoke("main") == 2
    for token in (new, made.token):
        with pytest.raises(CredentialsError):
            token_of(token)


def test_an_overlap_never_prolongs_an_old_token() -> None:
    make_account("shop")
    rotate("shop", overlap=HOUR)
    rotate("shop", overlap=HOUR * 24)
    with db.read() as session:
        newest, second, third = credentials.of(session, senders.named(session, "shop").id)
    assert newest.expires_on is None
    assert third.expires_on and second.expires_on and third.expires_on < second.expires_on - HOUR


def test_a_successor_has_the_same_scopes_and_end() -> None:
    make_account("shop")
    ends_on = dt.datetime.now(dt.UTC).replace(microsecond=0) + HOUR
    add("CI", scopes={Scope.READ}, expires_on=ends_on)
    with db.write() as session:
        account = senders.named(session, "shop")
        token = credentials.rotate(session, account.id, name="CI", now=db.now(session))
        newest = credentials.of(session, account.id)[0]
        assert (newest.name, newest.expires_on) == ("CI", ends_on)
    assert token_of(token).scopes == {Scope.READ}


def test_an_unknown_name_is_neither_rotated_nor_revoked() -> None:
    make_account("shop")
    revoke("main")
    for act in (lambda: rotate("shop"), lambda: revoke("main")):
        with pytest.raises(TokenNameError, match="no token named main"):
            act()


def test_credentials_are_deleted_with_their_account() -> None:
    make_account("shop")
    with db.write() as session:
        session.execute(text("DELETE FROM account"))
    with db.read() as session:
        assert session.scalars(select(Credential)).all() == session.scalars(select(SigningSecret)).all() == []
