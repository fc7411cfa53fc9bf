"""The account: its credentials, its signing secret, its defaults."""

from typing import Any, Final

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shortener.accounts import credentials, people, senders, signing_secrets
from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError
from shortener.running.services import services
from shortener.storage import db
from shortener.web.dashboard import forms, labels
from shortener.web.dashboard.access import SignedInPerson, for_owners, for_viewers

DEFAULTS: Final = tuple(labels.DEFAULTS)


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/account", view_func=account)
    blueprint.add_url_rule("/account/credentials", view_func=rotate, methods=["POST"])
    blueprint.add_url_rule("/account/secret", view_func=rotate_secret, methods=["POST"])
    blueprint.add_url_rule("/account/defaults", view_func=set_defaults, methods=["POST"])


@for_viewers
def account(current: SignedInPerson) -> ResponseReturnValue:
    """Show the account without its secrets."""
    return _page(current)


@for_owners
def rotate(current: SignedInPerson) -> ResponseReturnValue:
    """Give the account a new token, which only this page shows."""
    with db.write() as session:
        token = credentials.replace(session, current.account.id, now=db.now(session))
    return _page(current, token=token)


@for_owners
def rotate_secret(current: SignedInPerson) -> ResponseReturnValue:
    """Give the account a new signing secret, which only this page shows."""
    secret_keys = services().settings.secret_keys
    with db.write() as session:
        now = db.now(session)
        secret, until = signing_secrets.rotate(session, current.account.id, secret_keys=secret_keys, now=now)
    return _page(current, secret=secret, until=until)


@for_owners
def set_defaults(current: SignedInPerson) -> ResponseReturnValue:
    """Change the defaults of messages."""
    given = forms.fields()
    faults = {name: ["is no choice"] for name in DEFAULTS if given.get(name) not in labels.DEFAULTS[name]}
    if faults:
        raise InvalidFieldsError(faults)
    changes: dict[str, Any] = {name: given[name] for name in DEFAULTS}
    with db.write() as session:
        senders.configure(session, current.account.name, changes | {"track_link": given["track_link"] == "on"})
    return redirect(url_for("dashboard.account", done="defaults"), 303)


def _page(current: SignedInPerson, **shown_once: Any) -> str:
    with db.read() as session:
        tokens = credentials.of(session, current.account.id)
        secrets = signing_secrets.active(session, current.account.id, now=db.now(session))
        everybody = people.of(session, current.account.id)
    return render_template(
        "dashboard/account.html",
        account=current.account,
        credentials=tokens,
        secrets=secrets,
        people=everybody,
        defaults=_defaults(current.account),
        names=labels.DEFAULT_NAMES,
        **shown_once,
    )


def _defaults(account: Sender) -> dict[str, str]:
    values = {name: getattr(account, name) for name in DEFAULTS}
    return {name: {True: "on", False: "off"}.get(value, value) for name, value in values.items()}
