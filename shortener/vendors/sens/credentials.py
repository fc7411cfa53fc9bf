"""Find the account that signed a request: the access key is its SID, the secret key its signing secret as text."""

import datetime as dt
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from flask import Request

from shortener.errors import AccountDisabledError, CredentialsError
from shortener.vendors.sens.signature import ACCESS_KEY, SIGNATURE, TIMESTAMP, is_signed
from shortener.web import credentials
from shortener.web.access import Sender
from shortener.web.description.operation import Credentials

TOLERANCE: Final = 5 * 60 * 1000  # milliseconds
LONGEST: Final = 20  # digits of a timestamp
UNSIGNED: Final = f"Send the headers {TIMESTAMP}, {ACCESS_KEY} and {SIGNATURE}."
LATE: Final = f"{TIMESTAMP} must be the time in milliseconds since 1970, at most five minutes off."
_HEADERS: Final = {ACCESS_KEY: "SID", TIMESTAMP: "MILLISECONDS", SIGNATURE: "SIGNATURE"}
DESCRIBED: Final = Credentials(
    schemes={name: {"type": "apiKey", "in": "header", "name": name} for name in _HEADERS},
    are_all_needed=True,
    sentence=f"Credentials are three headers. `{ACCESS_KEY}` is the SID, and `{TIMESTAMP}` the time in milliseconds "
    f"since 1970. `{SIGNATURE}` is the base64 of an HMAC with SHA-256; its key is the signing secret (`whsec_…`), "
    "its text the method, a space, the path with its query, a line feed, the timestamp, a line feed and the SID.",
    curl=tuple(word for name, value in _HEADERS.items() for word in ("-H", f"{name}: {value}")),
)
WRONG: Final = (
    "The signature is wrong. The access key is an account's sid, the secret key is its signing secret, and the "
    "signature covers the path with its query as it is sent."
)


def authenticate(request: Request) -> Sender:
    """Return the account that signed the request; CredentialsError if none did, or not within the last five minutes."""
    timestamp, access_key, signature = (request.headers.get(name, "") for name in (TIMESTAMP, ACCESS_KEY, SIGNATURE))
    if not (timestamp and access_key and signature):
        raise CredentialsError(UNSIGNED)
    if not _is_current(timestamp, dt.datetime.now(dt.UTC)):
        raise CredentialsError(LATE)
    signed = request.method, set(_targets(request)), timestamp, access_key
    try:
        return credentials.signed(access_key, lambda secret_keys: is_signed(signature, secret_keys, *signed))
    except AccountDisabledError:
        raise
    except CredentialsError:
        raise CredentialsError(WRONG) from None


def _is_current(timestamp: str, now: dt.datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= LONGEST):
        return False
    return abs(int(timestamp) - now.timestamp() * 1000) <= TOLERANCE


def _targets(request: Request) -> Iterator[str]:
    """Yield the target as it arrived, and as it was before a proxy wrote characters of the path in another way.

    Not every server says how it arrived.
    """
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    if raw:
        yield raw if raw.startswith("/") else "/" + raw.partition("://")[2].partition("/")[2]
    arrived = request.query_string.decode("latin-1")
    query = f"?{arrived}" if arrived else ""
    for path in (quote(request.path, safe="/:"), quote(request.path), request.path):
        yield path + query
