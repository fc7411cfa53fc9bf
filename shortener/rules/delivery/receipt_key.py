"""The key in the path of a receipt's URL. It proves that we gave the URL out, and needs no stored secret."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

_PURPOSE: Final = b"shortener receipts"  # part of every key, so it must never change
_BYTES: Final = 12  # 16 characters; nobody guesses 96 bits over the network


def receipt_key(secret_key: str, *named: str) -> str:
    """Return 16 characters of `[A-Za-z0-9_-]` for what the URL names, such as a gateway and a msgid."""
    mac = hmac.new(secret_key.encode(), digestmod=hashlib.sha256)
    for part in (_PURPOSE, *(each.encode() for each in named)):
        mac.update(len(part).to_bytes(4) + part)  # so that no two lists of names give the same bytes
    return base64.urlsafe_b64encode(mac.digest()[:_BYTES]).decode()


def is_receipt_key(key: str, secret_keys: Sequence[str], *named: str) -> bool:
    """Whether the key was made for these names with one of the secret keys."""
    given = key.encode(errors="replace")
    return any(hmac.compare_digest(given, receipt_key(each, *named).encode()) for each in secret_keys)
