"""The spool files in a folder, which all processes of a machine share.

A process acquires a file that nobody owns, with the records in it, and creates one only if there is none: so a process
that starts on a full disk finds its space. Files are never deleted. `name` is the part of their names that tells the
files of one installation from another's.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from shortener.files.durability import to_disk
from shortener.files.spool_file import HEADER, SpoolFile, begins_with_record, locked, opened, unpack_counts


def acquire(folder: Path, name: str, size: int) -> SpoolFile:
    """Acquire a file that nobody owns, or create one of `size` bytes; OSError if there is no space for it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    failure: OSError | None = None
    for path in _files(folder, name):
        try:
            spool = opened(path, size)
        except OSError as error:  # created on a full disk, and still without its space
            failure = error
        else:
            if spool is not None:
                return spool
    spool = opened(folder / f"{name}-{secrets.token_hex(4)}.spool", size) if failure is None else None
    if spool is None:
        raise failure or OSError(f"no spool file can be made in {folder}")
    to_disk(folder)
    return spool


def unowned(folder: Path, name: str) -> Iterator[SpoolFile]:
    """Yield each file that has records and no owner; this process owns it until the next one is asked for."""
    for path in _files(folder, name):
        descriptor = locked(path)
        if descriptor is None:
            continue
        if not begins_with_record(descriptor):
            os.close(descriptor)
            continue
        with contextlib.closing(SpoolFile(descriptor)) as spool:
            yield spool


def counts(folder: Path, name: str) -> tuple[int, int]:
    """Count the records in all files of that name, and the records that were lost for want of space."""
    records = lost = 0
    for path in _files(folder, name):
        with path.open("rb") as file:
            here = unpack_counts(file.read(HEADER.size))
        records, lost = records + here[0], lost + here[1]
    return records, lost


def is_in_use(folder: Path) -> bool:
    """Whether a process of this machine owns a spool file in the folder; OSError if a file cannot be opened."""
    for path in _files(folder, "*"):
        descriptor = locked(path)
        if descriptor is None:
            return True
        os.close(descriptor)
    return False


def _files(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name}-*.spool"))
