"""Check folders: free space, rights, and the spool."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shortener.cli.doctor import sqlite
from shortener.cli.doctor.finding import MEBIBYTE, Finding, fault, ok, sized, warning
from shortener.config.settings import Settings
from shortener.files import mounts, spool_folder, usable_folders
from shortener.rules import export_place

DISK: Final = "disk"
SPOOL: Final = "spool"
# Free space: below the first, writes may fail at any time; below the second, somebody should act.
TOO_LITTLE: Final = 128 * MEBIBYTE
LITTLE: Final = 1024 * MEBIBYTE
PART: Final = 0.05  # of the disk; matters for disks of up to 200 GiB
PLENTY: Final = 10 * LITTLE
FEW_FILES: Final = 1000  # names that the file system still takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A file system: its size and free space in bytes, and how many more files it takes (-1: any number)."""

    total: int
    free: int
    files: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    """The spool folder: why it cannot be used, what is in it, and the bytes that are or will be reserved."""

    why: str | None = None
    exists: bool = True
    clicks: int = 0
    lost: int = 0
    refused: int = 0  # bytes of clicks that can never be stored
    reserved: int = 0
    missing: int = 0
    free: int = LITTLE
    is_in_use: bool = True


def examine_user(settings: Settings) -> Iterator[Finding]:
    """Compare the user of this command with the owner of the data."""
    owned = settings.database_file if settings.database_file and settings.database_file.exists() else settings.data
    if owned.exists():
        yield from judge_user(owned, owned.stat().st_uid, os.geteuid())


def judge_user(path: Path, owner: int, user: int) -> Iterator[Finding]:
    """Judge whether this command may do what the product may do."""
    if owner != user:
        yield warning(
            "user",
            f"{path} belongs to user {owner}, and this command runs as user {user}: what it says about rights may not "
            "hold for the product.",
            "Run this command as the user that runs the product.",
        )


def examine_disks(settings: Settings) -> Iterator[Finding]:
    """Check the free space of each file system that the product writes to."""
    folders = [settings.spool_folder]
    if settings.database_file is not None:
        folders.insert(0, settings.database_file.parent)
    folders += [Path(place.path) for place in settings.export_places.values() if place.scheme == export_place.FOLDER]
    seen = set()
    for folder in map(existing, folders):
        device = folder.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield judge_disk(folder, disk_of(folder))


def disk_of(folder: Path) -> Disk:
    """Ask the system about the disk below a folder."""
    usage, found = shutil.disk_usage(folder), os.statvfs(folder)
    return Disk(total=usage.total, free=usage.free, files=found.f_favail if found.f_files else -1)


def existing(path: Path) -> Path:
    """Return the deepest existing folder above a path."""
    while not path.exists():
        path = path.parent
    return path


def judge_disk(folder: Path, disk: Disk) -> Finding:
    """Judge the free space below a folder."""
    free = f"{folder}: {sized(disk.free)} of {sized(disk.total)} are free"
    if 0 <= disk.files < FEW_FILES:
        return warning(DISK, f"{folder}: only {disk.files} more files can be made.", "Remove files on this disk.")
    if disk.free < TOO_LITTLE:
        return fault(DISK, f"{free}: storing may fail at any time.", "Make room now, or enlarge the disk.")
    if disk.free < LITTLE or disk.free < min(PART * disk.total, PLENTY):
        return warning(DISK, f"{free}.", "Make room, enlarge the disk, or keep messages for fewer days.")
    return ok(DISK, f"{free}.")


def examine_spool(settings: Settings) -> Iterator[Finding]:
    """Check the folder for clicks that the database cannot take at once. It is not made if it is missing."""
    folder = settings.spool_folder
    if folder.is_dir():
        yield from (found for found in sqlite.judge_file_system(SPOOL, folder, mounts.kind_of(folder)))
    yield from judge_spool(folder, spool_of(folder, settings.processes * settings.spool_bytes))


def spool_of(folder: Path, wanted: int) -> Spool:
    """Look into a spool folder, in which the processes of this node reserve `wanted` bytes in all."""
    if not folder.is_dir():
        above = existing(folder)
        why = f"{above} is no folder" if not above.is_dir() else usable_folders.why_not_writable(above)
        return Spool(exists=False, why=why, missing=wanted, free=disk_of(above).free)
    why = usable_folders.why_unusable(folder)
    if why:
        return Spool(why=why)
    clicks, lost = spool_folder.counts(folder, "*")
    reserved = sum(file.stat().st_size for file in folder.glob("*.spool"))
    return Spool(
        clicks=clicks,
        lost=lost,
        refused=sum(file.stat().st_size for file in folder.glob("*-refused.jsonl")),
        reserved=reserved,
        missing=max(0, wanted - reserved),
        free=disk_of(folder).free,
        is_in_use=spool_folder.is_in_use(folder),
    )


def judge_spool(folder: Path, found: Spool) -> Iterator[Finding]:
    """Judge what is in a spool folder."""
    if found.why:
        yield fault(SPOOL, f"Clicks cannot be kept while the database is away: {found.why}.", "Mend SHORTENER_SPOOL.")
        return
    if found.missing > found.free:
        yield fault(
            SPOOL,
            f"{folder}: {sized(found.missing)} are still to be reserved, and {sized(found.free)} are free.",
            "Make room, or lower SHORTENER_SPOOL_BYTES.",
        )
    elif found.exists:
        yield ok(SPOOL, f"{folder} can be written; {sized(found.reserved)} are reserved in it.")
    else:
        yield ok(SPOOL, f"{folder} does not exist yet; the first start makes it.")
    yield from _judge_clicks(folder, found)


def _judge_clicks(folder: Path, found: Spool) -> Iterator[Finding]:
    if found.clicks:
        yield warning(
            SPOOL,
            f"Clicks that wait in {folder} for the database: {found.clicks}.",
            "If this number does not fall, the log says why."
            if found.is_in_use
            else "Start the product on this node: it stores them.",
        )
    if found.lost:
        yield warning(
            SPOOL,
            f"Clicks that could not be stored anywhere, since the spool was made: {found.lost}. "
            "Their visitors were answered 503.",
            "The log has each of them. Find out why the spool was full or missing at that time.",
        )
    if found.refused:
        yield warning(
            SPOOL,
            f"{folder} has clicks that the database will never take, in files *-refused.jsonl.",
            "Read them, report the error that the log has for them, and move the files away.",
        )
