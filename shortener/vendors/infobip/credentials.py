"""The credentials of Infobip's clients: an API key, which is an account's token, or user and password."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from flask import Request

from shortener.errors import CredentialsError
from shortener.web.access import Sender
from shortener.web.credentials import with_token
from shortener.web.description.operation import BASIC, Credentials

IN_THE_QUERY: Final = "/sms/1/text/query"  # the only call whose credentials may be parameters
DESCRIBED: Final = Credentials(
    schemes={
        **BASIC,
        "app": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "`App TOKEN`"},
    },
    sentence="Credentials are `Authorization: App TOKEN`, or HTTP Basic `SID:TOKEN`.",
)
ASKED: Final = "Send `Authorization: App TOKEN`, or HTTP Basic with SID:TOKEN."


def authenticate(request: Request) -> Sender:
    """Return the account that the request's credentials belong to; CredentialsError if there is none."""
    query = request.args if request.path == IN_THE_QUERY else {}
    return with_token(*read(request.headers.get("Authorization", ""), query))


def read(header: str, query: Mapping[str, str]) -> tuple[str | None, str]:
    """Return the SID, which an API key does not carry, and the token; CredentialsError if they are missing.

    The query comes first: a client that sends both has been given the header for its other calls.
    """
    sid, token = query.get("username"), query.get("password")
    if sid and token:
        return sid, token
    scheme, _, rest = header.strip().partition(" ")
    match scheme.lower():
        case "app" if rest.strip().isascii() and rest.strip():
            return None, rest.strip()
        case "basic":
            return _basic(rest.strip())
        case "bearer" | "ibsso":
            raise CredentialsError(f"Sessions and OAuth are not supported here. {ASKED}")
    raise CredentialsError(ASKED)


def _basic(encoded: str) -> tuple[str, str]:
    try:
        sid, colon, token = b64decode(encoded, validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise CredentialsError(ASKED) from None
    if not colon:
        raise CredentialsError(ASKED)
    return sid, token
