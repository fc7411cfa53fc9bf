"""The kind of file system that a path is on, as Linux lists it."""

import re
from pathlib import Path
from typing import Final

LIST: Final = Path("/proc/self/mountinfo")
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")


def kind_of(path: Path) -> str | None:
    """Return the kind of the file system, such as `ext4` or `nfs4`; None if the system does not say."""
    try:
        listed = LIST.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # not Linux
        return None
    return kind_in(listed, path.resolve())


def kind_in(listed: str, path: Path) -> str | None:
    """Return the kind of file system of the deepest mount point above a path; of several, the one mounted last."""
    found: tuple[int, str] | None = None
    for line in listed.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split()
        if not separator or len(fields) < 5:
            continue
        point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4]))
        depth = len(point.parts)
        if path.is_relative_to(point) and (found is None or depth >= found[0]):
            found = depth, after.split()[0]
    return found and found[1]
