"""A change of the secret key: both decrypt, the new one encrypts, and nothing stays encrypted with the old one."""

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, func, select

from shortener.accounts import reencryption, senders, signing_secrets
from shortener.accounts.encryption import can_decrypt, encrypt
from shortener.accounts.reencryption import Count, Place
from shortener.errors import SecretKeyError
from shortener.storage import db
from shortener.storage.models import Base, SigningSecret
from tests.conftest import SECRET_KEY
from tests.support.factories import NOW, Sender

NEW = "a newer key for tests, as long as the one before"
PLAIN = {"body", "answer", "content", "raw"}  # of a callback, an attempt, an attachment, a receipt: no secrets of ours
LOST = "a key that somebody lost, and nobody has written down"


def reencrypt(*secret_keys: str, most: int = 1) -> Count:
    count = Count()
    place: Place | None = Place()
    while place is not None:
        with db.write() as session:
            place = reencryption.reencrypt(session, secret_keys, count, place, most=most)
    return count


def keys_of(name: str, *secret_keys: str) -> list[bytes]:
    with db.read() as session:
        account = senders.named(session, name)
        return signing_secrets.signing_keys(session, account.id, secret_keys=secret_keys, now=NOW)


def lose(name: str) -> None:
    """Replace the account's secret with one that no key decrypts."""
    with db.write() as session:
        account = senders.named(session, name)
        for secret in signing_secrets.active(session, account.id, now=NOW):
            secret.sealed = encrypt(b"x" * 32, LOST)


def test_both_keys_decrypt_until_everything_is_reencrypted(app: Flask, sender: Sender, other_sender: Sender) -> None:
    before = keys_of("shop", SECRET_KEY)
    assert keys_of("shop", NEW, SECRET_KEY) == before
    assert reencrypt(NEW, SECRET_KEY) == Count(resealed=2)
    assert keys_of("shop", NEW) == before
    with pytest.raises(SecretKeyError):
        keys_of("shop", SECRET_KEY)


def test_reencrypting_again_changes_nothing(app: Flask, sender: Sender) -> None:
    reencrypt(NEW, SECRET_KEY)
    with db.read() as session:
        before = session.scalar(select(SigningSecret.sealed))
    assert reencrypt(NEW, SECRET_KEY) == Count(already=1)
    with db.read() as session:
        assert session.scalar(select(SigningSecret.sealed)) == before


def test_an_interrupted_reencryption_is_begun_anew(app: Flask, sender: Sender, other_sender: Sender) -> None:
    count = Count()
    with db.write() as session:
        place = reencryption.reencrypt(session, (NEW, SECRET_KEY), count, Place(), most=1)
    assert place is not None and count == Count(resealed=1)
    assert keys_of("shop", NEW, SECRET_KEY) and keys_of("stranger", NEW, SECRET_KEY)
    assert reencrypt(NEW, SECRET_KEY) == Count(resealed=1, already=1)


def test_an_undecryptable_secret_is_counted_and_unchanged(app: Flask, sender: Sender, other_sender: Sender) -> None:
    lose("stranger")
    assert reencrypt(NEW, SECRET_KEY) == Count(resealed=1, unopened=1)
    assert reencrypt(NEW, LOST) == Count(resealed=1, already=1)


def test_a_rotated_secret_is_encrypted_with_the_new_key(app: Flask, sender: Sender) -> None:
    with db.write() as session:
        signing_secrets.rotate(session, senders.named(session, "shop").id, secret_keys=(NEW, SECRET_KEY), now=NOW)
    with db.read() as session:
        sealed = signing_secrets.sealed_keys(session, [senders.named(session, "shop").id], now=NOW)
    [newest, oldest] = next(iter(sealed.values()))
    assert can_decrypt(newest, (NEW,)) and can_decrypt(oldest, (SECRET_KEY,))


def test_a_rotation_deletes_a_secret_that_no_key_decrypts(app: Flask, sender: Sender) -> None:
    lose("shop")
    with db.write() as session:
        signing_secrets.rotate(session, senders.named(session, "shop").id, secret_keys=(SECRET_KEY,), now=NOW)
    assert len(keys_of("shop", SECRET_KEY)) == 1
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(SigningSecret)) == 1


def test_every_encrypted_column_is_reencrypted() -> None:
    """A hash has a fixed length, 32 or 16 bytes; what `encrypt` returns has not."""
    sealed = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary) and column.type.length is None and column.name not in PLAIN
    }
    assert sealed == {f"{one.class_.__tablename__}.{one.key}" for one in reencryption.ENCRYPTED}


def test_counting_changes_nothing(app: Flask, sender: Sender, other_sender: Sender) -> None:
    lose(other_sender.name)
    with db.read() as session:
        assert reencryption.count(session, (SECRET_KEY,)) == Count(already=1, unopened=1)
        assert reencryption.count(session, (NEW, SECRET_KEY)) == Count(resealed=1, unopened=1)
        assert reencryption.count(session, ()) == Count(unopened=2)
    assert reencrypt(NEW, SECRET_KEY) == Count(resealed=1, unopened=1)
