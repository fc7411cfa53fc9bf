"""Messages as a file."""

import datetime as dt

import click

from shortener.accounts import senders
from shortener.accounts.senders import Sender
from shortener.cli.base import Refusals, progress, written
from shortener.reporting import message_exports
from shortener.reporting.message_exports import FORMATS, Format, csv_with
from shortener.reporting.message_filter import Filter
from shortener.rules.visitors.visitor import Visitor
from shortener.rules.wire.csv_cells import DELIMITERS
from shortener.running.services import services
from shortener.storage import db


@click.command(cls=Refusals)
@click.argument("target", metavar="OUT", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--account", "name", required=True, metavar="NAME", help="Whose messages.")
@click.option("--format", "kind", type=click.Choice(list(FORMATS)), help="Default: as OUT ends, else csv.")
@click.option("--delimiter", type=click.Choice(list(DELIMITERS)), help="Between the cells of CSV. Default: comma.")
@click.option("--from", metavar="TIME", help="Received then or later, like 2026-11-22T09:00:00Z.")
@click.option("--to", metavar="TIME", help="Received before.")
@click.option("--tag", help="With this tag.")
@click.option("--clicked", type=click.Choice(["true", "false"]), help="With a link that was clicked, or was not.")
@click.option(
    "--visitor", type=click.Choice([visitor.value for visitor in Visitor]), help="With a click of this class."
)
@click.option("--client-tag", help="With this client tag.")
@click.option("--text", help="Whose client tag or msgid begins with this, or whose shortlink it is.")
@click.option("--overwrite", is_flag=True, help="Replace OUT where it exists.")
def export(
    target: str, name: str, kind: str | None, delimiter: str | None, overwrite: bool, **filters: str | None
) -> None:
    """Write an account's messages to a file.

    \b
    The newest first; - for OUT is the terminal. OUT appears when all is done.
    CSV is for spreadsheets, JSON Lines (jsonl) for programs; docs/integrate/lists.md says what is in them.
    Examples: flask --app wsgi export --account shop messages.csv
              flask --app wsgi export --account shop --clicked true --format jsonl - | jq .recipient
    """
    wanted = Filter.check({option: value for option, value in filters.items() if value is not None})
    form = _form(kind or ("jsonl" if target.endswith(".jsonl") else "csv"), delimiter)
    with db.read() as session:
        account, now = Sender.of(senders.named(session, name)), db.now(session)
        start, end = message_exports.period(session, account, wanted, until=now)

    # How many messages the filters let through nobody knows before, but from when to when they are looked for.
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
        raise click.BadParameter("only CSV has one", param_hint="--delimiter")
    return csv_with(DELIMITERS[delimiter])


def _days(time: dt.timedelta) -> float:
    return round(time / dt.timedelta(days=1), 2)
