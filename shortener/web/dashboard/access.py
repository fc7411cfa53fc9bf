"""Who sits at the browser: every page of the dashboard says who may see it, and gets the seat."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec

from flask import Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden

from shortener.accounts import logins
from shortener.accounts.senders import Sender
from shortener.rules.role import Role
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account, Person, SignedIn
from shortener.web.access import ACCESS
from shortener.web.dashboard import forms

P = ParamSpec("P")
COOKIE: Final = "dashboard"
PATH: Final = "/dashboard"  # the cookie stays off the redirect
_TAKEN: Final = "shortener.seat"  # found once for a request, and kept with it
# No part of it begins with a dot: `/dashboard/../` would lead to a shortlink, and from there to anywhere.
_PAGE: Final = re.compile(r"/dashboard(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?(\?[A-Za-z0-9=&%.:+_-]*)?")


@dataclass(frozen=True, slots=True)
class Seat:
    """A person at a browser in which they are signed in."""

    person: Person
    signed_in: SignedIn
    form_token: str
    of: Account | None

    @property
    def account(self) -> Sender:
        """The account that the person belongs to; pages without one are not shown."""
        if self.of is None or self.of.disabled_on is not None:
            raise Forbidden
        return Sender.of(self.of)

    @property
    def may_change(self) -> bool:
        """Whether the person may change what belongs to the account."""
        return self.person.role == Role.OWNER

    @property
    def asker(self) -> str:
        """How the person is named where it is kept who asked."""
        return f"person {self.person.name}"


Page = Callable[Concatenate[Seat, P], ResponseReturnValue]
Guarded = Callable[P, ResponseReturnValue]


def for_people(view: Page[P]) -> Guarded[P]:
    """For everybody who is signed in."""
    return _guard(view, "people", lambda seat: True)


def for_viewers(view: Page[P]) -> Guarded[P]:
    """For everybody of an account; it shows that account's things and changes nothing."""
    return _guard(view, "viewers", lambda seat: seat.of is not None)


def for_owners(view: Page[P]) -> Guarded[P]:
    """For an account's owners: it changes something."""
    return _guard(view, "owners", lambda seat: seat.of is not None and seat.may_change)


def for_operators(view: Page[P]) -> Guarded[P]:
    """For operators of the installation."""
    return _guard(view, "operators", lambda seat: seat.person.operator)


def _guard(view: Page[P], access: str, may: Callable[[Seat], bool]) -> Guarded[P]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        seat = taken()
        if seat is None:
            wanted = None if forms.sent() else request.full_path.rstrip("?")
            return redirect(url_for("dashboard.sign_in", next=wanted), 303)
        if access == "viewers" and seat.of is None:  # an operator, who has pages of their own
            return redirect(url_for("dashboard.operator"), 303)
        if forms.sent():
            forms.check_token(seat.form_token)
        if not may(seat):
            raise Forbidden
        return view(seat, *args, **kwargs)

    setattr(guarded, ACCESS, access)
    return guarded


def taken() -> Seat | None:
    """The seat that the request's cookie stands for."""
    if _TAKEN not in request.environ:
        request.environ[_TAKEN] = _find()
    seat: Seat | None = request.environ[_TAKEN]
    return seat


def _find() -> Seat | None:
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    with db.read() as session:
        now = db.now(session)
        found = logins.find(session, token, now=now)
    if found is None:
        return None
    if logins.wants_renewal(found.signed_in, now=now):
        with db.write() as session:
            logins.renew(session, found.signed_in, now=now)
    return Seat(found.person, found.signed_in, _form_token(token), found.account)


def take(token: str, page: str) -> Response:
    """Go to a page with a new session's cookie."""
    answer = make_response(redirect(page, 303))
    answer.set_cookie(
        COOKIE,
        token,
        max_age=logins.LONGEST,
        path=PATH,
        secure=services().settings.base_url.startswith("https://"),
        httponly=True,
        samesite="Lax",
    )
    return answer


def leave(page: str) -> Response:
    """Go to a page without a cookie."""
    answer = make_response(redirect(page, 303))
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Lax")
    return answer


def page_or(wanted: str | None, otherwise: str) -> str:
    """The page of ours that was wanted before the sign-in; nobody else's address."""
    return wanted if wanted and _PAGE.fullmatch(wanted) else otherwise


def _form_token(token: str) -> str:
    """What the forms of a session carry: follows from its cookie, and does not give it away."""
    return hmac.digest(token.encode("utf-8", "surrogatepass"), b"form", hashlib.sha256).hex()
