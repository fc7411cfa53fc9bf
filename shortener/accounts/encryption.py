"""Encryption of secrets that we must be able to read again, under the installation's secret key.

While the operator changes the secret key there are two: both can decrypt, the new one encrypts.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shortener.errors import SecretKeyError

_PURPOSE = b"shortener signing secrets"  # part of the derived key, so it must never change


@lru_cache(maxsize=4)
def _fernet(secret_key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def encrypt(secret: bytes, secret_key: str) -> bytes:
    """Encrypt a secret for the database."""
    return _fernet(secret_key).encrypt(secret)


def decrypt(encrypted: bytes, secret_keys: tuple[str, ...]) -> bytes:
    """Decrypt what was encrypted under one of the keys; SecretKeyError if it was none of them."""
    try:
        return MultiFernet(map(_fernet, secret_keys)).decrypt(encrypted)
    except InvalidToken:
        raise SecretKeyError from None


def can_decrypt(encrypted: bytes, secret_keys: tuple[str, ...]) -> bool:
    """Whether one of the keys decrypts it."""
    try:
        decrypt(encrypted, secret_keys)
    except SecretKeyError:
        return False
    return True
