"""Messages in bulk from a file: `flask --app wsgi preprocess in.csv out.csv`."""

import codecs
import io
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from shortener.accounts import senders
from shortener.accounts.senders import Sender
from shortener.cli.base import Refusals, progress, written
from shortener.errors import AccountNameError, CampaignError
from shortener.installation import public_addresses
from shortener.messages import campaign
from shortener.messages.campaign import FIELDS, Progress
from shortener.messages.campaign_files import Csv, File, JsonLines
from shortener.messages.submission import key_fault
from shortener.running.services import Services, services
from shortener.storage import db

SOME_PROBLEMS: Final = 5  # the exit code where rows have a problem
ENDINGS: Final = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
Pairs = dict[str, str]


def _pairs(_context: click.Context, option: click.Parameter, given: Sequence[str]) -> Pairs:
    """`FIELD=SOMETHING`, again and again, by field."""
    pairs = dict(one.partition("=")[::2] for one in given)
    for one in given:
        if "=" not in one or one.partition("=")[0] not in FIELDS:
            raise click.BadParameter(f"{one}: must begin with one of {', '.join(FIELDS)}, and an equals sign")
    if len(pairs) < len(given):
        raise click.BadParameter(f"give each field once by {option.opts[0]}")
    return pairs


def _encoding(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    try:
        return given and codecs.lookup(given).name
    except LookupError:
        raise click.BadParameter(f"{given} is no encoding that Python knows") from None


def _delimiter(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given is not None and len(given) != 1:
        raise click.BadParameter("must be one character")
    return given


@click.command(cls=Refusals)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@click.option("--column", default="message", show_default=True, help="The column that holds the text.")
@click.option("--account", "name", help="Whose messages they are; needed where there are several accounts.")
@click.option("--idempotency-key", "key", help="Makes the run safe to repeat: see above.")
@click.option(
    "--map",
    "mapped",
    multiple=True,
    metavar="FIELD=COLUMN",
    callback=_pairs,
    help="Take the field from another column; from none: FIELD=",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    callback=_pairs,
    help="Give the field the same value in every row.",
)
@click.option("--prefix", default="", help="What the names of the new columns begin with.")
@click.option("--format", "shape", type=click.Choice(["csv", "jsonl"]), help="Default: by the files' endings.")
@click.option(
    "--encoding",
    callback=_encoding,
    help="Of CSV. Default: by its byte order mark, or UTF-8. cp932 for Excel in Japanese.",
)
@click.option(
    "--delimiter", callback=_delimiter, help="Of CSV. Default: comma, semicolon or tab, as the header has it."
)
@click.option("--overwrite", is_flag=True, help="Replace OUT where it exists.")
def preprocess(
    source: str,
    target: str,
    column: str,
    name: str | None,
    key: str | None,
    mapped: Pairs,
    constants: Pairs,
    prefix: str,
    shape: str | None,
    encoding: str | None,
    delimiter: str | None,
    overwrite: bool,
) -> None:
    """Preprocess a file of messages: CSV or JSON Lines.

    \b
    OUT is IN with five more columns: msgid, rewritten_message (the text to
    send), shortlink, skipped (what looked like a link and was left alone, and
    why), and problem where a row cannot be used; it does not spoil the rest.
    - is standard input or output.
    Shortlinks lead to SHORTENER_PUBLIC_URL: give the settings of the server.
    A column that is named like a field of a message is that field: client_tag,
    recipient, sender, tags, metadata, lt_callbackurl, track_link, detection,
    bare_domains, count_as_click, callbackurl. All columns are passed through.
    To repeat a run: with the same --idempotency-key and the same rows it gives
    the same answers. Without, a row whose client_tag is known is a problem, and
    a row without client_tag is a new message.
    OUT appears when all is done. Until then, and after a run that broke off,
    what is done is in OUT.part.
    Exit code 5: done, but some rows have a problem.
    Examples: flask --app wsgi preprocess in.csv out.csv --column text
              flask --app wsgi preprocess in.csv out.csv \\
                --idempotency-key autumn-1 --map client_tag=order_no \\
                --set lt_callbackurl=https://shop.example.com/clicked
              zcat in.jsonl.gz | flask --app wsgi preprocess - - --format jsonl
    """
    shape = _shape(shape, source, target)
    if key is not None and (fault := key_fault(key)):
        raise click.BadParameter(fault, param_hint="--idempotency-key")
    plan = campaign.plan(column, mapped, constants, prefix)
    account = _account(name)
    made = services()
    _check_address(made)
    made.prepare()
    with _opened(source) as stream:
        file: File = Csv(stream, encoding, delimiter) if shape == "csv" else JsonLines(stream)
        plan.check(file.columns)
        with written(target, overwrite=overwrite) as out:
            file.begin(out, plan.added)
            steps = campaign.run(file, plan, account, made.site, made.policy, idempotency_key=key)
            done = _follow(steps, stream)
    stored, faulty = _counted(done.rows - done.problems, "message"), _counted(done.problems, "row")
    unlinked = f", {done.unlinked} of them without a shortlink" if done.unlinked else ""
    click.echo(f"{stored} preprocessed{unlinked}, {faulty} with a problem", err=True)
    if done.problems:
        raise SystemExit(SOME_PROBLEMS)


def _check_address(made: Services) -> None:
    """Refuse to guess where shortlinks lead: a whole campaign that leads nowhere would be sent before anybody knows."""
    if made.settings.public_url is not None:
        return
    with db.read() as session:
        others = public_addresses.addresses(session) - {made.settings.base_url}
    if others:
        raise CampaignError(
            f"SHORTENER_PUBLIC_URL is not set here, so shortlinks would lead to {made.settings.base_url}; this "
            f"installation has also had {', '.join(sorted(others))}. Say which by SHORTENER_PUBLIC_URL."
        )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _shape(given: str | None, *paths: str) -> str:
    """The format that was asked for, or the one that the files' names end with."""
    found = {given} if given else {ENDINGS.get(Path(path).suffix.lower(), "") for path in paths if path != "-"}
    if len(found) != 1 or "" in found:
        raise click.UsageError("Say by --format whether it is csv or jsonl; IN and OUT have the same format.")
    return str(found.pop())


def _account(name: str | None) -> Sender:
    """The account of that name, or the only one."""
    with db.read() as session:
        if name is not None:
            account = senders.named(session, name)
        else:
            every = senders.every(session)
            if len(every) != 1:
                names = ", ".join(one.name for one in every) or "there is none yet"
                raise AccountNameError(f"Say by --account whose messages they are: {names}.")
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
        file = Path(source).open("rb")  # noqa: SIM115 - closed below, where its own errors are not ours
    except OSError as error:
        raise CampaignError(f"Cannot read {source}: {error.strerror}.") from None
    with file:
        yield file


def _follow(steps: Iterable[Progress], stream: io.BufferedReader) -> Progress:
    """Go through the steps, and show on a terminal how far they are."""
    size, done = _size(stream), Progress()
    with progress(None, "message") as bar:
        for done in steps:
            if size:  # how many rows there are is not known, but how much of the file is read
                bar.total = max(done.rows, round(done.rows * size / max(stream.tell(), 1)))
            bar.update(done.rows - bar.n)
    return done


def _size(stream: io.BufferedReader) -> int:
    """How long a file is; 0 for what is none."""
    try:
        found = os.fstat(stream.fileno())
    except OSError:  # also io.UnsupportedOperation
        return 0
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
