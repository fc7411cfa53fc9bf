"""Who is signed in: every view of the dashboard states who may call it, and receives that person."""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from zoneinfo import ZoneInfo

from flask import Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import Forbidden

from shortener.accounts import audit, logins
from shortener.accounts.audit import Actor, Detail
from shortener.accounts.senders import Sender
from shortener.rules import local_time
from shortener.rules.deed import Deed, Origin
from shortener.rules.role import Role
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account, Person, SignedIn
from shortener.web.access import ACCESS
from shortener.web.dashboard import forms

P = ParamSpec("P")
COOKIE: Final = "dashboard"
REFRESH: Final = "X-Refresh"  # a header: the page's script sends the request, not the person
PATH: Final = "/dashboard"  # the cookie is not sent to shortlinks
_FOUND: Final = "shortener.signed_in"  # looked up once per request, and kept in its environ
# No segment may begin with a dot: `/dashboard/../` could lead to a shortlink and so to any site.
_PAGE: Final = re.compile(r"/dashboard(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*/?(\?[A-Za-z0-9=&%.:+_-]*)?")


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """A person who is signed in, with the session and the account."""

    person: Person
    signed_in: SignedIn
    form_token: str
    of: Account | None

    @property
    def account(self) -> Sender:
        """The person's account; Forbidden if there is none, or if it is disabled."""
        if self.of is None or self.of.disabled_on is not None:
            raise Forbidden
        return Sender.of(self.of)

    @property
    def may_change(self) -> bool:
        """Whether the person may make changes to the account."""
        return self.person.role == Role.OWNER

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the person's pages: the person's own, else the account's, else UTC."""
        return local_time.zone_or_utc(self.person.time_zone or (self.of.time_zone if self.of is not None else None))

    @property
    def asker(self) -> str:
        """The person's name as replays store it."""
        return f"person {self.person.name}"

    @property
    def actor(self) -> Actor:
        """The person as the audit log names them."""
        return Actor(Origin.DASHBOARD, self.person.name)

    def record(self, session: Session, deed: Deed, about: str | None = None, **details: Detail) -> None:
        """Record what the person does to the account, in its transaction."""
        own = None if self.of is None else self.of.id
        audit.record(session, deed, self.actor, now=db.now(session), account_id=own, about=about, **details)


Page = Callable[Concatenate[SignedInPerson, P], ResponseReturnValue]
Guarded = Callable[P, ResponseReturnValue]


def for_people(view: Page[P]) -> Guarded[P]:
    """Let everyone who is signed in call the view."""
    return _guard(view, "people", lambda current: True)


def for_viewers(view: Page[P]) -> Guarded[P]:
    """Let the people of an account call the view. It reads that account and changes nothing."""
    return _guard(view, "viewers", lambda current: current.of is not None)


def for_owners(view: Page[P]) -> Guarded[P]:
    """Let the owners of an account call the view, which makes changes."""
    return _guard(view, "owners", lambda current: current.of is not None and current.may_change)


def for_operators(view: Page[P]) -> Guarded[P]:
    """Let the operators of the installation call the view."""
    return _guard(view, "operators", lambda current: current.person.operator)


def _guard(view: Page[P], access: str, may: Callable[[SignedInPerson], bool]) -> Guarded[P]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        current = signed_in_person()
        if current is None:
            wanted = None if forms.sent() else request.full_path.rstrip("?")
            return redirect(url_for("dashboard.sign_in", next=wanted), 303)
        if access == "viewers" and current.of is None:  # an operator without an account
            return redirect(url_for("dashboard.operator"), 303)
        if forms.sent():
            forms.check_token(current.form_token)
        if not may(current):
            raise Forbidden
        return view(current, *args, **kwargs)

    setattr(guarded, ACCESS, access)
    return guarded


def signed_in_person() -> SignedInPerson | None:
    """The person whose session cookie the request carries, if there is one."""
    if _FOUND not in request.environ:
        request.environ[_FOUND] = _find()
    current: SignedInPerson | None = request.environ[_FOUND]
    return current


def shown_zone() -> ZoneInfo:
    """The time zone in which the current page shows times."""
    current = signed_in_person()
    return local_time.zone_or_utc(None) if current is None else current.zone


def _find() -> SignedInPerson | None:
    token = request.cookies.get(COOKIE, "")
    if not token:
        return None
    with db.read() as session:
        now = db.now(session)
        found = logins.find(session, token, now=now)
    if found is None:
        return None
    if REFRESH not in request.headers and logins.wants_renewal(found.signed_in, now=now):
        with db.write() as session:
            logins.renew(session, found.signed_in, now=now)
    return SignedInPerson(found.person, found.signed_in, _form_token(token), found.account)


def with_cookie(token: str, page: str) -> Response:
    """Redirect to a page, with a new session's cookie."""
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


def without_cookie(page: str) -> Response:
    """Redirect to a page, and delete the session's cookie."""
    answer = make_response(redirect(page, 303))
    answer.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="Lax")
    return answer


def page_or(wanted: str | None, otherwise: str) -> str:
    """The page requested before the sign-in if it is one of the dashboard, else the other one."""
    return wanted if wanted and _PAGE.fullmatch(wanted) else otherwise


def _form_token(token: str) -> str:
    """The token of a session's forms. It is derived from the cookie and does not reveal it."""
    return hmac.digest(token.encode("utf-8", "surrogatepass"), b"form", hashlib.sha256).hex()
