"""The account: its credentials, its signing secret, its defaults, and how its messages are sent."""

from typing import Any, Final

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from shortener.accounts import (
    credentials,
    limits,
    password_links,
    people,
    recipient_pages,
    senders,
    sending_defaults,
    signing_secrets,
)
from shortener.accounts.senders import Sender
from shortener.errors import InvalidFieldsError
from shortener.receipts import keys
from shortener.rules import local_time, scope
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.storage import db
from shortener.web.dashboard import forms, labels
from shortener.web.dashboard.access import SignedInPerson, for_owners, for_viewers

DEFAULTS: Final = tuple(labels.DEFAULTS)
# What owners may change about sendings; the rest is the operator's.
SENDING: Final[tuple[str, ...]] = ("receipts_url", "on_unsure", "time_zone", "quiet_hours", "quiet_mode")
MAY_BE_ABSENT: Final = frozenset({"receipts_url", "quiet_hours"})


def register(blueprint: Blueprint) -> None:
    """Add the pages."""
    blueprint.add_url_rule("/account", view_func=account)
    blueprint.add_url_rule("/account/secret", view_func=rotate_secret, methods=["POST"])
    blueprint.add_url_rule("/account/defaults", view_func=set_defaults, methods=["POST"])
    blueprint.add_url_rule("/account/sending", view_func=set_sending, methods=["POST"])
    blueprint.add_url_rule("/account/pages", view_func=set_pages, methods=["POST"])


@for_viewers
def account(current: SignedInPerson) -> ResponseReturnValue:
    """Show the account without its secrets."""
    return page(current)


@for_owners
def rotate_secret(current: SignedInPerson) -> ResponseReturnValue:
    """Give the account a new signing secret, which only this page shows."""
    secret_keys = services().settings.secret_keys
    with db.write() as session:
        now = db.now(session)
        secret, until = signing_secrets.rotate(session, current.account.id, secret_keys=secret_keys, now=now)
        current.record(session, Deed.SECRET_ROTATED, current.account.name)
    return page(current, secret=secret, until=until)


@for_owners
def set_defaults(current: SignedInPerson) -> ResponseReturnValue:
    """Change the defaults of messages."""
    given = forms.fields()
    faults = {name: ["is no choice"] for name in DEFAULTS if given.get(name) not in labels.DEFAULTS[name]}
    if faults:
        raise InvalidFieldsError(faults)
    changes: dict[str, Any] = {name: given[name] for name in DEFAULTS}
    with db.write() as session:
        changes |= {"track_link": given["track_link"] == "on"}
        senders.configure(session, current.account.name, changes)
        current.record(session, Deed.ACCOUNT_CHANGED, current.account.name, **senders.told(changes))
    return redirect(url_for("dashboard.account", done="defaults"), 303)


@for_owners
def set_sending(current: SignedInPerson) -> ResponseReturnValue:
    """Change how the account's messages are sent."""
    form = forms.fields()  # without empty ones
    given = {name: form.get(name, "").strip() for name in SENDING} | _fixed(current.account)
    wanted = {name: None if name in MAY_BE_ABSENT and not value else value for name, value in given.items()}
    try:
        changes = sending_defaults.changes(wanted, services().policy, gateways=())
    except InvalidFieldsError as error:
        return page(current, given=given, faults=error.fields), 422
    with db.write() as session:
        senders.configure(session, current.account.name, changes)
        current.record(session, Deed.ACCOUNT_CHANGED, current.account.name, **senders.told(changes))
    return redirect(url_for("dashboard.account", done="sending"), 303)


@for_owners
def set_pages(current: SignedInPerson) -> ResponseReturnValue:
    """Change what recipients see where a link is dead."""
    form = forms.fields()  # without empty ones
    given = {name: form.get(name, "").strip() for name in recipient_pages.COLUMNS}
    try:
        changes = recipient_pages.changes({name: value or None for name, value in given.items()})
    except InvalidFieldsError as error:
        return page(current, pages=given, faults=error.fields), 422
    with db.write() as session:
        senders.configure(session, current.account.name, changes)
        current.record(session, Deed.ACCOUNT_CHANGED, current.account.name, **senders.told(changes))
    return redirect(url_for("dashboard.account", done="pages"), 303)


def _fixed(account: Sender) -> dict[str, str]:
    """What only the operator may change: the zone under a monthly limit, because each change begins a month anew."""
    return {} if account.monthly_limit is None else {"time_zone": account.time_zone}


def page(
    current: SignedInPerson,
    *,
    given: dict[str, str] | None = None,
    pages: dict[str, str] | None = None,
    **shown: Any,
) -> str:
    """Draw the page; `given` and `pages` are what was typed into its forms, `shown` what only this answer shows."""
    with db.read() as session:
        now = db.now(session)
        tokens = credentials.of(session, current.account.id)
        secrets = signing_secrets.active(session, current.account.id, now=now)
        everybody = people.of(session, current.account.id)
        invitations = password_links.invited(session, current.account.id)
        stored = senders.named(session, current.account.name)
        pages = pages or {name: getattr(stored, name) or "" for name in recipient_pages.COLUMNS}
        used = limits.used_in_month(session.connection(), current.account.id, current.account.time_zone, now)
    return render_template(
        "dashboard/account.html",
        account=current.account,
        credentials=tokens,
        now=now,
        scope=scope,
        secrets=secrets,
        people=everybody,
        invitations=invitations,
        has_mail=services().settings.smtp_url is not None,
        defaults=_defaults(current.account),
        names=labels.DEFAULT_NAMES,
        fixed=_fixed(current.account),
        sending=given or {name: getattr(current.account, name) or "" for name in SENDING},
        pages=pages,
        used=used,
        rate=current.account.messages_per_second or services().settings.messages_per_second,
        zones=local_time.names(),
        gateways=dict.fromkeys(services().gateways.by_channel.values()),
        receipts_urls=_receipts_urls(current) if current.may_change else {},
        **shown,
    )


def _receipts_urls(current: SignedInPerson) -> dict[str, str]:
    """The URLs at which gateways that can send no credentials report, by the gateway's name."""
    settings = services().settings
    names, secret_key = sorted(services().receipt_readers), settings.secret_keys[0]
    return {name: settings.base_url + keys.account_path(name, current.account.sid, secret_key) for name in names}


def _defaults(account: Sender) -> dict[str, str]:
    values = {name: getattr(account, name) for name in DEFAULTS}
    return {name: {True: "on", False: "off"}.get(value, value) for name, value in values.items()}
