"""The page to which invitations and reset links lead: somebody chooses a password.

Opening the page changes nothing, because mail scanners open links too; only the form uses the link up. The link's
token is in the path: our log writes the route instead, and `Referer` carries only the origin.
"""

import math
from typing import Final

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shortener.accounts import audit, password_links, passwords, throttle
from shortener.accounts.audit import Actor
from shortener.accounts.password_links import Chosen
from shortener.accounts.throttle import Origin as Place
from shortener.errors import PasswordError, SignInBusyError, SignInLimitError
from shortener.rules.deed import Deed, Origin
from shortener.rules.delivery.address import network_of
from shortener.storage import db
from shortener.web.access import public
from shortener.web.dashboard import forms
from shortener.web.dashboard.sign_in import BUSY, LONGEST

# All tries of wrong links from a network count together. No person can have a name with this character.
TRIES: Final = "\0password link"


def register(blueprint: Blueprint) -> None:
    """Add the page."""
    blueprint.add_url_rule("/choose-password/<key>", view_func=choose_password, methods=["GET", "POST"])


@public
def choose_password(key: str) -> ResponseReturnValue:
    """Ask for a new password, and store it."""
    try:
        chosen = _found(key)
        if chosen is None:
            return _page(None, status=404)
        return _store(key, chosen) if forms.sent() else _page(chosen)
    except (SignInLimitError, SignInBusyError) as error:
        wait = error.wait.total_seconds() if isinstance(error, SignInLimitError) else BUSY
        page = _page(None, error.code, 429)
        page.headers["Retry-After"] = str(max(1, math.ceil(wait)))
        return page


def _found(token: str) -> Chosen | None:
    """Find whose link it is; wrong ones are throttled as failed sign-ins are, right ones cost nothing."""
    place = Place(network_of(request.remote_addr or "") or "")
    with db.read() as session:
        now = db.now(session)
        throttle.check(session, TRIES, place, now=now)
        chosen = password_links.find(session, token, now=now)
    if chosen is None:
        with db.write() as session:
            throttle.begin(session, TRIES, place, now=db.now(session))
    return chosen


def _store(token: str, chosen: Chosen) -> ResponseReturnValue:
    given = forms.fields(LONGEST)
    new = given.get("new", "")
    if new != given.get("again", ""):
        return _page(chosen, "differs", 422)
    try:
        passwords.check_new(new, chosen.person.name, chosen.account)
    except PasswordError as error:
        return _page(chosen, error.code, 422)
    with passwords.admission():
        new_hash = passwords.hashed(new)
    with db.write() as session:
        now = db.now(session)
        used = password_links.use(session, token, new_hash, now=now)
        if used is not None:
            by, own = Actor(Origin.DASHBOARD, used.person.name), used.person.account_id
            audit.record(
                session, Deed.PASSWORD_CHANGED, by, now=now, account_id=own, about=used.person.name, by_link=True
            )
    if used is None:
        return _page(None, status=404)
    return redirect(url_for("dashboard.sign_in", done="chosen"), 303)


def _page(chosen: Chosen | None, fault: str | None = None, status: int = 200) -> Response:
    limits = {"shortest": passwords.SHORTEST, "longest": passwords.LONGEST}
    page = make_response(
        render_template("dashboard/choose_password.html", chosen=chosen, fault=fault, **limits), status
    )
    # The address is a secret. Not `no-referrer`: browsers would then send no `Origin` with the form.
    page.headers["Referrer-Policy"] = "strict-origin"
    return page
