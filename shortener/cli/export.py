"""Messages written to a file."""

import datetime as dt

import click

from shortener.accounts import senders
from shortener.accounts.senders import Sender
from shortener.cli import audit
from shortener.cli.commands import Command, choice_of
from shortener.cli.files import written
from shortener.cli.output import progress
from shortener.reporting import message_exports
from shortener.reporting.message_exports import FORMATS, Format, csv_with
from shortener.reporting.message_filter import Filter
from shortener.rules.deed import Deed
from shortener.rules.delivery.message_state import MessageState
from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire.csv_cells import DELIMITERS
from shortener.running.services import services
from shortener.storage import db


@click.command(cls=Command)
@click.argument("target", metavar="OUT", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--account", "name", required=True, metavar="NAME", help="The account whose messages are written.")
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), help="Default: jsonl if OUT ends so, else csv.")
@click.option("--delimiter", type=click.Choice(list(DELIMITERS)), help="The delimiter of CSV. Default: comma.")
@click.option("--from", metavar="TIME", help="Received at that time or later, such as 2026-11-22T09:00:00Z.")
@click.option("--to", metavar="TIME", help="Received before that time.")
@click.option("--tag", help="With this tag.")
@click.option("--clicked", type=click.Choice(["true", "false"]), help="Whether the link was clicked.")
@click.option("--visitor", type=choice_of(Visitor), help="With a click of this visitor class.")
@click.option("--state", type=choice_of(MessageState), help="In this state.")
@click.option("--recipient", help="With this recipient.")
@click.option("--client-tag", help="With this client tag.")
@click.option("--text", help="A shortlink, or the start of a client tag or msgid.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def export(
    target: str, name: str, kind: str | None, delimiter: str | None, overwrite: bool, **filters: str | None
) -> None:
    """Write an account's messages to a file.

    \b
    The newest first. OUT appears when it is complete; - is standard output.
    CSV is for spreadsheets, JSON Lines (jsonl) for programs;
    docs/integrate/lists.md describes the fields.
    Examples: shortener export --account shop messages.csv
              shortener export --account shop --clicked true --format jsonl - | jq .recipient
    """
    wanted = Filter.check({option: value for option, value in filters.items() if value is not None})
    form = _form(kind or ("jsonl" if target.endswith(".jsonl") else "csv"), delimiter)
    with db.write() as session:
        account, now = Sender.of(senders.named(session, name)), db.now(session)
        audit.note(session, Deed.MESSAGES_EXPORTED, account_id=account.id)
        start, end = message_exports.period(session, account, wanted, until=now)

    # The number of messages is not known in advance, but the period that is searched is.
    with written(target, overwrite=overwrite) as out, progress(_days(end - start), "day") as bar:

        def reached(moment: dt.datetime) -> None:
            bar.update(_days(end - moment) - bar.n)

        for block in message_exports.blocks(account, wanted, services().site, form, until=now, reached=reached):
            out.write(block)
        reached(start)


def _form(kind: str, delimiter: str | None) -> Format:
    if delimiter is None:
        return FORMATS[kind]
    if kind != "csv":
        raise click.BadParameter("only for CSV", param_hint="--delimiter")
    return csv_with(DELIMITERS[delimiter])


def _days(time: dt.timedelta) -> float:
    return round(time / dt.timedelta(days=1), 2)
