"""A folder of spool files, and what the next owner of a file finds in it."""

from pathlib import Path

from shortener.files import spool_folder

SIZE = 4096
NAME = "installation"


def only(folder: Path) -> Path:
    [path] = folder.glob("*.spool")
    return path


def again(folder: Path) -> list[bytes]:
    """Return the records that the next owner finds."""
    taken = spool_folder.acquire(folder, NAME, SIZE)
    try:
        return taken.read()[0]
    finally:
        taken.close()
