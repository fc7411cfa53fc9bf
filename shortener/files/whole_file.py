"""Write a file that appears under its name only when it is whole and on disk."""

import errno
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from shortener.files import durability

# What systems say that have no second names for a file, such as FAT.
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)


class TakenError(Exception):
    """Something else has this name already."""

    def __init__(self, path: Path) -> None:
        kind = "folder" if path.is_dir() else "file"
        super().__init__(f"{path}: a {kind} of that name is already there")


def write(path: Path, blocks: Iterable[bytes], *, earlier: int = 0) -> None:
    """Write the blocks to a file, and make its folder if it is missing; OSError if that fails.

    TakenError if the name is in use. Only a file of `earlier` bytes is replaced: a try of this size was killed before
    it could say that its file was there. An error leaves nothing behind; what a killed try has left is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    replaces = _is_of_earlier(path, earlier)
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as file:
            for block in blocks:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        if replaces:
            part.replace(path)
        else:
            _name(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    durability.to_disk(path.parent)


def _is_of_earlier(path: Path, earlier: int) -> bool:
    """Whether a file is there that an earlier try has written; TakenError if it is another one."""
    if not os.path.lexists(path):
        return False
    if earlier and path.is_file() and path.lstat().st_size == earlier:
        return True
    raise TakenError(path)


def _name(part: Path, path: Path) -> None:
    """Give a file its final name, unless that is in use."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise TakenError(path) from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise TakenError(path) from None
        part.replace(path)
    part.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove unfinished files of this name. A program that still writes one then fails to rename it."""
    unfinished = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.part")
    for name in [name for name in os.listdir(path.parent) if unfinished.fullmatch(name)]:  # noqa: PTH208 - names
        path.with_name(name).unlink(missing_ok=True)
