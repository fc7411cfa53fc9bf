"""Senders: their accounts, credentials and defaults."""

import json
import sys
from typing import Any

import click
from sqlalchemy.orm import Session

from shortener.accounts import callback_headers, credentials, senders, signing_secrets
from shortener.accounts.senders import NewCredentials
from shortener.cli.base import Group, as_json, choice_of, private, show, show_rows, typed
from shortener.rules.delivery import callback_header
from shortener.rules.links.detection import BareDomains, Detection
from shortener.rules.recipient_storage import RecipientStorage
from shortener.rules.visitors.threshold import Threshold
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db
from shortener.storage.models import Account

group = Group("account", help="Senders and their credentials.\n\nExample: flask --app wsgi account create shop")
secret_group = Group(
    "secret", help="What signs an account's callbacks.\n\nExample: flask --app wsgi account secret rotate shop"
)
group.add_command(secret_group)


@group.command()
@click.argument("name")
@as_json
def create(name: str, wants_json: bool) -> None:
    """Create an account; its secrets are shown once.

    \b
    Prints sid, token and signing_secret (whsec_...).
    Examples: flask --app wsgi account create shop
              flask --app wsgi account create shop --json | jq -r .token
    """
    show(make(name), wants_json)


@group.command("list")
@as_json
def list_accounts(wants_json: bool) -> None:
    """List the accounts with their defaults.

    \b
    Example: flask --app wsgi account list
    """
    with db.read() as session:
        rows = [_shown(account) for account in senders.every(session)]
    show_rows(rows, wants_json, no_account())


@group.command()
@click.argument("name")
@as_json
def rotate(name: str, wants_json: bool) -> None:
    """Give the account a new token, shown once.

    \b
    The old one stops working at once; the signing secret stays.
    Example: flask --app wsgi account rotate shop
    """
    with db.write() as session:
        account = senders.named(session, name)
        token = credentials.replace(session, account.id, now=db.now(session))
    show({"name": account.name, "sid": account.sid, "token": token}, wants_json)


HEADER_LOST = (
    "no secret key opens the callback header, so no callback is sent; give it again: account set --callback-header"
)


@secret_group.command("rotate")
@click.argument("name", required=False)
@click.option("--all", "of_all", is_flag=True, help="Of every account, where the secret key is lost.")
@click.option("--output", metavar="FILE", help="Write them to this new file, which only you can read, as JSON Lines.")
@as_json
def rotate_secret(name: str | None, of_all: bool, output: str | None, wants_json: bool) -> None:
    """Give the account a new signing secret, shown once.

    \b
    For 24 hours callbacks carry the signatures of both, the new one's first.
    An old one that the secret key does not open signs no more.
    Examples: flask --app wsgi account secret rotate shop
              flask --app wsgi account secret rotate --all --output secrets.jsonl
    """
    if (name is None) != of_all:
        raise click.UsageError("Give the NAME of an account, or --all.")
    with private(output) as file:
        rows = _rotated_secrets(name)
        if file is not None:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    if output is not None:
        show({"rotated": len(rows), "written_to": output}, wants_json)
    elif of_all:
        show_rows(rows, wants_json, no_account())
    else:
        show(rows[0], wants_json)


def _rotated_secrets(name: str | None) -> list[dict[str, Any]]:
    """Rotate that account's, or every account's; all together or none."""
    secret_keys = services().settings.secret_keys
    with db.write() as session:
        if name is not None:  # for all, it is the way out of a lost key
            signing_secrets.check_secret_keys(session, secret_keys, replacing=name)
        now = db.now(session)
        rows = []
        for one in [name] if name is not None else [account.name for account in senders.every(session)]:
            account_id = senders.named(session, one).id
            secret, until = signing_secrets.rotate(session, account_id, secret_keys=secret_keys, now=now)
            rows.append({"name": one, "signing_secret": secret, "old_one_until": rfc3339(until)})
        unusable = callback_headers.undecryptable(session, secret_keys)
    for one in sorted(unusable):
        click.echo(f"{one}: {HEADER_LOST}", err=True)
    return rows


@group.command()
@click.argument("name")
@as_json
def disable(name: str, wants_json: bool) -> None:
    """Close the account to its sender.

    \b
    Its links still redirect, its callbacks still go out.
    Example: flask --app wsgi account disable shop
    """
    with db.write() as session:
        account = senders.disable(session, name, now=db.now(session))
    show(_shown(account), wants_json)


@group.command()
@click.argument("name")
@as_json
def enable(name: str, wants_json: bool) -> None:
    """Open a disabled account again.

    \b
    Example: flask --app wsgi account enable shop
    """
    with db.write() as session:
        account = senders.enable(session, name)
    show(_shown(account), wants_json)


def _header(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """The header as it is to be sent; the refusal does not repeat it."""
    text = sys.stdin.readline().rstrip("\n") if value == "-" else value
    try:
        return text and ": ".join(callback_header.parse(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@group.command("set")
@click.argument("name")
@click.option("--track-link/--no-track-link", default=None, help="Rewrite links unless a message says otherwise.")
@click.option("--detection", type=choice_of(Detection), help="How links are found.")
@click.option("--bare-domains", type=choice_of(BareDomains), help="Whether example.com is a link.")
@click.option("--count-as-click", type=choice_of(Threshold), help="Whose click counts.")
@click.option("--recipient", "recipient_storage", type=choice_of(RecipientStorage), help="How recipients are kept.")
@click.option(
    "--callback-header",
    "header",
    callback=_header,
    metavar="'NAME: VALUE'",
    help="What receivers of callbacks ask for; - reads it from standard input, an empty text removes it.",
)
@as_json
def set_defaults(name: str, wants_json: bool, header: str | None, **changes: Any) -> None:
    """Change the account's defaults, or show them.

    \b
    Changes hold for messages that come after, but for the header: it goes with every attempt from now on.
    It is stored encrypted and never shown again. Without options nothing changes.
    Examples: flask --app wsgi account set shop --no-track-link --recipient masked
              flask --app wsgi account set shop --callback-header 'X-Api-Key: 4711'
    """
    with db.write() as session:
        given = {field: value for field, value in changes.items() if value is not None}
        account = senders.configure(session, name, given)
        if header is not None:
            _put_header(session, account, header)
    show(_shown(account), wants_json)


def _put_header(session: Session, account: Account, header: str) -> None:
    """Store the header, or remove it where it is empty, which needs no key."""
    secret_keys = services().settings.secret_keys
    if header:
        signing_secrets.check_secret_keys(session, secret_keys)
    callback_headers.put(account, header or None, secret_key=secret_keys[0])


def make(name: str) -> dict[str, Any]:
    """Create an account; what is to be shown of it once. SecretKeyError where stored secrets have another key."""
    secret_keys = services().settings.secret_keys
    with db.write() as session:
        signing_secrets.check_secret_keys(session, secret_keys)
        made: NewCredentials = senders.create(session, name, secret_key=secret_keys[0], now=db.now(session))
    return {"name": made.name, "sid": made.sid, "token": made.token, "signing_secret": made.signing_secret}


def no_account() -> str:
    """What to say where there is none."""
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
    }
