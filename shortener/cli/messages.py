"""Single messages: what became of one, and taking one back."""

from collections.abc import Mapping
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from shortener.cli import audit
from shortener.cli.commands import Group, Refused
from shortener.cli.output import as_json, show, show_rows
from shortener.messages import lookup
from shortener.reporting import message_report
from shortener.rules.deed import Deed
from shortener.running.services import services
from shortener.sending import decisions
from shortener.storage import db
from shortener.storage.models import Account, Message

group = Group("message", help="Single messages.\n\nExample: shortener message show MSGID")
RECEIPT = ("at", "state", "gateway", "gateway_ref", "code", "reason")  # columns


@group.command("show")
@click.argument("msgid")
@as_json
def show_message(msgid: str, wants_json: bool) -> None:
    """Show a message of any account, and what became of it.

    \b
    --json prints its whole report, as the API does.
    Example: shortener message show 7Hq2xN5vB7mK1sR4tW9yZ3aC6dE8fG0h
    """
    with db.read() as session:
        message = _found(session, msgid)
        account = session.scalars(select(Account.name).where(Account.id == message.account_id)).one()
        report: Mapping[str, Any] = message_report.full(session, message, services().site)
    if wants_json:
        show({"account": account, **report}, wants_json)
        return
    show({"account": account, **_brief(report)}, wants_json)
    if report["receipts"]:
        click.echo()
        show_rows(
            [{name: receipt[name] for name in RECEIPT} for receipt in reversed(report["receipts"])], wants_json, ""
        )


@group.command()
@click.argument("msgid")
@as_json
def cancel(msgid: str, wants_json: bool) -> None:
    """Take a message back before its hand-over begins.

    \b
    Later it is refused: the gateway may have the message.
    Example: shortener message cancel 7Hq2xN5vB7mK1sR4tW9yZ3aC6dE8fG0h
    """
    with db.write() as session:
        message = _found(session, msgid)
        decisions.cancel(session, message, now=db.now(session))
        audit.note(session, Deed.CANCELED, account_id=message.account_id, about=message.msgid)
        shown = {"msgid": message.msgid, "client_tag": message.client_tag, "state": message.state}
    show(shown, wants_json)


def _found(session: Session, msgid: str) -> Message:
    message = lookup.of_any_account(session, msgid)
    if message is None:
        raise Refused("There is no message with that msgid.")
    return message


def _brief(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line for each field that a person looks for."""
    given = ("msgid", "received_on", "client_tag", "sender", "recipient", "message")
    link, state, callback = report["link_tracking"], report["receipt"], report["callback"]
    return {
        **{name: report[name] for name in given},
        "link": link and link["link"],
        "clicked_on": report["accessed_on"],
        "callback": callback and callback["state"],
        "state": state and state["state"],
        "state_on": state and state["at"],
        "reason": state and state["explanation"],
    }
