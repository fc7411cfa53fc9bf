"""Secrets that we must be able to read again, encrypted under the installation's secret key.

During a change of the key there are two: both open, the new one seals.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shortener.errors import SecretKeyError


@lru_cache(maxsize=4)
def _box(secret_key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"shortener signing secrets").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def seal(secret: bytes, secret_key: str) -> bytes:
    """Encrypt a secret for the database."""
    return _box(secret_key).encrypt(secret)


def unseal(sealed: bytes, secret_keys: tuple[str, ...]) -> bytes:
    """Decrypt what `seal` made under one of the keys; SecretKeyError where it was none of them."""
    try:
        return MultiFernet(map(_box, secret_keys)).decrypt(sealed)
    except InvalidToken:
        raise SecretKeyError from None


def opens(sealed: bytes, secret_keys: tuple[str, ...]) -> bool:
    """Whether one of the keys opens it."""
    try:
        unseal(sealed, secret_keys)
    except SecretKeyError:
        return False
    return True
