"""Senders: their accounts, credentials and defaults."""

import datetime as dt
import sys
from typing import Any

import click
from sqlalchemy.orm import Session

from shortener.accounts import callback_headers, credentials, limits, recipient_pages, senders, signing_secrets
from shortener.accounts.senders import NewCredentials
from shortener.cli import account_options, audit
from shortener.cli.commands import Group, checked, choice_of
from shortener.cli.output import as_json, show, show_rows
from shortener.rules import lifetime
from shortener.rules.deed import Deed
from shortener.rules.delivery import callback_header
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.visitors.threshold import Threshold
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account
from shortener.typed_command import typed

group = Group("account", help="Senders and their credentials.\n\nExample: shortener account create shop")


@group.command()
@click.argument("name")
@as_json
def create(name: str, wants_json: bool) -> None:
    """Create an account; its secrets are shown only once.

    \b
    Prints sid, token and signing_secret (whsec_...).
    Examples: shortener account create shop
              shortener account create shop --json | jq -r .token
    """
    show(make(name), wants_json)


@group.command("list")
@as_json
def list_accounts(wants_json: bool) -> None:
    """List the accounts with their defaults.

    \b
    Example: shortener account list
    """
    with db.read() as session:
        rows = [_shown(account) for account in senders.every(session)]
    show_rows(rows, wants_json, no_account())


@group.command("show")
@click.argument("name")
@as_json
def show_account(name: str, wants_json: bool) -> None:
    """Show the account's defaults and limits.

    \b
    used_this_month: messages of the monthly limit that are used.
    Example: shortener account show shop
    """
    with db.read() as session:
        account, now = senders.named(session, name), db.now(session)
        used = limits.used_in_month(session.connection(), account.id, account.time_zone, now)
    show({**_shown(account), "used_this_month": used}, wants_json)


@group.command()
@click.argument("name")
@click.option("--token", "token_name", default=credentials.FIRST, show_default=True, help="The name of the token.")
@click.option(
    "--overlap",
    callback=checked(lifetime.duration),
    metavar="24h",
    help="How long the old token still works. Default: not at all.",
)
@as_json
def rotate(name: str, token_name: str, overlap: dt.timedelta | None, wants_json: bool) -> None:
    """Give the account a new token in place of an old one.

    \b
    The new token is shown only once. Without --overlap, the old token stops
    working at once. The new one may be used for the same, and expires when
    the old one would have. Other tokens and the signing secret do not change.
    Examples: shortener account rotate shop
              shortener account rotate shop --token CI --overlap 24h
    """
    with db.write() as session:
        account, now = senders.named(session, name), db.now(session)
        token = credentials.rotate(session, account.id, name=token_name, overlap=overlap, now=now)
        until = rfc3339(now + overlap) if overlap else None
        audit.note(session, Deed.TOKEN_ROTATED, account_id=account.id, about=token_name, old_one_until=until)
    shown = {"name": account.name, "sid": account.sid, "token": token}
    show(shown | ({"old_one_until": until} if until else {}), wants_json)


@group.command()
@click.argument("name")
@as_json
def disable(name: str, wants_json: bool) -> None:
    """Disable the account: its credentials stop working.

    \b
    Its links still redirect, and its callbacks are still delivered.
    Example: shortener account disable shop
    """
    with db.write() as session:
        account = senders.disable(session, name, now=db.now(session))
        audit.note(session, Deed.ACCOUNT_DISABLED, account_id=account.id, about=name)
    show(_shown(account), wants_json)


@group.command()
@click.argument("name")
@as_json
def enable(name: str, wants_json: bool) -> None:
    """Enable a disabled account again.

    \b
    Example: shortener account enable shop
    """
    with db.write() as session:
        account = senders.enable(session, name)
        audit.note(session, Deed.ACCOUNT_ENABLED, account_id=account.id, about=name)
    show(_shown(account), wants_json)


