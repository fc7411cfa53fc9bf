"""The operator's commands: `flask --app wsgi …`."""

import json
import signal
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy import select

from shortener import accounts, db, migrations
from shortener.accounts import Credentials
from shortener.errors import ShortenerError
from shortener.models import Account
from shortener.services import services

CURL = """curl -u {sid}:{token} \\
  {base_url}/v1/messages \\
  -d 'message=Your parcel is on its way: https://example.com/track?id=1 - thank you' \\
  -d lt_callbackurl=https://example.com/clicked"""
as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON, for programs.")


class Refusals(click.Group):
    """A group whose commands end with one sentence and exit code 1 where the product refuses."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ShortenerError as error:
            raise click.ClickException(str(error)) from None


class Group(Refusals, AppGroup):
    """The same, with the application at hand."""


account_group = Group("account", help="Senders and their credentials.")
db_group = Group("db", help="The database's tables.")


def register(app: Flask) -> None:
    """Add the commands to the application."""
    app.cli.add_command(account_group)
    app.cli.add_command(db_group)
    app.cli.command("worker")(worker)
    app.cli.command("first-start")(first_start)


@db_group.command()
def upgrade() -> None:
    """Create the tables, or bring them up to this version. Safe to repeat."""
    applied = migrations.upgrade(db.db.engine)
    click.echo(f"applied {', '.join(applied)}" if applied else "nothing to do")


@account_group.command()
@click.argument("name")
@as_json
def create(name: str, wants_json: bool) -> None:
    """Create an account; its token and signing secret are shown once.

    \b
    Example: flask --app wsgi account create shop
    """
    _print(_create(name), wants_json)


@account_group.command("list")
@as_json
def list_accounts(wants_json: bool) -> None:
    """List the accounts with their defaults."""
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
    """Give the account a new token, shown once; the old one stops working at once."""
    with db.write() as session:
        account, token = accounts.rotate(session, name, now=db.now(session))
    _print({"name": account.name, "sid": account.sid, "token": token}, wants_json)


@account_group.command()
@click.argument("name")
def disable(name: str) -> None:
    """Close the account to its sender; its links still redirect."""
    with db.write() as session:
        accounts.disable(session, name, now=db.now(session))
    click.echo(f"{name} is disabled")


@account_group.command("set")
@click.argument("name")
@click.option("--track-link/--no-track-link", default=None, help="Rewrite links unless a message says otherwise.")
@click.option("--detection", type=click.Choice(["strict", "smart"]), help="How links are found.")
@click.option("--count-as-click", type=click.Choice(["person", "person_or_unknown", "any"]), help="Whose click counts.")
@click.option(
    "--recipient", "recipient_storage", type=click.Choice(["full", "masked", "none"]), help="How recipients are kept."
)
@as_json
def set_defaults(name: str, wants_json: bool, **changes: Any) -> None:
    """Change the account's defaults; they hold for messages that come after.

    \b
    Example: flask --app wsgi account set shop --no-track-link --recipient masked
    """
    with db.write() as session:
        given = {field: value for field, value in changes.items() if value is not None}
        account = accounts.configure(session, name, given)
    _print(_shown(account), wants_json)


def worker() -> None:
    """Deliver callbacks until SIGTERM or Ctrl-C; any number may run at once."""
    deliverer = services().deliverer
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: deliverer.request_stop())
    click.echo("delivering callbacks; Ctrl-C ends it")
    deliverer.run()


def first_start() -> None:
    """Make the tables; where there is no account yet, create `demo` and print a line to try."""
    migrations.upgrade(db.db.engine)
    base_url = services().settings.base_url
    with db.read() as session:
        started_before = session.scalar(select(Account.id).limit(1)) is not None
    if started_before:
        click.echo("The account demo was made on the first start; `account rotate demo` gives it a new token.")
        return
    made = _create("demo")
    click.echo("An account named demo was made. These are shown once:\n")
    _print(made, wants_json=False)
    click.echo(f"\nTry it, in another terminal:\n\n{CURL.format(base_url=base_url, **made)}\n")


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
