"""Signing secrets of accounts, which sign their callbacks."""

import json
import shlex
from contextlib import nullcontext
from typing import Any

import click

from shortener.accounts import callback_headers, senders, signing_secrets
from shortener.cli import accounts, audit
from shortener.cli.commands import Group
from shortener.cli.files import private
from shortener.cli.output import as_json, show, show_rows
from shortener.rules.deed import Deed
from shortener.rules.wire.moments import rfc3339
from shortener.running.services import services
from shortener.storage import db
from shortener.typed_command import typed

group = Group("secret", help="Signing secrets of callbacks.\n\nExample: shortener account secret rotate shop")


@group.command()
@click.argument("name", required=False)
@click.option("--all", "of_all", is_flag=True, help="Of every account, if the secret key is lost.")
@click.option("--output", metavar="FILE", help="Write them to this new file, readable only by you, as JSON Lines.")
@as_json
def rotate(name: str | None, of_all: bool, output: str | None, wants_json: bool) -> None:
    """Give the account a new signing secret, shown only once.

    \b
    For 24 hours callbacks carry two signatures, the new secret's first. An old
    secret that the secret key does not decrypt stops signing at once.
    Examples: shortener account secret rotate shop
              shortener account secret rotate --all --output secrets.jsonl
    """
    if (name is None) != of_all:
        raise click.UsageError("Give the NAME of an account, or --all.")
    with private(output) if output is not None else nullcontext() as file:
        rows = _rotated(name)
        if file is not None:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    if output is not None:
        show({"rotated": len(rows), "written_to": output}, wants_json)
    elif of_all:
        show_rows(rows, wants_json, accounts.no_account())
    else:
        show(rows[0], wants_json)


def _rotated(name: str | None) -> list[dict[str, Any]]:
    """Rotate the secret of that account, or of every account, in one transaction."""
    secret_keys = services().settings.secret_keys
    with db.write() as session:
        if name is not None:  # with --all, no stored secret needs to be decrypted
            signing_secrets.check_secret_keys(session, secret_keys, replacing=name)
        now = db.now(session)
        rows = []
        for account in [senders.named(session, name)] if name is not None else senders.every(session):
            secret, until = signing_secrets.rotate(session, account.id, secret_keys=secret_keys, now=now)
            audit.note(session, Deed.SECRET_ROTATED, account_id=account.id, about=account.name)
            rows.append({"name": account.name, "signing_secret": secret, "old_one_until": rfc3339(until)})
        unusable = callback_headers.undecryptable(session, secret_keys)
    for one in sorted(unusable):
        command = typed(f"account set {shlex.quote(one)} --callback-header 'NAME: VALUE'")
        click.echo(
            f"{one}: no secret key decrypts the callback header, so no callback is sent; repeat {command}", err=True
        )
    return rows
