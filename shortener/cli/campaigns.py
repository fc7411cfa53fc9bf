"""Campaigns: files of messages to preprocess."""

import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from shortener.accounts import senders
from shortener.accounts.senders import Sender
from shortener.cli import campaign_options
from shortener.cli.campaign_options import Pairs
from shortener.cli.commands import SOME_PROBLEMS, Command
from shortener.cli.files import written
from shortener.cli.output import counted, progress
from shortener.errors import AccountNameError, CampaignError
from shortener.installation import public_addresses
from shortener.messages import campaign
from shortener.messages.campaign import Progress
from shortener.messages.campaign_files import Csv, File, JsonLines
from shortener.messages.submission import key_fault
from shortener.rules.delivery.gateway_name import NONE
from shortener.running.services import Services, services
from shortener.storage import db


@click.command(cls=Command)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--column", default="message", show_default=True, help="The column with the text.")
@click.option("--account", "name", help="The sender's account; required if there are several.")
@click.option("--idempotency-key", "key", help="Makes the run safe to repeat; see above.")
@click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="FIELD=COLUMN",
    callback=campaign_options.pairs,
    help="Take the field from another column, which a CSV file must have; in JSON Lines, a line without it does not "
    "set the field. FIELD= ignores the field's own column.",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    callback=campaign_options.pairs,
    help="Set the field to the same value in every row.",
)
@click.option(
    "--send",
    is_flag=True,
    help="Also hand the messages to the gateway of the account, or of their channel. By default they are not sent, "
    "because OUT is for you to send; rows with a gateway of their own, by --map or --set, are sent.",
)
@click.option("--prefix", default="", help="A prefix for the names of the new columns.")
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl"]), help="Default: from the files' endings.")
@click.option(
    "--encoding",
    callback=campaign_options.encoding,
    help="Of CSV. Default: from its byte order mark, or UTF-8. For Japanese Excel: cp932.",
)
@click.option(
    "--delimiter",
    callback=campaign_options.delimiter,
    help="Of CSV. Default: comma, semicolon or tab, whichever the header has.",
)
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def preprocess(
    source: str,
    target: str,
    column: str,
    name: str | None,
    key: str | None,
    mapped: Pairs,
    constants: Pairs,
    send: bool,
    prefix: str,
    kind: str | None,
    encoding: str | None,
    delimiter: str | None,
    overwrite: bool,
) -> None:
    """Preprocess a file of messages: CSV or JSON Lines.

    \b
    OUT is IN with five more columns: msgid, rewritten_message (the text to
    send), shortlink, skipped (texts that look like links but were not
    rewritten, and why) and problem (why the row was not used; other rows are
    not affected). - is standard input or output.
    Shortlinks start with SHORTENER_PUBLIC_URL: use the server's settings.
    A column with the name of a message's field sets that field: client_tag,
    recipient, sender, tags, metadata, lt_callbackurl, track_link, detection,
    bare_domains, count_as_click, callbackurl. Other fields, such as send_on,
    are taken with --map or --set only. All columns are copied to OUT.
    To repeat a run, give the same --idempotency-key and the same rows: the
    results are the same. Without the key, a row whose client_tag was used
    before is a problem, and a row without client_tag is a new message.
    OUT appears when it is complete. Until then, and after an interrupted run,
    the finished rows are in OUT.part.
    Exit code 5: done, but some rows have a problem.
    Examples: shortener preprocess in.csv out.csv --column text
              shortener preprocess in.csv out.csv \\
                --idempotency-key autumn-1 --map client_tag=order_no \\
                --set lt_callbackurl=https://shop.example.com/clicked
              zcat in.jsonl.gz | shortener preprocess - - --format jsonl
    """
    kind = campaign_options.file_format(kind, source, target)
    if key is not None and (fault := key_fault(key)):
        raise click.BadParameter(fault, param_hint="--idempotency-key")
    plan = campaign.plan(column, mapped, constants, prefix)
    account = _account(name) if send else replace(_account(name), gateway=NONE)
    made = services()
    _check_address(made)
    made.prepare()
    with _opened(source) as stream:
        file: File = Csv(stream, encoding, delimiter) if kind == "csv" else JsonLines(stream)
        plan.check(file.columns)
        with written(target, overwrite=overwrite) as out:
            file.begin(out, plan.added)
            steps = campaign.run(file, plan, account, made.site, made.policy, idempotency_key=key)
            done = _follow(steps, stream)
    stored, faulty = counted(done.rows - done.problems, "message"), counted(done.problems, "row")
    unlinked = f" ({done.unlinked} without a shortlink)" if done.unlinked else ""
    click.echo(f"{stored} preprocessed{unlinked}, {faulty} with a problem", err=True)
    if done.problems:
        raise SystemExit(SOME_PROBLEMS)


def _check_address(made: Services) -> None:
    """Require SHORTENER_PUBLIC_URL if the address was another one before: a wrong guess breaks a whole campaign."""
    if made.settings.public_url is not None:
        return
    with db.read() as session:
        others = public_addresses.addresses(session) - {made.settings.base_url}
    if others:
        raise CampaignError(
            f"SHORTENER_PUBLIC_URL is not set here, so shortlinks would start with {made.settings.base_url}; this "
            f"installation has also used {', '.join(sorted(others))}. Set SHORTENER_PUBLIC_URL to the right one."
        )


def _account(name: str | None) -> Sender:
    """Return the account with that name, or the only one."""
    with db.read() as session:
        if name is not None:
            account = senders.named(session, name)
        else:
            every = senders.every(session)
            if len(every) != 1:
                names = ", ".join(one.name for one in every) or "there is no account yet"
                raise AccountNameError(f"Give --account: {names}.")
            [account] = every
    if account.disabled_on is not None:
        raise AccountNameError(f"The account {account.name} is disabled.")
    return Sender.of(account)


@contextmanager
def _opened(source: str) -> Iterator[io.BufferedReader]:
    if source == "-":
        stream: Any = sys.stdin.buffer
        yield stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)
        return
    try:
        file = Path(source).open("rb")  # noqa: SIM115 - closed below; errors of the block are not errors of opening it
    except OSError as error:
        raise CampaignError(f"Cannot read {source}: {error.strerror}.") from None
    with file:
        yield file


def _follow(steps: Iterable[Progress], stream: io.BufferedReader) -> Progress:
    """Run the steps, and show their progress on a terminal."""
    size, done = _size(stream), Progress()
    with progress(None, "message") as bar:
        for done in steps:
            if size:  # the number of rows is not known, but the share of the file that was read is
                bar.total = max(done.rows, round(done.rows * size / max(stream.tell(), 1)))
            bar.update(done.rows - bar.n)
    return done


def _size(stream: io.BufferedReader) -> int:
    """Return the size of a file in bytes; 0 if it is a pipe."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # also io.UnsupportedOperation
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
