"""Read the credentials of a request and find their account: HTTP Basic `SID:TOKEN` or `Bearer TOKEN`.

Whoever finds the account also notes what its credentials allow; `access.for_senders` enforces that.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from flask import Request, request

from shortener.accounts import authentication
from shortener.accounts.audit import Actor
from shortener.accounts.senders import Sender
from shortener.errors import AccountDisabledError, CredentialsError, TokenExpiredError, WrongCredentialsLimitError
from shortener.rules import scope
from shortener.rules.deed import Origin
from shortener.rules.scope import Scope
from shortener.running.services import services
from shortener.storage import db

_ALLOWED: Final = "shortener.allowed"  # in the environment of a request


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the credentials of a request allow, and the name of its token; None for a signature or a key."""

    scopes: frozenset[Scope]
    token: str | None = None


_NOTHING: Final = Allowed(frozenset())


def authenticate(request: Request) -> Sender:
    """Return the account that the request's credentials belong to; CredentialsError if there is none."""
    return with_token(*given(request))


def with_token(sid: str | None, token: str) -> Sender:
    """Return the account of a token, which must have this SID if one is given; CredentialsError if there is none."""
    with counted(sid):
        sender, known = authentication.authenticate(services().readers, sid, token)
    services().last_used.note(known.id)
    allow(known.scopes, known.name)
    return sender


def allow(scopes: frozenset[Scope], token: str | None = None) -> None:
    """Note what the credentials of the current request allow, and the name of its token if it has one."""
    request.environ[_ALLOWED] = Allowed(scopes, token)


def allowed() -> Allowed:
    """Return what the credentials of the current request allow: nothing if nobody noted it."""
    found: Allowed = request.environ.get(_ALLOWED, _NOTHING)
    return found


def actor() -> Actor:
    """Return who makes the current request, for the audit log."""
    return Actor(Origin.API, allowed().token)


def signed(sid: str, is_signed: Callable[[Sequence[str]], bool]) -> Sender:
    """Return the account with this SID if `is_signed`, which gets its signing secrets as text, says so.

    CredentialsError if there is none, or none of its secrets made the signature.
    """
    with counted(sid):
        with db.read() as session:
            secret_keys = services().settings.secret_keys
            signer = authentication.signer(session, sid, secret_keys=secret_keys, now=db.now(session))
        sender = signer.signed(is_signed)
    allow(scope.ALL)
    return sender


@contextmanager
def counted(sid: str | None) -> Iterator[None]:
    """Count credentials that the block finds wrong; WrongCredentialsLimitError if there were too many.

    Those of a disabled account and expired ones are not wrong. Requests without any do not count: some clients send
    them at first.
    """
    try:
        yield
    except (AccountDisabledError, TokenExpiredError):
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
