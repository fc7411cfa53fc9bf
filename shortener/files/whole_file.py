"""Write a file that appears under its name only when it is whole and on disk."""

import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from shortener.files import durability


def write(path: Path, blocks: Iterable[bytes]) -> None:
    """Write the blocks to a file, and make its folder if it is missing; OSError if that fails.

    An error leaves nothing behind. What an earlier try left that was killed is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    durability.to_disk(path.parent)


def _remove_leftovers(path: Path) -> None:
    """Remove unfinished files of this name. A program that still writes one then fails to rename it."""
    unfinished = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.part")
    for name in [name for name in os.listdir(path.parent) if unfinished.fullmatch(name)]:  # noqa: PTH208 - names
        path.with_name(name).unlink(missing_ok=True)
