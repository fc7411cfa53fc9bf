"""Vonage's signatures: digests of a request's fields with the account's signing secret.

What is signed is `&name=value` for each field, sorted by name, without `sig`; `&` and `=` in a value become `_`.
"""

import datetime as dt
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

SIGNATURE: Final = "sig"
# The vendor's Python client signs all fields of a message, those without a value as `None`, and leaves these out of the
# request afterwards.
ALL_FIELDS: Final = (
    *("account-ref", "body", "callback", "client-ref", "content-id", "entity-id", "from", "message-class"),
    *("protocol-id", SIGNATURE, "status-report-req", "text", "to", "trusted-number", "ttl", "type", "udh"),
)
_DIGESTS: Final = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}  # by the hexadecimal digits of a signature

_SECONDS: Final = re.compile("[0-9]{1,10}")


def moment(value: object) -> dt.datetime | None:
    """The time of a signature, given in seconds since 1970 or as `2026-11-28 12:10:29` in UTC; None if it is none."""
    try:
        if _SECONDS.fullmatch(text := str(value)):
            return dt.datetime.fromtimestamp(int(text), dt.UTC)
        return dt.datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC)
    except ValueError:
        return None


def sign(fields: Mapping[str, Any], secret: str, digest: str = "sha256") -> str:
    """The signature of fields, in hexadecimal digits."""
    return _hmac(_text(fields), secret, digest)


def is_valid(fields: Mapping[str, Any], secrets: Iterable[str]) -> bool:
    """Whether the field `sig` is a signature of the others with one of the secrets, by any method of the vendor.

    The methods are HMAC with MD5, SHA-1, SHA-256 or SHA-512, and the older MD5 of the text followed by the secret.
    """
    given = str(fields.get(SIGNATURE, "")).lower().encode("utf-8", "replace")
    if len(given) not in _DIGESTS:
        return False
    texts = dict.fromkeys(_texts(fields))
    expected = (one for secret in secrets for text in texts for one in _signatures(text, secret, len(given)))
    return any(hmac.compare_digest(given, one.encode()) for one in expected)


def _signatures(text: bytes, secret: str, length: int) -> Iterator[str]:
    """The signatures of this length that a text may have."""
    yield _hmac(text, secret, _DIGESTS[length])
    if _DIGESTS[length] == "md5":
        yield hashlib.md5(text + secret.encode(), usedforsecurity=False).hexdigest()


def _hmac(text: bytes, secret: str, digest: str) -> str:
    return hmac.new(secret.encode(), text, digest).hexdigest()


def _texts(fields: Mapping[str, Any]) -> Iterator[bytes]:
    """The texts that a client may have signed: they differ in missing fields, and in how truth values are written."""
    plain = {name: value for name, value in fields.items() if name != SIGNATURE}
    yield _text(plain)
    yield _text(dict.fromkeys(ALL_FIELDS) | plain)
    yield _text({name: json.dumps(value) if isinstance(value, bool) else value for name, value in plain.items()})


def _text(fields: Mapping[str, Any]) -> bytes:
    parts = (f"&{name}={_plain(value)}" for name, value in sorted(fields.items()))
    return "".join(parts).encode("utf-8", "surrogatepass")


def _plain(value: object) -> str:
    return str(value).replace("&", "_").replace("=", "_")
