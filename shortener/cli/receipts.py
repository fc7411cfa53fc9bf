"""Receipts: where gateways report them to."""

import click

from shortener.accounts import senders
from shortener.cli.output import as_json, show
from shortener.receipts import keys
from shortener.running.services import services
from shortener.storage import db


@click.command("receipts-url")
@click.argument("name")
@click.argument("gateway")
@as_json
def receipts_url(name: str, gateway: str, wants_json: bool) -> None:
    """Show the URL at which a gateway reports what became of an account's messages.

    \b
    For gateways that can send no credentials: the URL has a key instead. Who
    knows it can report about the account's messages. A new secret key makes new
    URLs; the earlier ones end with the earlier secret key.
    Example: flask --app wsgi account receipts-url shop GATEWAY
    """
    known = sorted(services().receipt_readers)
    if gateway not in known:
        raise click.BadParameter(f"must be one of {', '.join(known)}", param_hint="GATEWAY")
    with db.read() as session:
        account = senders.named(session, name)
    settings = services().settings
    path = keys.account_path(gateway, account.sid, settings.secret_keys[0])
    show({"url": settings.base_url + path}, wants_json)
