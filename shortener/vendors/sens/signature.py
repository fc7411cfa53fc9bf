"""The signature of NAVER's requests, which covers the method, the target, the time and the access key, not the body."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

TIMESTAMP: Final = "x-ncp-apigw-timestamp"  # milliseconds since 1970
ACCESS_KEY: Final = "x-ncp-iam-access-key"
SIGNATURE: Final = "x-ncp-apigw-signature-v2"


def sign(secret_key: str, method: str, target: str, timestamp: str, access_key: str) -> str:
    """Return the signature of a request; `target` is its path with the query, as it is sent."""
    signed = f"{method} {target}\n{timestamp}\n{access_key}"
    digest = hmac.digest(_bytes(secret_key), _bytes(signed), hashlib.sha256)
    return b64encode(digest).decode("ascii")


def is_signed(
    signature: str, secret_keys: Iterable[str], method: str, targets: Iterable[str], timestamp: str, access_key: str
) -> bool:
    """Return whether one of the keys made the signature, of one of the spellings of the target."""
    given, each = _bytes(signature), list(targets)
    right = [_bytes(sign(key, method, target, timestamp, access_key)) for key in secret_keys for target in each]
    return any(hmac.compare_digest(given, one) for one in right)


def _bytes(text: str) -> bytes:
    """Return the text as clients sign it; a target or a header may hold anything."""
    return text.encode("utf-8", "surrogatepass")
