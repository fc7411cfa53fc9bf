"""Receipts: where gateways report them to, and what came in."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import click
from sqlalchemy.orm import Session

from shortener.accounts import senders
from shortener.accounts.senders import Sender
from shortener.cli import audit
from shortener.cli.commands import Group, choice_of
from shortener.cli.output import as_json, show, show_rows
from shortener.receipts import keys
from shortener.reporting import receipt_lists
from shortener.reporting.receipt_lists import ReceiptFilter
from shortener.rules.deed import Deed
from shortener.rules.delivery.message_state import MessageState
from shortener.running.services import services
from shortener.storage import db

group = Group("receipt", help="Receipts of gateways.\n\nExample: shortener receipt list --account shop")
MOST: Final = 100  # receipts that a list shows
COLUMNS: Final = ("received_on", "msgid", "state", "gateway", "gateway_ref", "code", "reason", "at")


@group.command("list")
@click.option("--account", "name", required=True, metavar="NAME", help="The account whose receipts are listed.")
@click.option("--msgid", help="About this message.")
@click.option("--state", type=choice_of(MessageState), help="With this state.")
@click.option("--gateway", help="From this gateway.")
@click.option("--from", metavar="TIME", help="Received at that time or later, such as 2026-11-22T09:00:00Z.")
@click.option("--to", metavar="TIME", help="Received before that time.")
@as_json
def list_receipts(name: str, wants_json: bool, **filters: str | None) -> None:
    """List an account's newest receipts, at most 100.

    \b
    --to continues before a time. A receipt without a msgid came before its
    message was known to be sent, and waits for it.
    Examples: shortener receipt list --account shop
              shortener receipt list --account shop --state failed --json
    """
    given = {option: value for option, value in filters.items() if value is not None}
    with db.read() as session:
        account = Sender.of(senders.named(session, name))
        found = list(islice(_receipts(session, account, given), MOST))
    show_rows([{column: one[column] for column in COLUMNS} for one in found], wants_json, "No receipts found.")


def _receipts(session: Session, account: Sender, given: dict[str, str]) -> Iterator[Mapping[str, Any]]:
    """Yield the receipts of all pages; one page of a rare state can be empty, and the next one not."""
    following: str | None = ""
    while following is not None:
        wanted = ReceiptFilter.check({**given, **dict(parse_qsl(urlsplit(following).query))})
        page = receipt_lists.document(session, account, wanted, services().settings.base_url)
        yield from page["receipts"]
        following = page["next"]


@click.command("receipts-url")
@click.argument("name")
@click.argument("gateway")
@as_json
def receipts_url(name: str, gateway: str, wants_json: bool) -> None:
    """Show the URL for a gateway's receipts.

    \b
    There it reports what became of the account's messages.
    For gateways that can send no credentials: the URL has a key instead. Who
    knows it can report about the account's messages. A new secret key makes new
    URLs; the earlier ones end with the earlier secret key.
    Example: shortener account receipts-url shop GATEWAY
    """
    known = sorted(services().receipt_readers)
    if gateway not in known:
        raise click.BadParameter(f"must be one of {', '.join(known)}", param_hint="GATEWAY")
    with db.write() as session:  # whoever has the URL can report, so the log says who was shown it
        account = senders.named(session, name)
        audit.note(session, Deed.RECEIPTS_KEY_SHOWN, account_id=account.id, about=gateway)
    settings = services().settings
    path = keys.account_path(gateway, account.sid, settings.secret_keys[0])
    show({"url": settings.base_url + path}, wants_json)
