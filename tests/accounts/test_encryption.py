"""Secrets at rest: only their own key decrypts them."""

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from shortener.accounts.encryption import decrypt, encrypt
from shortener.errors import SecretKeyError

KEY, OTHER_KEY = "a key for tests, long enough to be one", "another key for tests, as long as the first"


@given(st.binary(), st.text(st.characters(exclude_categories=["Cs"]), min_size=32))
def test_the_same_key_decrypts(secret: bytes, key: str) -> None:
    assert decrypt(encrypt(secret, key), (key,)) == secret


def test_ciphertexts_differ_and_do_not_show_the_secret() -> None:
    first, second = encrypt(b"whsec hunter2", KEY), encrypt(b"whsec hunter2", KEY)
    assert b"hunter2" not in first
    assert first != second


def test_another_key_fails_and_the_setting_is_named() -> None:
    with pytest.raises(SecretKeyError, match="SHORTENER_SECRET_KEY"):
        decrypt(encrypt(b"secret", KEY), (OTHER_KEY,))


@given(st.binary(max_size=200))
def test_plain_text_cannot_be_decrypted(sealed: bytes) -> None:
    with pytest.raises(SecretKeyError):
        decrypt(sealed, (KEY,))


def test_a_seal_that_was_changed_does_not_open() -> None:
    sealed = bytearray(encrypt(b"secret", KEY))
    sealed[20] ^= 1
    with pytest.raises(SecretKeyError):
        decrypt(bytes(sealed), (KEY,))


def test_the_secret_key_is_not_used_directly() -> None:
    """It is the operator's passphrase; the encryption key is derived from it, for this use alone."""
    raw = Fernet.generate_key().decode()
    with pytest.raises(SecretKeyError):
        decrypt(Fernet(raw).encrypt(b"secret"), (raw,))
