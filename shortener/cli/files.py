"""Files that commands write."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from shortener.cli.commands import Refused


@contextmanager
def private(target: str) -> Iterator[IO[str]]:
    """Open a new file for secrets, which only its owner can read; it is removed if the block fails."""
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Refused(f"Cannot write {target}: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(target).unlink(missing_ok=True)
        raise


@contextmanager
def written(target: str, *, overwrite: bool) -> Iterator[IO[bytes]]:
    """Open a file, or standard output for `-`. Until the block has succeeded the file is named `TARGET.part`."""
    if target == "-":
        yield sys.stdout.buffer
        return
    part = Path(f"{target}.part")
    try:
        if Path(target).exists() and not overwrite:
            raise FileExistsError(target)
        file = part.open("wb" if overwrite else "xb")
    except FileExistsError as error:
        name = error.filename or target
        raise Refused(f"{name} already exists; move it, or replace it with --overwrite.") from None
    except OSError as error:
        raise Refused(f"Cannot write {part}: {error.strerror}.") from None
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    except BaseException:
        click.echo(f"Interrupted; the finished part is in {part}.", err=True)
        raise
