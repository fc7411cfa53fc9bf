"""Tokens of accounts: several by name, each with what it may be used for and perhaps an end."""

import datetime as dt
from typing import Any

import click

from shortener.accounts import credentials, senders
from shortener.cli import audit
from shortener.cli.commands import Group, checked
from shortener.cli.output import as_json, show, show_rows
from shortener.rules import lifetime, scope
from shortener.rules.deed import Deed
from shortener.rules.scope import Scope
from shortener.rules.wire.moments import rfc3339, rfc3339_or_none
from shortener.storage import db
from shortener.storage.models import Credential

group = Group("token", help="Tokens of accounts.\n\nExample: shortener token create shop --name CI --scope send,read")


@group.command()
@click.argument("account")
@click.option("--name", required=True, help="What the token is for, such as CI.")
@click.option(
    "--scope",
    "scopes",
    callback=checked(scope.parse),
    metavar="SCOPE,...",
    help=f"What it may be used for: {', '.join(Scope)}. Default: everything.",
)
@click.option("--expires", metavar="TIME", help="When it ends: 90d, 24h, 2027-01-01 (UTC). Default: never.")
@as_json
def create(account: str, name: str, scopes: frozenset[Scope] | None, expires: str | None, wants_json: bool) -> None:
    """Add a token to the account; it is shown only once.

    \b
    send: preprocess messages. read: reports, lists, exports. manage: switch
    off, cancel, repeat, replay. receipts: report what became of messages.
    Examples: shortener token create shop --name CI --scope send,read
              shortener token create shop --name audit --scope read --expires 90d
    """
    wanted = scope.ALL if scopes is None else scopes
    with db.write() as session:
        found, now = senders.named(session, account), db.now(session)
        ends_on = _end(expires, now)
        token = credentials.add(session, found.id, name=name, scopes=wanted, expires_on=ends_on, now=now)
        told = {"scope": scope.words(wanted), "expires_on": rfc3339_or_none(ends_on)}
        audit.note(session, Deed.TOKEN_CREATED, account_id=found.id, about=name, **told)
    show({"account": found.name, "sid": found.sid, "name": name, **told, "token": token}, wants_json)


@group.command("list")
@click.argument("account")
@as_json
def list_tokens(account: str, wants_json: bool) -> None:
    """List the account's tokens, the newest first, without the tokens.

    \b
    After a rotation with an overlap, the old token has the same name and an end.
    Example: shortener token list shop
    """
    with db.read() as session:
        found, now = senders.named(session, account), db.now(session)
        rows = [_shown(one, now) for one in credentials.of(session, found.id)]
    show_rows(rows, wants_json, "This account has no token.")


@group.command()
@click.argument("account")
@click.argument("name")
@as_json
def revoke(account: str, name: str, wants_json: bool) -> None:
    """Revoke the account's token with this name; it stops working at once.

    \b
    Also an older one that still works after a rotation with an overlap.
    Example: shortener token revoke shop CI
    """
    with db.write() as session:
        found = senders.named(session, account)
        count = credentials.revoke(session, found.id, name)
        audit.note(session, Deed.TOKEN_REVOKED, account_id=found.id, about=name)
    show({"account": found.name, "name": name, "revoked": count}, wants_json)


def _end(expires: str | None, now: dt.datetime) -> dt.datetime | None:
    try:
        return None if expires is None else lifetime.end(expires, now=now)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--expires") from None


def _shown(one: Credential, now: dt.datetime) -> dict[str, Any]:
    return {
        "name": one.name,
        "scope": scope.words(scope.read(one.scopes)),
        "created_on": rfc3339(one.created_on),
        "expires_on": rfc3339_or_none(one.expires_on),
        "used_on": rfc3339_or_none(one.used_on),
        "expired": credentials.is_expired(one.expires_on, now),
    }
