"""The operator's commands: `flask --app wsgi …`."""

import json
import signal
import threading
from typing import IO, Any

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from shortener import accounts, db, message_exports, migrations
from shortener.accounts import Credentials
from shortener.errors import AccountNameError, InvalidOrderError, ShortenerError
from shortener.message_exports import FORMATS
from shortener.message_filters import Filter
from shortener.models import Account
from shortener.rules.moments import rfc3339
from shortener.rules.visitor import Visitor
from shortener.services import services

CURL = """curl -u {sid}:{token} \\
  {base_url}/v1/messages \\
  -d 'message=Your parcel is on its way: https://example.com/track?id=1 - thank you'"""
as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON, for programs.")


class Refusals(click.Command):
    """A command that ends with one sentence and exit code 1 where the product or its database refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InvalidOrderError as error:
            faults = (f"{field} {fault}" for field, found in error.fields.items() for fault in found)
            raise click.ClickException("; ".join(faults)) from None
        except ShortenerError as error:
            raise click.ClickException(str(error)) from None
        except DBAPIError as error:
            hint = "If its tables are missing, `flask --app wsgi db upgrade` makes them."
            raise click.ClickException(f"The database refused: {error.orig}\n{hint}") from None


class Group(Refusals, AppGroup):
    """The same for all commands of a group, with the application at hand."""


account_group = Group("account", help="Senders and their credentials.")
secret_group = Group("secret", help="What signs an account's callbacks.")
account_group.add_command(secret_group)
db_group = Group("db", help="The database's tables.")


def register(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(account_group)
    app.cli.add_command(db_group)
    app.cli.command("worker", cls=Refusals)(worker)
    app.cli.command("first-start", cls=Refusals)(first_start)
    app.cli.command("export", cls=Refusals)(export)


@db_group.command()
def upgrade() -> None:
    """Create the tables, or bring them up to this version.

    \b
    Safe to repeat, and on several nodes at once.
    Example: flask --app wsgi db upgrade
    """
    applied = migrations.upgrade(db.db.engine)
    click.echo(f"applied {', '.join(applied)}" if applied else "nothing to do")


@account_group.command()
@click.argument("name")
@as_json
def create(name: str, wants_json: bool) -> None:
    """Create an account; its secrets are shown once.

    \b
    Prints sid, token and signing_secret (whsec_...).
    Examples: flask --app wsgi account create shop
              flask --app wsgi account create shop --json | jq -r .token
    """
    _print(_create(name), wants_json)


@account_group.command("list")
@as_json
def list_accounts(wants_json: bool) -> None:
    """List the accounts with their defaults.

    \b
    Example: flask --app wsgi account list
    """
    with db.read() as session:
        rows = [_shown(account) for account in accounts.every(session)]
    if wants_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo("No account yet: flask --app wsgi account create NAME")
    else:
        widths = {key: max(len(key), *(len(str(row[key])) for row in rows)) for key in rows[0]}
        for row in ({key: key for key in rows[0]}, *rows):
            click.echo("  ".join(str(row[key]).ljust(width) for key, width in widths.items()).rstrip())


@account_group.command()
@click.argument("name")
@as_json
def rotate(name: str, wants_json: bool) -> None:
    """Give the account a new token, shown once.

    \b
    The old one stops working at once; the signing secret stays.
    Example: flask --app wsgi account rotate shop
    """
    with db.write() as session:
        account, token = accounts.rotate(session, name, now=db.now(session))
    _print({"name": account.name, "sid": account.sid, "token": token}, wants_json)


@secret_group.command("rotate")
@click.argument("name")
@as_json
def rotate_secret(name: str, wants_json: bool) -> None:
    """Give the account a new signing secret, shown once.

    \b
    For 24 hours callbacks carry the signatures of both, the new one's first.
    Example: flask --app wsgi account secret rotate shop
    """
    secret_key = services().settings.secret_key or ""
    with db.write() as session:
        now = db.now(session)
        account, secret, until = accounts.rotate_signing_secret(session, name, secret_key=secret_key, now=now)
    _print({"name": account.name, "signing_secret": secret, "old_one_until": rfc3339(until)}, wants_json)


@account_group.command()
@click.argument("name")
@as_json
def disable(name: str, wants_json: bool) -> None:
    """Close the account to its sender.

    \b
    Its links still redirect, its callbacks still go out.
    Example: flask --app wsgi account disable shop
    """
    with db.write() as session:
        account = accounts.disable(session, name, now=db.now(session))
    _print(_shown(account), wants_json)


@account_group.command()
@click.argument("name")
@as_json
def enable(name: str, wants_json: bool) -> None:
    """Open a disabled account again.

    \b
    Example: flask --app wsgi account enable shop
    """
    with db.write() as session:
        account = accounts.enable(session, name)
    _print(_shown(account), wants_json)


@account_group.command("set")
@click.argument("name")
@click.option("--track-link/--no-track-link", default=None, help="Rewrite links unless a message says otherwise.")
@click.option("--detection", type=click.Choice(["strict", "smart"]), help="How links are found.")
@click.option("--bare-domains", type=click.Choice(["off", "careful", "any"]), help="Whether example.com is a link.")
@click.option("--count-as-click", type=click.Choice(["person", "person_or_unknown", "any"]), help="Whose click counts.")
@click.option(
    "--recipient", "recipient_storage", type=click.Choice(["full", "masked", "none"]), help="How recipients are kept."
)
@as_json
def set_defaults(name: str, wants_json: bool, **changes: Any) -> None:
    """Change the account's defaults, or show them.

    \b
    Changes hold for messages that come after. Without options nothing changes.
    Example: flask --app wsgi account set shop --no-track-link --recipient masked
    """
    with db.write() as session:
        given = {field: value for field, value in changes.items() if value is not None}
        account = accounts.configure(session, name, given)
    _print(_shown(account), wants_json)


def worker() -> None:
    """Deliver callbacks, and remove old messages, until SIGTERM or Ctrl-C.

    \b
    Any number may run at once. Needed only with SHORTENER_WORKER=off.
    Example: flask --app wsgi worker
    """
    services().settle_in()
    deliverer = services().deliverer
    for number in (signal.SIGTERM, signal.SIGINT):
        # From a thread of its own: the handler itself would wait for a lock that the loop it interrupts may hold.
        signal.signal(number, lambda *_: threading.Thread(target=deliverer.request_stop).start())
    click.echo("delivering callbacks; Ctrl-C ends it")
    services().pruner.start()
    deliverer.run()


def first_start() -> None:
    """Make the tables and the account `demo`.

    \b
    The account only where there is none yet; prints a line to try.
    Example: flask --app wsgi first-start
    """
    migrations.upgrade(db.db.engine)
    services().settle_in()
    base_url = services().settings.base_url
    with db.read() as session:
        started_before = session.scalar(select(Account.id).limit(1)) is not None
    try:
        made = None if started_before else _create("demo")
    except AccountNameError:  # another start at the same moment was quicker
        made = None
    if made is None:
        click.echo("There are accounts already. A new token for one: flask --app wsgi account rotate NAME")
        return
    click.echo("An account named demo was made. These are shown once:\n")
    _print(made, wants_json=False)
    click.echo(f"\nTry it, in another terminal:\n\n{CURL.format(base_url=base_url, **made)}\n")


@click.argument("out", type=click.File("wb"))
@click.option("--account", "name", required=True, metavar="NAME", help="Whose messages.")
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), help="Default: as OUT ends, else csv.")
@click.option("--from", metavar="TIME", help="Received then or later, like 2026-11-22T09:00:00Z.")
@click.option("--to", metavar="TIME", help="Received before.")
@click.option("--tag", help="With this tag.")
@click.option("--clicked", type=click.Choice(["true", "false"]), help="With a link that was clicked, or was not.")
@click.option(
    "--visitor", type=click.Choice([visitor.value for visitor in Visitor]), help="With a click of this class."
)
@click.option("--client-tag", help="With this client tag.")
@click.option("--text", help="Whose client tag or msgid begins with this.")
def export(out: IO[bytes], name: str, kind: str | None, **filters: str | None) -> None:
    """Write an account's messages to a file.

    \b
    The newest first; - for OUT is the terminal.
    CSV is for spreadsheets, JSON Lines (jsonl) for programs; docs/lists.md says what is in them.
    Examples: flask --app wsgi export --account shop messages.csv
              flask --app wsgi export --account shop --clicked true --format jsonl - | jq .recipient
    """
    wanted = Filter.check({option: value for option, value in filters.items() if value is not None})
    form = FORMATS[kind or ("jsonl" if out.name.endswith(".jsonl") else "csv")]
    with db.read() as session:
        account, now = accounts.named(session, name), db.now(session)
    for block in message_exports.blocks(account, wanted, services().address, form, until=now):
        out.write(block)


def _create(name: str) -> dict[str, Any]:
    settings = services().settings
    with db.write() as session:
        made: Credentials = accounts.create(session, name, secret_key=settings.secret_key or "", now=db.now(session))
    return {"name": made.name, "sid": made.sid, "token": made.token, "signing_secret": made.signing_secret}


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
    }


def _print(values: dict[str, Any], wants_json: bool) -> None:
    if wants_json:
        click.echo(json.dumps(values))
        return
    width = max(map(len, values))
    for key, value in values.items():
        click.echo(f"{key.ljust(width)}  {value}")
