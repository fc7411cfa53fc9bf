"""Who may call a view. Every view says it, and a test checks that it does."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from flask import Response, after_this_request, request

from shortener.accounts.senders import Sender as Sender  # what a view for senders gets; vendors import it from here
from shortener.errors import ScopeError
from shortener.rules.scope import Scope as Scope  # what each of these views needs
from shortener.telemetry import log_lines
from shortener.web import credentials, path_groups

P = ParamSpec("P")
R = TypeVar("R")
ACCESS = "__access__"
SCOPE = "__scope__"
_AUTHENTICATED = "shortener.authenticated"  # in the environment of a request


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Let anybody call the view."""
    setattr(view, ACCESS, "public")
    return view


def for_senders(
    scope: Scope,
) -> Callable[[Callable[Concatenate[Sender, P], R]], Callable[P, R]]:
    """Require an account's credentials that allow this, and pass the account on.

    The group of the request's path says where the credentials are. ScopeError if they allow only other things.
    """

    def guard(view: Callable[Concatenate[Sender, P], R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            after_this_request(_forbid_caching)
            sender = path_groups.current().authenticate(request)
            request.environ[_AUTHENTICATED] = True
            log_lines.note(account=sender.sid, msgid=kwargs.get("msgid"))
            if scope not in credentials.allowed().scopes:
                raise ScopeError(scope)
            return view(sender, *args, **kwargs)

        setattr(guarded, ACCESS, "senders")
        setattr(guarded, SCOPE, scope)
        return guarded

    return guard


def is_authenticated(environ: Mapping[str, Any]) -> bool:
    """Return whether the request with this environment is known to come from a sender."""
    return _AUTHENTICATED in environ


def _forbid_caching(response: Response) -> Response:
    """Let no cache store an answer to a sender."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
