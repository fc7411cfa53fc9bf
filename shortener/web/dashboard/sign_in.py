"""Sign in, sign out, change one's password."""

import math
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from shortener.accounts import audit, logins, passwords, people, throttle
from shortener.accounts.audit import Actor
from shortener.errors import PasswordError, SignInBusyError, SignInError, SignInLimitError
from shortener.rules.deed import Deed, Origin
from shortener.storage import db
from shortener.storage.models import Person
from shortener.web.access import public
from shortener.web.dashboard import access, forms, known_browsers
from shortener.web.dashboard.access import SignedInPerson, for_people

BUSY: Final = 3  # seconds to wait if too many people sign in at once
LONGEST: Final = 16_384  # bytes of a sign-in form, which anyone can send


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/sign-in", view_func=sign_in, methods=["GET", "POST"])
    blueprint.add_url_rule("/sign-out", view_func=sign_out, methods=["POST"])
    blueprint.add_url_rule("/password", view_func=password, methods=["GET", "POST"])


@public
def sign_in() -> ResponseReturnValue:
    """Ask for name and password; with the right ones, open a session."""
    page = access.page_or(request.args.get("next"), url_for("dashboard.overview"))
    if not forms.sent():
        return redirect(page, 303) if access.signed_in_person() else _sign_in_page()
    given = forms.fields(LONGEST)
    try:
        token = _opened(given.get("name", ""), given.get("password", ""))
    except (SignInLimitError, SignInBusyError) as error:
        return _later(_sign_in_page(429, given.get("name", ""), error.code), error)
    except SignInError as error:
        return _sign_in_page(401, given.get("name", ""), error.code)
    _end_session()
    return known_browsers.remember(access.with_cookie(token, page), given.get("name", ""))


@for_people
def sign_out(current: SignedInPerson) -> ResponseReturnValue:
    """End the session."""
    _end_session(current)
    return access.without_cookie(url_for("dashboard.sign_in"))


@for_people
def password(current: SignedInPerson) -> ResponseReturnValue:
    """Change one's own password; sessions in other browsers end."""
    if not forms.sent():
        return _password_page()
    given = forms.fields()
    new = given.get("new", "")
    if new != given.get("again", ""):
        return _password_page("differs", 422)
    try:
        passwords.check_new(new, current.person.name, None if current.of is None else current.of.name)
        _change_password(current, given.get("old", ""), new)
    except (SignInLimitError, SignInBusyError) as error:
        return _later(_password_page(error.code, 429), error)
    except (PasswordError, SignInError) as error:
        return _password_page(error.code, 422)
    return redirect(url_for("dashboard.password", done="password"), 303)


def _change_password(current: SignedInPerson, old: str, new: str) -> None:
    """Require the old password, with the same throttling as a sign-in, because the session may be stolen."""
    name = current.person.name
    with passwords.admission():
        with db.write() as session:
            tried = throttle.begin(session, name, known_browsers.of_session(current), now=db.now(session))
        if not passwords.matches(current.person, old):
            _note_failure(current.person)
            raise SignInError
        new_hash = passwords.hashed(new)
    with db.write() as session:
        people.set_password(session, people.named(session, name), new_hash, keep=current.signed_in.id)
        throttle.withdraw(session, tried)
        current.record(session, Deed.PASSWORD_CHANGED, name)


def _opened(name: str, given: str) -> str:
    """Check a name and a password, and return a new session's cookie. No transaction is open meanwhile."""
    place = known_browsers.place(name)
    with db.read() as session:
        throttle.check(session, name, place, now=db.now(session))
        person = people.find(session, name)
    with passwords.admission():
        with db.write() as session:
            tried = throttle.begin(session, name, place, now=db.now(session))
        if not passwords.matches(person, given) or person is None:
            _note_failure(person)
            raise SignInError
    with db.write() as session:
        current = people.named(session, person.name)
        if current.password != person.password:  # it was changed in the meantime, which ends all sessions
            raise SignInError
        throttle.withdraw(session, tried)
        _note(session, Deed.SIGNED_IN, person)
        return logins.start(session, person, now=db.now(session))


def _note(session: Session, deed: Deed, person: Person | None) -> None:
    """Record a sign-in, or one that failed; the typed name may be a password, so only that of a person is kept."""
    name, account_id = (None, None) if person is None else (person.name, person.account_id)
    by = Actor(Origin.DASHBOARD, None if deed is Deed.SIGN_IN_FAILED else name)
    audit.record(session, deed, by, now=db.now(session), account_id=account_id, about=name)


def _note_failure(person: Person | None) -> None:
    """Record a failed sign-in, also of a name that nobody has: it must take as long."""
    with db.write() as session:
        _note(session, Deed.SIGN_IN_FAILED, person)


def _later(page: Response, error: SignInLimitError | SignInBusyError) -> Response:
    wait = error.wait.total_seconds() if isinstance(error, SignInLimitError) else BUSY
    page.headers["Retry-After"] = str(max(1, math.ceil(wait)))
    return page


def _end_session(signed_out: SignedInPerson | None = None) -> None:
    if token := request.cookies.get(access.COOKIE):
        with db.write() as session:
            logins.end(session, token)
            if signed_out is not None:
                signed_out.record(session, Deed.SIGNED_OUT, signed_out.person.name)


def _sign_in_page(status: int = 200, name: str = "", fault: str | None = None) -> Response:
    return make_response(render_template("dashboard/sign_in.html", name=name, fault=fault), status)


def _password_page(fault: str | None = None, status: int = 200) -> Response:
    limits = {"shortest": passwords.SHORTEST, "longest": passwords.LONGEST}
    return make_response(render_template("dashboard/password.html", fault=fault, **limits), status)
