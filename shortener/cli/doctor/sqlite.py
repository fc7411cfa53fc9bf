"""Check a SQLite database: its file, the file system below it, its pages and its lock."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shortener.cli.doctor.finding import MEBIBYTE, Finding, fault, ok, sized, warning
from shortener.files import mounts, usable_folders
from shortener.storage import read_only
from shortener.typed_command import typed

CHECK: Final = "database"
WITHIN: Final = 5.0  # seconds for reading the pages
STEPS: Final = 100_000  # of SQLite's machine between two looks at the time
LARGE_LOG: Final = 64 * MEBIBYTE  # four times what the product lets it be after a long read
NETWORK: Final = (
    *("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "davfs"),
    *("fuse.sshfs", "fuse.s3fs", "fuse.rclone"),
)
IN_MEMORY: Final = ("tmpfs", "ramfs")
OF_A_CONTAINER: Final = ("overlay", "aufs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a SQLite file says about itself."""

    journal: str = "wal"
    encoding: str = "UTF-8"
    log_bytes: int = 0  # of the file of SQLite's log
    damage: str | None = ""  # what is wrong with the pages; empty if nothing is, None if time was up
    is_free: bool | None = True  # whether the lock for writing could be taken; None if that was not tried


def examine(file: Path) -> Iterator[Finding]:
    """Check an existing file. sqlite3.Error if it cannot be read."""
    yield from judge_file_system(CHECK, file.parent, mounts.kind_of(file.parent))
    unwritable = [why for path in (file.parent, file) if (why := usable_folders.why_not_writable(path))]
    for why in unwritable:
        yield fault(CHECK, f"Nothing can be stored: {why}.", "Give the file and its folder to the product's user.")
    yield from judge(file, facts(file, lockable=not unwritable))


def facts(file: Path, *, lockable: bool = True) -> Facts:
    """Read what a file says about itself; its lock only if the file is writable."""
    with closing(read_only.sqlite_connection(file)) as connection:
        [journal], [encoding] = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("journal_mode", "encoding")
        )
        damage = damage_within(connection, WITHIN)
    log = file.with_name(f"{file.name}-wal")
    return Facts(
        journal=journal,
        encoding=encoding,
        log_bytes=log.stat().st_size if log.exists() else 0,
        damage=damage,
        is_free=read_only.is_free(file) if lockable else None,
    )


def damage_within(connection: sqlite3.Connection, seconds: float) -> str | None:
    """Read all pages; return what is wrong with them, an empty text if nothing is, and None if time was up."""
    ends = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > ends, STEPS)
    try:
        found = [row for (row,) in connection.execute("PRAGMA quick_check(3)")]
    except sqlite3.OperationalError as error:
        if "interrupt" not in str(error):
            raise
        return None
    except sqlite3.DatabaseError as error:  # so damaged that the check itself cannot go on
        return str(error)
    finally:
        connection.set_progress_handler(None, 0)
    return "" if found == ["ok"] else "; ".join(found)


def judge_file_system(check: str, folder: Path, kind: str | None) -> Iterator[Finding]:
    """Judge the kind of file system that a folder is on; None is unknown."""
    if kind in NETWORK:
        yield fault(
            check,
            f"{folder} is on a network file system ({kind}), whose locks SQLite cannot rely on: data can be damaged.",
            "Move the data to a local disk, or use PostgreSQL; see docs/operate/postgresql.md.",
        )
    elif kind in IN_MEMORY:
        yield warning(
            check, f"{folder} is in memory ({kind}): a restart of the machine loses it.", "Move it to a disk."
        )
    elif kind in OF_A_CONTAINER:
        yield warning(
            check,
            f"{folder} is in the container's own file system ({kind}), which is deleted with the container.",
            "Mount a volume there; see docs/operate/docker.md.",
        )


def judge(file: Path, found: Facts) -> Iterator[Finding]:
    """Judge what a file says about itself."""
    use = "read and written" if found.is_free else "read"
    yield _judge_pages(file, use, found.damage)
    if found.is_free is False:
        yield fault(
            CHECK,
            f"The lock for writing was not free within {read_only.PATIENCE:g} s: nothing can be stored.",
            "Find the program that holds it, such as a frozen process of the product or an open sqlite3, and end it.",
        )
    if found.journal != "wal":
        yield warning(
            CHECK,
            f"The journal mode is {found.journal}. The product sets WAL when it starts.",
            "Start it. If the mode stays, the file system cannot share memory: move the data to a local disk.",
        )
    if found.encoding != "UTF-8":
        yield warning(CHECK, f"The encoding is {found.encoding}, not UTF-8.", "Restore a backup into a new file.")
    if found.log_bytes > LARGE_LOG:
        yield warning(
            CHECK,
            f"SQLite's log has {sized(found.log_bytes)}: something prevents that it is written into the database.",
            "Look for a program that reads for hours, or for a Litestream that is stuck; see docs/operate/backup.md.",
        )


def _judge_pages(file: Path, use: str, damage: str | None) -> Finding:
    if damage:
        return fault(
            CHECK,
            f"{file} is damaged: {damage}.",
            "Stop the product, keep a copy of the file, and restore the latest backup; see docs/operate/backup.md.",
        )
    if damage is None:
        return ok(
            CHECK,
            f"{file} can be {use}. Its pages could not all be checked within {WITHIN:g} s; "
            f"`{typed('db backup FILE')}` checks all of them.",
        )
    return ok(CHECK, f"{file} can be {use}, and its pages are whole.")
