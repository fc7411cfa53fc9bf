"""How commands print: for people or as JSON, with progress on a terminal."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

import click
from tqdm import tqdm

PATIENCE: Final = 2.0  # seconds before a progress bar appears
as_json = click.option("--json", "wants_json", is_flag=True, help="Print JSON, for programs.")


def show(values: Mapping[str, Any], wants_json: bool, file: IO[str] | None = None) -> None:
    """Print one thing: a line for each field, or one line of JSON."""
    if wants_json:
        click.echo(json.dumps(values), file)
        return
    width = max(map(len, values))
    for key, value in values.items():
        click.echo(f"{key.ljust(width)}  {_cell(value)}", file)


def show_rows(rows: Sequence[Mapping[str, Any]], wants_json: bool, if_empty: str) -> None:
    """Print things of one kind as a table or as one line of JSON; `if_empty` is printed instead of an empty table."""
    if wants_json:
        click.echo(json.dumps(rows))
    elif not rows:
        click.echo(if_empty)
    else:
        widths = {key: max(len(key), *(len(_cell(row[key])) for row in rows)) for key in rows[0]}
        for row in ({key: key for key in rows[0]}, *rows):
            click.echo("  ".join(_cell(row[key]).ljust(width) for key, width in widths.items()).rstrip())


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def counted(count: int, noun: str) -> str:
    """Return `1 message` or `2 messages`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def progress(total: float | None, unit: str, *, patience: float = PATIENCE) -> "tqdm[Any]":
    """Show a command's progress, speed and remaining time on a terminal, if it takes longer than some seconds.

    `with progress(len(rows), "message") as bar: ... bar.update(100)`. It goes to standard error, so that standard
    output can be redirected; if standard error is not a terminal, nothing is shown.
    """
    return tqdm(
        total=total, unit=f" {unit}", delay=patience, disable=None, file=sys.stderr, dynamic_ncols=True, unit_scale=True
    )
