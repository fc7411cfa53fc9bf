"""The account's tokens: create, replace, revoke. A new one is shown once, on the page that answers its form."""

import datetime as dt
from typing import Final

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from shortener.accounts import credentials
from shortener.errors import InvalidFieldsError, TokenNameError
from shortener.rules import lifetime, local_time, scope
from shortener.rules.deed import Deed
from shortener.rules.scope import Scope
from shortener.rules.wire.moments import rfc3339_or_none
from shortener.storage import db
from shortener.web.dashboard import account, forms
from shortener.web.dashboard.access import SignedInPerson, for_owners

OVERLAPS: Final = ("", "24h", "7d")  # that a replaced token still works
NO_SCOPE: Final = "needs at least one choice"
NO_END: Final = "must be a date in the future"


def register(blueprint: Blueprint) -> None:
    """Add the forms' routes."""
    for path, view in (("", create), ("/rotate", rotate), ("/revoke", revoke)):
        endpoint = f"{view.__name__}_credential"
        blueprint.add_url_rule(f"/account/credentials{path}", endpoint=endpoint, view_func=view, methods=["POST"])


@for_owners
def create(current: SignedInPerson) -> ResponseReturnValue:
    """Add a token with the form's name, scopes and end, and show it."""
    given = forms.fields()
    name, scopes = given.get("name", "").strip(), frozenset(one for one in Scope if given.get(one) == "on")
    try:
        if not scopes:
            raise InvalidFieldsError({"scope": [NO_SCOPE]})
        with db.write() as session:
            now, own = db.now(session), current.account.id
            expires_on = _end(current, given.get("expires_on", ""), now)
            token = credentials.add(session, own, name=name, scopes=scopes, expires_on=expires_on, now=now)
            told = {"scope": scope.words(scopes), "expires_on": rfc3339_or_none(expires_on)}
            current.record(session, Deed.TOKEN_CREATED, name, **told)
    except TokenNameError as error:
        return account.page(current, new_token=given, token_faults={"name": [error.fault]}), 422
    except InvalidFieldsError as error:
        return account.page(current, new_token=given, token_faults=error.fields), 422
    return account.page(current, token=token)


@for_owners
def rotate(current: SignedInPerson) -> ResponseReturnValue:
    """Replace the token with the form's name, and show the new one."""
    given = forms.fields()
    name, overlap = given.get("name", ""), given.get("overlap", "")
    if overlap not in OVERLAPS:
        raise InvalidFieldsError({"overlap": ["is no choice"]})
    length = lifetime.duration(overlap) if overlap else None
    with db.write() as session:
        now = db.now(session)
        token = credentials.rotate(session, current.account.id, name=name, overlap=length, now=now)
        until = now + length if length else None
        current.record(session, Deed.TOKEN_ROTATED, name, old_one_until=rfc3339_or_none(until))
    return account.page(current, token=token, is_replaced=True, old_one_until=until)


@for_owners
def revoke(current: SignedInPerson) -> ResponseReturnValue:
    """Revoke the token with the form's name."""
    name = forms.fields().get("name", "")
    with db.write() as session:
        credentials.revoke(session, current.account.id, name)
        current.record(session, Deed.TOKEN_REVOKED, name)
    return redirect(url_for("dashboard.account", done="revoked"), 303)


def _end(current: SignedInPerson, day: str, now: dt.datetime) -> dt.datetime | None:
    """Return when the day begins in the person's zone; None without one. InvalidFieldsError if it is not ahead."""
    if not day:
        return None
    try:
        ends_on = local_time.first(dt.datetime.combine(dt.date.fromisoformat(day), dt.time()), current.zone)
    except (ValueError, OverflowError):
        raise InvalidFieldsError({"expires_on": [NO_END]}) from None
    if ends_on <= now:
        raise InvalidFieldsError({"expires_on": [NO_END]})
    return ends_on
