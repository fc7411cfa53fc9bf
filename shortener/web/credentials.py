"""Read the credentials of a request and find their account: HTTP Basic `SID:TOKEN` or `Bearer TOKEN`."""

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from flask import Request, request

from shortener.accounts import authentication
from shortener.accounts.senders import Sender
from shortener.errors import AccountDisabledError, CredentialsError, WrongCredentialsLimitError
from shortener.running.services import services
from shortener.storage import db


def authenticate(request: Request) -> Sender:
    """Return the account that the request's credentials belong to; CredentialsError if there is none."""
    return with_token(*given(request))


def with_token(sid: str | None, token: str) -> Sender:
    """Return the account of a token, which must have this SID if one is given; CredentialsError if there is none."""
    with counted(sid):
        sender, credential_id = authentication.authenticate(services().readers, sid, token)
    services().last_used.note(credential_id)
    return sender


def signed(sid: str, is_signed: Callable[[Sequence[str]], bool]) -> Sender:
    """Return the account with this SID if `is_signed`, which gets its signing secrets as text, says so.

    CredentialsError if there is none, or none of its secrets made the signature.
    """
    with counted(sid):
        with db.read() as session:
            secret_keys = services().settings.secret_keys
            signer = authentication.signer(session, sid, secret_keys=secret_keys, now=db.now(session))
        return signer.signed(is_signed)


@contextmanager
def counted(sid: str | None) -> Iterator[None]:
    """Count credentials that the block finds wrong; WrongCredentialsLimitError if there were too many.

    Those of a disabled account are not wrong. Requests without any do not count: some clients send them at first.
    """
    try:
        yield
    except AccountDisabledError:
        raise
    except CredentialsError:
        if wait := services().strangers.wrong_credentials(request.remote_addr or "", sid):
            raise WrongCredentialsLimitError(wait) from None
        raise


def given(request: Request) -> tuple[str | None, str]:
    """Return the SID, which Bearer does not carry, and the token of a request; CredentialsError if it has neither."""
    return _credentials(request.headers.get("Authorization", ""))


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
