"""Who may call what: every view says it, and a test looks."""

import binascii
from base64 import b64decode
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from flask import request

from shortener.accounts import senders
from shortener.errors import CredentialsError
from shortener.running.services import services
from shortener.storage.models import Account

P = ParamSpec("P")
R = TypeVar("R")
ACCESS = "__access__"


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Anybody may call this."""
    setattr(view, ACCESS, "public")
    return view


def for_senders(view: Callable[Concatenate[Account, P], R]) -> Callable[P, R]:
    """Only with an account's credentials; the view gets the account."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        return view(authenticated(), *args, **kwargs)

    setattr(guarded, ACCESS, "senders")
    return guarded


def authenticated() -> Account:
    """The account whose credentials the request carries: Basic `SID:TOKEN` or Bearer `TOKEN`; or CredentialsError."""
    sid, token = _credentials(request.headers.get("Authorization", ""))
    account, credential_id = senders.opened(services().readers, sid, token)
    services().last_used.note(credential_id)
    return account


def _credentials(header: str) -> tuple[str | None, str]:
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
    raise CredentialsError("Give credentials: HTTP Basic with SID:TOKEN, or `Authorization: Bearer TOKEN`.")
