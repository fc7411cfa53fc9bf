"""Find the folder with the installation's data: below the product's folder, or below the working folder.

A relative path begins at the product's folder. In earlier versions it began at the working folder, so an installation
may have its data there. The files in both folders decide, so that a new database never replaces existing data.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from shortener.config import settings_file
from shortener.files import spool_file

KEY: Final = "secret_key"
SPOOL: Final = "spool"


def data_folder(path: Path) -> Path:
    """Return the absolute path of the data folder; ValueError if two folders have data and one would be ignored."""
    return _chosen(path, _files_of_data)


def spool_folder(path: Path) -> Path:
    """Return the absolute path of a separate spool folder; ValueError if two folders have clicks."""
    return _chosen(path, _files_of_spool)


def _chosen(path: Path, files_of: Callable[[Path], list[Path]]) -> Path:
    there, here = settings_file.HOME / path, settings_file.working_folder() / path
    if _is_same(here, there) or not files_of(here):
        return there
    if not files_of(there):
        return here
    lost = [file for file in files_of(here) if _would_be_lost(file, there / file.relative_to(here))]
    if not lost:
        return there
    raise ValueError(
        f"{there} has {_listed(files_of(there))} and {here} has {_listed(lost)}; "
        "give the absolute path of the one to use. If both have clicks in a spool, start once with each"
    )


def _files_of_data(folder: Path) -> list[Path]:
    """Return the files of database, secret key and spool that exist."""
    found = [folder / name for name in (settings_file.DATABASE, KEY) if os.access(folder / name, os.F_OK)]
    return found + _files_of_spool(folder / SPOOL)


def _files_of_spool(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.spool"))
    except OSError:  # a folder that this user cannot read is not this user's installation
        return []


def _would_be_lost(file: Path, other: Path) -> bool:
    """Whether ignoring this file would lose data; a spool file without records has none."""
    return not _is_same(file, other) and (file.suffix != ".spool" or spool_file.has_records(file))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def _listed(files: list[Path]) -> str:
    kinds = {settings_file.DATABASE: "a database", KEY: "a secret key"}
    return ", ".join(dict.fromkeys(kinds.get(file.name, "a spool of clicks") for file in files))
