"""Who may call a view. Every view says it, and a test checks that it does."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from flask import Response, after_this_request, request

from shortener.accounts.senders import Sender as Sender  # what a view for senders gets; vendors import it from here
from shortener.web import path_groups

P = ParamSpec("P")
R = TypeVar("R")
ACCESS = "__access__"


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Let anybody call the view."""
    setattr(view, ACCESS, "public")
    return view


def for_senders(view: Callable[Concatenate[Sender, P], R]) -> Callable[P, R]:
    """Require an account's credentials, as the group of the request's path has them, and pass the account on."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        after_this_request(_forbid_caching)
        return view(path_groups.current().authenticate(request), *args, **kwargs)

    setattr(guarded, ACCESS, "senders")
    return guarded


def _forbid_caching(response: Response) -> Response:
    """Let no cache store an answer to a sender."""
    response.headers.setdefault("Cache-Control", "no-store")
    return response
