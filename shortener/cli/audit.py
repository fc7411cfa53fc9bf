"""The audit log: who did what, when, from where, and to what."""

import os
import pwd
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click
from sqlalchemy.orm import Session

from shortener.accounts import audit
from shortener.accounts.audit import Actor, AuditFilter, Detail
from shortener.cli.commands import Group, choice_of
from shortener.cli.files import written
from shortener.cli.output import as_json, show_rows
from shortener.rules.deed import Deed, Origin
from shortener.storage import db

group = Group("audit", help="The audit log.\n\nExample: shortener audit list --account shop")
C = TypeVar("C", bound=Callable[..., Any])
MOST: Final = 100  # entries that a list shows
FILTERS: Final = (
    click.option("--account", metavar="NAME", help="About this account."),
    click.option("--deed", type=choice_of(Deed), metavar="DEED", help="Of this kind, such as token.created."),
    click.option("--origin", type=choice_of(Origin), help="From there."),
    click.option("--actor", metavar="NAME", help="By this person, token or user of the system."),
    click.option("--about", metavar="NAME", help="Done to this, such as a person or a msgid."),
    click.option("--from", metavar="TIME", help="At that time or later, such as 2026-11-22T09:00:00Z."),
    click.option("--to", metavar="TIME", help="Before that time."),
)


def note(
    session: Session, deed: Deed, *, account_id: int | None = None, about: str | None = None, **details: Detail
) -> None:
    """Record what a command does, in its transaction."""
    by = Actor(Origin.COMMAND, _user())
    audit.record(session, deed, by, now=db.now(session), account_id=account_id, about=about, **details)


def _user() -> str:
    """Return the user of the operating system who runs the command, and who became that user with sudo."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container there may be no entry
        name = str(os.getuid())
    before = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo: {before[:100]})" if before.isprintable() and before else name


def _filtered(command: C) -> C:
    """Add the options of a filter to a command."""
    for option in reversed(FILTERS):
        command = option(command)
    return command


@group.command("list")
@_filtered
@as_json
def list_entries(wants_json: bool, **filters: str | None) -> None:
    """List the newest entries, at most 100.

    \b
    --to continues before a time.
    Examples: shortener audit list --account shop
              shortener audit list --deed session.failed
    """
    wanted = _filter(filters)
    with db.read() as session:
        rows = audit.find(session, wanted, size=MOST).documents()
    shown = rows if wants_json else [{**row, "details": audit.shown(row["details"])} for row in rows]
    show_rows(shown, wants_json, "No entries found.")


@group.command()
@click.argument("target", metavar="OUT", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--format", "kind", type=click.Choice(["csv", "jsonl"]), help="Default: jsonl if OUT ends so, else csv.")
@_filtered
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
def export(target: str, kind: str | None, overwrite: bool, **filters: str | None) -> None:
    """Write the entries to a file, the newest first.

    \b
    OUT appears when it is complete; - is standard output.
    Examples: shortener audit export audit.csv
              shortener audit export --account shop --format jsonl - | jq .deed
    """
    wanted = _filter(filters)
    kind = kind or ("jsonl" if target.endswith(".jsonl") else "csv")
    with db.write() as session:
        note(session, Deed.AUDIT_EXPORTED)
    with written(target, overwrite=overwrite) as out, db.read() as session:
        for line in audit.lines(audit.every(session, wanted), kind):
            out.write(line.encode())


def _filter(filters: dict[str, str | None]) -> AuditFilter:
    return AuditFilter.check({name: value for name, value in filters.items() if value is not None})