def _header(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Check the header; an error does not repeat it, because it is a secret."""
    text = sys.stdin.readline().rstrip("\n") if value == "-" else value
    try:
        return text and ": ".join(callback_header.parse(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@group.command("set")
@click.argument("name")
@click.option("--track-link/--no-track-link", default=None, help="Shorten links, unless the message sets track_link.")
@click.option("--detection", type=choice_of(Detection), help="How links are detected.")
@click.option("--bare-domains", type=choice_of(BareDomains), help="Whether example.com is a link.")
@click.option("--count-as-click", type=choice_of(Threshold), help="Whose first click is reported.")
@click.option("--recipient", "recipient_storage", type=choice_of(RecipientStorage), help="How recipients are stored.")
@click.option(
    "--callback-header",
    "header",
    callback=_header,
    metavar="'NAME: VALUE'",
    help="A header to send with callbacks; - reads it from standard input, an empty text removes it.",
)
@account_options.sending_options
@as_json
def set_defaults(name: str, wants_json: bool, header: str | None, **changes: Any) -> None:
    """Change the account's defaults and limits, or show them.

    \b
    Changes apply to later messages; the header applies to every attempt from
    now on. It is stored encrypted and never shown again. Without options,
    nothing changes.
    Examples: shortener account set shop --no-track-link --recipient masked
              shortener account set shop --callback-header 'X-Api-Key: 4711'
              shortener account set shop --quiet-hours '20:00-08:00 Asia/Seoul'
              shortener account set shop --monthly-limit 5000
    """
    given = {field: value for field, value in changes.items() if value is not None}
    settings = services().settings
    given |= account_options.checked(given, services().policy, settings.configured_gateways)
    with db.write() as session:
        account = senders.configure(session, name, given)
        if header is not None:
            _put_header(session, account, header)
        if changed := senders.told(given, header=header):
            audit.note(session, Deed.ACCOUNT_CHANGED, account_id=account.id, about=name, **changed)
    show(_shown(account), wants_json)


def _put_header(session: Session, account: Account, header: str) -> None:
    """Store the header, or remove it if it is empty; only storing needs the secret key."""
    secret_keys = services().settings.secret_keys
    if header:
        signing_secrets.check_secret_keys(session, secret_keys)
    callback_headers.put(account, header or None, secret_key=secret_keys[0])


def make(name: str) -> dict[str, Any]:
    """Create an account and return what is shown once; SecretKeyError if stored secrets have another key."""
    secret_keys = services().settings.secret_keys
    with db.write() as session:
        signing_secrets.check_secret_keys(session, secret_keys)
        made: NewCredentials = senders.create(session, name, secret_key=secret_keys[0], now=db.now(session))
        audit.note(session, Deed.ACCOUNT_CREATED, account_id=senders.named(session, name).id, about=name)
    return {"name": made.name, "sid": made.sid, "token": made.token, "signing_secret": made.signing_secret}


def no_account() -> str:
    """Return the sentence for an empty list."""
    return f"No account yet: {typed('account create NAME')}"


def _shown(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "sid": account.sid,
        "disabled": account.disabled_on is not None,
        "track_link": account.track_link,
        "detection": account.detection,
        "bare_domains": account.bare_domains,
        "count_as_click": account.count_as_click,
        "recipient": account.recipient_storage,
        "callback_header": account.callback_header is not None,
        "gateway": account.gateway or account_options.DEFAULT,
        "receipts_url": account.receipts_url,
        "alerts_url": account.alerts_url,
        "alert_mail": account.alert_mail or account_options.OWNERS,
        "on_unsure": account.on_unsure,
        "monthly_limit": account.monthly_limit,
        "messages_per_second": account.messages_per_second or account_options.DEFAULT,
        "time_zone": account.time_zone,
        "quiet_hours": account.quiet_hours,
        "quiet_mode": account.quiet_mode,
        **{name: getattr(account, name) or account_options.DEFAULT for name in recipient_pages.COLUMNS},
    }
