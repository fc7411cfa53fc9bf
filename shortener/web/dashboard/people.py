"""The people of the account: owners invite them, change their roles, disable and enable them."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from shortener.accounts import link_mail, password_links, people
from shortener.errors import InvalidFieldsError, LastOwnerError, LinkMailError
from shortener.rules.deed import Deed
from shortener.rules.role import Role
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Person
from shortener.web.dashboard import account, forms
from shortener.web.dashboard.access import SignedInPerson, for_owners

TAKEN, NO_NAME = "is the name of somebody who has a login already", "must have 1 to 200 printable characters"


def register(blueprint: Blueprint) -> None:
    """Add the forms' routes."""
    for view in (invite, renew, change_role, disable, enable):
        path = f"/account/people/{view.__name__.replace('_', '-')}"
        blueprint.add_url_rule(path, endpoint=f"{view.__name__}_person", view_func=view, methods=["POST"])


@for_owners
def invite(current: SignedInPerson) -> ResponseReturnValue:
    """Add a person who has no password yet, and show the link with which they choose one."""
    given = forms.fields()
    name, role = people.normalized(given.get("person", "")), _role(given)
    with db.write() as session:
        fault = TAKEN if people.find(session, name) else None if people.is_name(name) else NO_NAME
        if fault is None:
            now = db.now(session)
            person = people.invite(session, name, account=current.account.name, role=role, now=now)
            path = password_links.create(session, person, is_invitation=True, now=now)
            current.record(session, Deed.PERSON_INVITED, name, role=role)
    if fault is not None:
        return account.page(current, invited=given, people_faults={"person": [fault]}), 422
    return _shown(current, name, path, wants_mail=given.get("mail") == "on")


@for_owners
def renew(current: SignedInPerson) -> ResponseReturnValue:
    """Make a new invitation for somebody who has not chosen a password yet; the earlier link stops working.

    Not for others: with a reset link an owner could sign in as somebody else.
    """
    given = forms.fields()
    with db.write() as session:
        person = _other(session, current, given)
        if person.id not in password_links.invited(session, current.account.id) or person.disabled_on is not None:
            raise NotFound
        path = password_links.create(session, person, now=db.now(session))
        current.record(session, Deed.PERSON_INVITED, person.name, role=person.role)
    return _shown(current, person.name, path, wants_mail=given.get("mail") == "on")


@for_owners
def change_role(current: SignedInPerson) -> ResponseReturnValue:
    """Give a person of the account another role."""
    given = forms.fields()
    role = _role(given)
    try:
        with db.write() as session:
            person = _other(session, current, given)
            people.set_role(session, person, role)
            current.record(session, Deed.PERSON_CHANGED, person.name, role=role)
    except LastOwnerError:
        return _back("last-owner")
    return _back("role")


@for_owners
def disable(current: SignedInPerson) -> ResponseReturnValue:
    """End a person's sessions, and refuse their sign-ins and their link."""
    try:
        with db.write() as session:
            person = _other(session, current, forms.fields())
            people.disable(session, person.name, now=db.now(session))
            people.check_owner_remains(session, current.account.id)
            current.record(session, Deed.PERSON_DISABLED, person.name)
    except LastOwnerError:
        return _back("last-owner")
    return _back("disabled")


@for_owners
def enable(current: SignedInPerson) -> ResponseReturnValue:
    """Allow a disabled person to sign in again."""
    with db.write() as session:
        person = _other(session, current, forms.fields())
        people.enable(session, person.name)
        current.record(session, Deed.PERSON_ENABLED, person.name)
    return _back("enabled")


def _other(session: Session, current: SignedInPerson, given: dict[str, str]) -> Person:
    """Return another person of the account; NotFound if there is none, or it is an operator: that is not for owners."""
    people.lock_account(session, current.account.id)
    person = people.find(session, given.get("person", ""))
    if person is None or person.account_id != current.account.id or person.operator or person.id == current.person.id:
        raise NotFound
    return person


def _role(given: dict[str, str]) -> Role:
    try:
        return Role(given.get("role", ""))
    except ValueError:
        raise InvalidFieldsError({"role": ["is no choice"]}) from None


def _shown(current: SignedInPerson, name: str, path: str, *, wants_mail: bool) -> ResponseReturnValue:
    """Show the link, which no other page does, after it was mailed if the form asks for that."""
    settings = services().settings
    url, is_mailed = settings.base_url + path, None
    if wants_mail:
        try:
            link_mail.send(name, url, settings)
            is_mailed = True
        except LinkMailError:
            is_mailed = False
    return account.page(current, link=url, linked=name, is_mailed=is_mailed)


def _back(done: str) -> ResponseReturnValue:
    return redirect(url_for("dashboard.account", done=done, _anchor="people"), 303)
