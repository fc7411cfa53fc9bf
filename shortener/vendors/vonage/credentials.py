"""Vonage's credentials: HTTP Basic, key and secret as fields, or a key and a signature of all fields."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from flask import Request

from shortener.errors import AccountDisabledError, CredentialsError
from shortener.vendors.vonage import requests, signature
from shortener.vendors.vonage.statuses import Status
from shortener.web import credentials, message_reports
from shortener.web.access import Sender
from shortener.web.problems import RequestError

KEY: Final = "api_key"
SECRET: Final = "api_secret"  # noqa: S105 - the name of a field
TIMESTAMP: Final = "timestamp"
LONGEST_AGE: Final = dt.timedelta(minutes=5)
CONVERSIONS: Final = "/conversions/"


class VonageCredentialsError(RequestError):
    """Credentials that are wrong in a way for which the vendor has a number of its own."""

    def __init__(self, number: Status, sentence: str) -> None:
        self.number = number
        super().__init__(401, CredentialsError.code, sentence)


def authenticate(request: Request) -> Sender:
    """Return the account that the request's credentials belong to; an error if there is none.

    Basic decides if it is given: the vendor's Python client sends a left-over header with signed requests.
    """
    if "Authorization" in request.headers:
        return credentials.authenticate(request)
    fields = requests.fields()
    key, secret, given = (fields.get(name) for name in (KEY, SECRET, signature.SIGNATURE))
    if not key or not (secret or given):
        raise VonageCredentialsError(Status.MISSING, "Give api_key and api_secret, or api_key, timestamp and sig.")
    if secret and given:
        raise VonageCredentialsError(Status.BOTH_GIVEN, "Give either api_secret or sig.")
    if given:
        return _of_signature(_ascii(key), fields, is_replay_harmless=request.path.startswith(CONVERSIONS))
    return credentials.with_token(_ascii(key), _ascii(secret))


def _ascii(value: object) -> str:
    """Return a credential as text; ours are ASCII, and JSON may have what is no Unicode."""
    if isinstance(value, str) and value.isascii():
        return value
    raise CredentialsError("Credentials are texts of ASCII letters and digits.")


def _of_signature(key: str, fields: Mapping[str, Any], *, is_replay_harmless: bool) -> Sender:
    """Return the account with this key, if one of its signing secrets signed the fields."""
    try:
        sender = credentials.signed(key, lambda secrets: signature.is_valid(fields, secrets))
    except AccountDisabledError:
        raise
    except CredentialsError:
        raise VonageCredentialsError(Status.SIGNATURE, "The signature sig does not fit the fields.") from None
    signed_on = signature.moment(fields.get(TIMESTAMP))
    # The time of news about a message is that of the news, which may be old.
    if not is_replay_harmless and (signed_on is None or abs(message_reports.now() - signed_on) > LONGEST_AGE):
        raise VonageCredentialsError(Status.SIGNATURE, "The timestamp is missing, or more than 5 minutes off.")
    return sender
