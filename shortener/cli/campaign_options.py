"""Options of `preprocess`: fields of messages, and the format of the files."""

import codecs
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from shortener.messages.campaign import FIELDS

FORMATS: Final = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}  # by ending
Pairs = dict[str, str]


def pairs(_context: click.Context, option: click.Parameter, given: Sequence[str]) -> Pairs:
    """Read `FIELD=SOMETHING`, given any number of times, into a dictionary."""
    found = dict(one.partition("=")[::2] for one in given)
    for one in given:
        if "=" not in one or one.partition("=")[0] not in FIELDS:
            raise click.BadParameter(f"{one}: must begin with one of {', '.join(FIELDS)} and an equals sign")
    if len(found) < len(given):
        raise click.BadParameter(f"give {option.opts[0]} only once for each field")
    return found


def encoding(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    """Return Python's name of the encoding."""
    try:
        return given and codecs.lookup(given).name
    except LookupError:
        raise click.BadParameter(f"Python has no encoding {given}") from None


def delimiter(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    """Accept one character."""
    if given is not None and len(given) != 1:
        raise click.BadParameter("must be one character")
    return given


def file_format(given: str | None, *paths: str) -> str:
    """Return the given format, or else the one that the files' names end with."""
    found = {given} if given else {FORMATS.get(Path(path).suffix.lower(), "") for path in paths if path != "-"}
    if len(found) != 1 or "" in found:
        raise click.UsageError("Give --format csv or --format jsonl; IN and OUT have the same format.")
    return str(found.pop())
