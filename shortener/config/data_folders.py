"""Which folder has the installation's data: the one below the product's folder, or the working folder's.

A relative path begins at the product's folder. Earlier versions began it at the working folder, so an installation
may have its data there. What lies in both folders decides: a new database is never made beside data that is there.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from shortener.config import settings_file
from shortener.files import spool_file

KEY: Final = "secret_key"
SPOOL: Final = "spool"
Named = list[str]


def data_folder(path: Path) -> Path:
    """The data folder, by its whole path. ValueError where two folders have data, and one of them would be missed."""
    return _chosen(path, _files_of_data)


def spool_folder(path: Path) -> Path:
    """The same for a spool folder that is set apart from the data folder."""
    return _chosen(path, _files_of_spool)


def _chosen(path: Path, files_of: Callable[[Path], list[Path]]) -> Path:
    there, here = settings_file.HOME / path, settings_file.working_folder() / path
    if _is_same(here, there) or not files_of(here):
        return there
    if not files_of(there):
        return here
    missed = [file for file in files_of(here) if _would_be_missed(file, there / file.relative_to(here))]
    if not missed:
        return there
    raise ValueError(
        f"{there} has {_listed(files_of(there))} and {here} has {_listed(missed)}; "
        "give the whole path of the one that is meant. If both have clicks that wait in a spool, start once with each"
    )


def _files_of_data(folder: Path) -> list[Path]:
    """The database, the secret key and the files of the spool, as far as they are there."""
    found = [folder / name for name in (settings_file.DATABASE, KEY) if os.access(folder / name, os.F_OK)]
    return found + _files_of_spool(folder / SPOOL)


def _files_of_spool(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.spool"))
    except OSError:  # what this user cannot look into is no installation of this user
        return []


def _would_be_missed(file: Path, other: Path) -> bool:
    """Whether only this file has what is in it. A spool file without records holds nothing."""
    return not _is_same(file, other) and (file.suffix != ".spool" or spool_file.has_records(file))


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False


def _listed(files: list[Path]) -> str:
    kinds = {settings_file.DATABASE: "a database", KEY: "a secret key"}
    return ", ".join(dict.fromkeys(kinds.get(file.name, "a spool of clicks") for file in files))
