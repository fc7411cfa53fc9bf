"""Check that a folder can be used, and explain the owner's rights if it cannot."""

import errno
import fcntl
import os
import pwd
import tempfile
from pathlib import Path

FULL = (errno.ENOSPC, errno.EDQUOT)


def why_unusable(folder: Path) -> str | None:
    """Say why a folder cannot be made, written or locked in; None if it can.

    A full disk is not a reason: files that exist already have their space.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return None if error.errno in FULL else reason(error, folder)
    return None


def why_not_writable(path: Path) -> str | None:
    """Say why an existing file or folder cannot be read and written; None if it can."""
    if os.access(path, os.R_OK | os.W_OK):
        return None
    code = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
    return reason(OSError(code, os.strerror(code)), path)


def reason(error: OSError, path: Path) -> str:
    """Describe what is wrong with a path; if it is a matter of rights, name its owner and the current user."""
    while not path.exists() and path != path.parent:
        path = path.parent
    said = error.strerror or str(error)
    if error.errno == errno.EEXIST:  # a file is where the folder should be
        said = os.strerror(errno.ENOTDIR)
    if error.errno not in (errno.EACCES, errno.EPERM):
        return f"{path}: {said}"
    return f"{path}: {said}; it belongs to {_name(path.stat().st_uid)}, and this process runs as {_name(os.geteuid())}"


def _name(uid: int) -> str:
    try:
        return f"{pwd.getpwuid(uid).pw_name} (user {uid})"
    except KeyError:  # containers often run as a number without a name
        return f"user {uid}"
