"""A change of the secret key: both open, the new one seals, and nothing stays under the old one."""

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, func, select

from shortener.accounts import resealing, senders
from shortener.accounts.encryption import opens, seal
from shortener.accounts.resealing import Count
from shortener.errors import SecretKeyError
from shortener.storage import db
from shortener.storage.models import Base, SigningSecret
from tests.conftest import SECRET_KEY
from tests.support.factories import NOW, Sender

NEW = "a newer key for tests, as long as the one before"
PLAIN = {"body", "answer"}  # of a callback and of its attempt: bytes that are no secret
LOST = "a key that somebody lost, and nobody has written down"


def reseal(*secret_keys: str) -> Count:
    with db.write() as session:
        return resealing.reseal(session, secret_keys)


def keys_of(name: str, *secret_keys: str) -> list[bytes]:
    with db.read() as session:
        account = senders.named(session, name)
        return senders.signing_keys(session, account.id, secret_keys=secret_keys, now=NOW)


def lose(name: str) -> None:
    """Put a secret in the account's place that no key opens."""
    with db.write() as session:
        account = senders.named(session, name)
        for secret in senders.signing_secrets(session, account, now=NOW):
            secret.sealed = seal(b"x" * 32, LOST)


def test_both_keys_open_until_everything_is_sealed_again(app: Flask, sender: Sender, other_sender: Sender) -> None:
    before = keys_of("shop", SECRET_KEY)
    assert keys_of("shop", NEW, SECRET_KEY) == before
    assert reseal(NEW, SECRET_KEY) == Count(resealed=2)
    assert keys_of("shop", NEW) == before
    with pytest.raises(SecretKeyError):
        keys_of("shop", SECRET_KEY)


def test_to_seal_again_twice_changes_nothing(app: Flask, sender: Sender) -> None:
    reseal(NEW, SECRET_KEY)
    with db.read() as session:
        before = session.scalar(select(SigningSecret.sealed))
    assert reseal(NEW, SECRET_KEY) == Count(already=1)
    with db.read() as session:
        assert session.scalar(select(SigningSecret.sealed)) == before


def test_a_secret_that_no_key_opens_is_counted_and_stays(app: Flask, sender: Sender, other_sender: Sender) -> None:
    lose("stranger")
    assert reseal(NEW, SECRET_KEY) == Count(resealed=1, unopened=1)
    assert reseal(NEW, LOST) == Count(resealed=1, already=1)


def test_a_rotated_secret_is_sealed_under_the_new_key(app: Flask, sender: Sender) -> None:
    with db.write() as session:
        senders.rotate_signing_secret(session, "shop", secret_keys=(NEW, SECRET_KEY), now=NOW)
    with db.read() as session:
        sealed = senders.sealed_keys(session, [senders.named(session, "shop").id], now=NOW)
    [newest, oldest] = next(iter(sealed.values()))
    assert opens(newest, (NEW,)) and opens(oldest, (SECRET_KEY,))


def test_a_rotation_takes_away_the_secret_that_no_key_opens(app: Flask, sender: Sender) -> None:
    lose("shop")
    with db.write() as session:
        senders.rotate_signing_secret(session, "shop", secret_keys=(SECRET_KEY,), now=NOW)
    assert len(keys_of("shop", SECRET_KEY)) == 1
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(SigningSecret)) == 1


def test_every_sealed_column_of_the_tables_is_sealed_again() -> None:
    """A hash has its length, 32 bytes or 16; what `seal` gives has none."""
    sealed = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.type.length is None and column.name not in PLAIN
    }
    assert sealed == {f"{one.class_.__tablename__}.{one.key}" for one in resealing.SEALED}
