"""What somebody decides about a message that is to be sent: send it again, give it up, or cancel it."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from shortener.errors import NotCancelableError, NotHeldError
from shortener.messages import lookup
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.sending import decisions
from shortener.storage import db
from shortener.web.dashboard.access import SignedInPerson, for_owners


def register(blueprint: Blueprint) -> None:
    """Add the forms' routes."""
    for action, view in (("repeat", repeat), ("give-up", give_up), ("cancel", cancel)):
        blueprint.add_url_rule(f"/messages/<msgid>/{action}", view_func=view, methods=["POST"])


@for_owners
def repeat(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Hand a held message over again."""
    try:
        with db.write() as session:
            decisions.repeat(session, lookup.find(session, current.account, msgid), now=db.now(session))
            current.record(session, Deed.REPEATED, msgid)
    except NotHeldError:
        return _back(msgid, "decided")
    services().wake_sendings()
    return _back(msgid, "repeated")


@for_owners
def give_up(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Do not hand a held message over again."""
    try:
        with db.write() as session:
            found = lookup.find(session, current.account, msgid)
            decisions.give_up(session, found, asked_by=current.asker, now=db.now(session))
            current.record(session, Deed.GIVEN_UP, msgid)
    except NotHeldError:
        return _back(msgid, "decided")
    return _back(msgid, "given-up")


@for_owners
def cancel(current: SignedInPerson, msgid: str) -> ResponseReturnValue:
    """Take a message back that has not been handed over."""
    try:
        with db.write() as session:
            decisions.cancel(session, lookup.find(session, current.account, msgid), now=db.now(session))
            current.record(session, Deed.CANCELED, msgid)
    except NotCancelableError:
        return _back(msgid, "too-late")
    return _back(msgid, "called-off")


def _back(msgid: str, done: str) -> Response:
    """Show the message again, with what has happened: a page may be older than what it offers."""
    return redirect(url_for("dashboard.message", msgid=msgid, done=done), 303)
