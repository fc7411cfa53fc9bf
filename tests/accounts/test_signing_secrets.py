"""Signing secrets: encrypted, newest first, and overlapping after a rotation."""

import base64
import datetime as dt

import pytest
from sqlalchemy import select

from shortener.accounts import senders, signing_secrets
from shortener.accounts.encryption import encrypt
from shortener.errors import SecretKeyError
from shortener.storage import db
from shortener.storage.models import Base, SigningSecret
from tests.conftest import SECRET_KEY
from tests.support.factories import NOW, disable_account, make_account

HOUR = dt.timedelta(hours=1)
pytestmark = pytest.mark.usefixtures("app")


def rotate_secret(name: str, now: dt.datetime = NOW) -> str:
    with db.write() as session:
        return signing_secrets.rotate(session, senders.named(session, name).id, secret_keys=(SECRET_KEY,), now=now)[0]


def keys_of(name: str, secret_key: str = SECRET_KEY, now: dt.datetime = NOW) -> list[bytes]:
    with db.read() as session:
        account = senders.named(session, name)
        return signing_secrets.signing_keys(session, account.id, secret_keys=(secret_key,), now=now)


def add_key(name: str, key: bytes, created_on: dt.datetime, expires_on: dt.datetime | None = None) -> None:
    with db.write() as session:
        session.add(
            SigningSecret(
                account_id=senders.named(session, name).id,
                sealed=encrypt(key, SECRET_KEY),
                created_on=created_on,
                expires_on=expires_on,
            )
        )


def everything_stored() -> str:
    """Return the values of all tables as one text."""
    with db.read() as session:
        rows = [session.execute(table.select()).all() for table in Base.metadata.sorted_tables]
    return repr(rows)


def test_the_shown_secret_is_the_signing_key() -> None:
    made = make_account("shop")
    shown = base64.b64decode(made.signing_secret.removeprefix("whsec_"), validate=True)
    assert keys_of("shop") == [shown]
    assert len(shown) == 32


def test_a_signing_secret_is_stored_encrypted() -> None:
    made = make_account("shop")
    [key] = keys_of("shop")
    stored = everything_stored()
    for secret in (made.signing_secret, made.signing_secret.removeprefix("whsec_"), repr(key), key.hex()):
        assert secret not in stored


def test_another_secret_key_decrypts_nothing() -> None:
    make_account("shop")
    with pytest.raises(SecretKeyError, match="SHORTENER_SECRET_KEY"):
        keys_of("shop", secret_key="another key for tests, as long as the first")


def test_events_of_a_disabled_account_are_signed() -> None:
    make_account("shop")
    disable_account("shop")
    assert len(keys_of("shop")) == 1


def test_keys_sign_newest_first_until_they_expire() -> None:
    make_account("shop")
    [oldest] = keys_of("shop")
    add_key("shop", b"newest", NOW + 2 * HOUR)
    add_key("shop", b"middle", NOW + HOUR, expires_on=NOW + 3 * HOUR)
    just_before = NOW + 3 * HOUR - dt.timedelta(microseconds=1)
    assert keys_of("shop", now=just_before) == [b"newest", b"middle", oldest]
    assert keys_of("shop", now=NOW + 3 * HOUR) == [b"newest", oldest]


def test_the_old_secret_signs_for_another_day() -> None:
    make_account("shop")
    [old] = keys_of("shop")
    shown = rotate_secret("shop")
    new = base64.b64decode(shown.removeprefix("whsec_"), validate=True)
    assert keys_of("shop") == [new, old]
    assert keys_of("shop", now=NOW + 24 * HOUR - dt.timedelta(microseconds=1)) == [new, old]
    assert keys_of("shop", now=NOW + 24 * HOUR) == [new]
    assert keys_of("shop", now=NOW + 9000 * HOUR) == [new]


def test_two_rotations_do_not_extend_old_secrets() -> None:
    make_account("shop")
    rotate_secret("shop")
    rotate_secret("shop", NOW + HOUR)
    assert [len(keys_of("shop", now=NOW + hours * HOUR)) for hours in (2, 24, 25)] == [3, 2, 1]


def test_a_rotation_deletes_expired_secrets() -> None:
    make_account("shop")
    rotate_secret("shop")
    rotate_secret("shop", NOW + 48 * HOUR)
    with db.read() as session:
        assert len(session.scalars(select(SigningSecret)).all()) == 2


def test_a_rotation_does_not_affect_other_accounts() -> None:
    make_account("shop")
    make_account("other")
    before = keys_of("other", now=NOW + 48 * HOUR)
    rotate_secret("shop")
    assert keys_of("other", now=NOW + 48 * HOUR) == before


def test_of_simultaneous_keys_the_later_row_is_newer() -> None:
    make_account("shop")
    add_key("shop", b"first", NOW + HOUR)
    add_key("shop", b"second", NOW + HOUR)
    assert keys_of("shop")[:2] == [b"second", b"first"]


def test_accounts_have_different_keys() -> None:
    make_account("shop")
    make_account("other")
    assert not set(keys_of("shop")) & set(keys_of("other"))


def test_the_secret_key_is_not_in_the_database() -> None:
    make_account("shop")
    assert SECRET_KEY not in everything_stored()
