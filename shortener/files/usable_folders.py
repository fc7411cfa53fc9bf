"""Files and folders that must be usable before the product starts, and whose they are where they are not."""

import errno
import fcntl
import os
import pwd
import tempfile
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


def why_unusable(folder: Path) -> str | None:
    """Say why nothing can be kept in a folder: it cannot be made, written, or locked in. None where it can.

    A full disk is no reason: what is there already has its space.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in FULL else reason(error, folder)
    return None


def reason(error: OSError, path: Path) -> str:
    """Say what is wrong with a path, and where it is a matter of rights, whose it is and who we are."""
    while not path.exists() and path != path.parent:
        path = path.parent
    said = error.strerror or str(error)
    if error.errno == errno.EEXIST:  # no folder, but a file
        said = os.strerror(errno.ENOTDIR)
    if error.errno not in (errno.EACCES, errno.EPERM):
        return f"{path}: {said}"
    return f"{path}: {said}; it belongs to {_name(path.stat().st_uid)}, and this process runs as {_name(os.geteuid())}"


def _name(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} (user {uid})"
    except KeyError:  # a number without a name, as in containers
        return f"user {uid}"
