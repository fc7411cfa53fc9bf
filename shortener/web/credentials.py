"""Read the credentials of a request and find their account: HTTP Basic `SID:TOKEN` or `Bearer TOKEN`."""

import binascii
from base64 import b64decode

from flask import Request

from shortener.accounts import authentication
from shortener.accounts.senders import Sender
from shortener.errors import CredentialsError
from shortener.running.services import services


def authenticate(request: Request) -> Sender:
    """Return the account that the request's credentials belong to; CredentialsError if there is none."""
    sid, token = _credentials(request.headers.get("Authorization", ""))
    sender, credential_id = authentication.authenticate(services().readers, sid, token)
    services().last_used.note(credential_id)
    return sender


def _credentials(header: str) -> tuple[str | None, str]:
    """SID, which Bearer does not carry, and TOKEN."""
    scheme, _, rest = header.strip().partition(" ")
    match scheme.lower():
        case "bearer" if rest.strip().isascii() and rest.strip():
            return None, rest.strip()
        case "basic":
            try:
                sid, colon, token = b64decode(rest.strip(), validate=True).decode("utf-8").partition(":")
            except (binascii.Error, ValueError):
                colon = ""
            if colon:
                return sid, token
    raise CredentialsError("Send credentials: HTTP Basic with SID:TOKEN, or `Authorization: Bearer TOKEN`.")
