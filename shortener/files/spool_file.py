"""A file that keeps what the database does not take now: its space is reserved, and what it keeps is on disk.

A file belongs to the process that holds its lock, and to nobody once that process is gone, whatever ended it. A process
takes a file that is free, with what is in it, and makes one only where none is: so a start finds its space though the
disk is full. Files are never removed. The folder must be on a local disk, for the locks' sake.

Layout: a header of two counts for whoever watches (records kept, records that found no place), then the records, each
behind its length and its CRC-32. A length of zero or a record that does not match is the end: its writing was cut off,
so nobody was told that it is kept.
"""

import contextlib
import errno
import fcntl
import os
import secrets
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

HEADER = struct.Struct("<QQ")
FRAME = struct.Struct("<II")
ROOM = 1024  # bytes; a click needs a quarter of that


class SpoolFullError(Exception):
    """The file has no room for the record."""


class Spool:
    """A file that this process owns. Any thread may append; one at a time reads and frees."""

    def __init__(self, descriptor: int) -> None:
        """Take over the locked file behind the descriptor, and what is in it."""
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0  # records since the file was taken over
        _, self._lost = _unpacked(os.pread(descriptor, HEADER.size, 0))
        records, self._end = _parse(os.pread(descriptor, self._size, 0))
        self._kept = len(records)

    def append(self, record: bytes) -> None:
        """Keep a record: it is on disk when this comes back. Raises SpoolFullError, and OSError from the disk."""
        frame = FRAME.pack(len(record), zlib.crc32(record)) + record
        if self.is_deleted:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with self._lock:
            if self._end + len(frame) > self._size:
                raise SpoolFullError
            _write(self._descriptor, frame, self._end)
            self._end += len(frame)
            self._kept += 1
            self._written += 1
            mine = self._written
            self._count()
        with self._syncing:  # who waited here may find that the one before took this record along
            if self._synced < mine:
                upto = self._written
                os.fdatasync(self._descriptor)
                self._synced = upto

    def read(self) -> tuple[list[bytes], int]:
        """Give all records in the order in which they came, and the mark up to which they reach."""
        with self._lock:
            return _parse(os.pread(self._descriptor, self._end, 0))

    def free(self, mark: int) -> None:
        """Let go of all that was read up to the mark, unless more has come; call it once it is stored elsewhere."""
        with self._lock:
            if mark == self._end:
                # Zeros, and not a mark of where to go on: nothing behind the next record may look like one.
                _write(self._descriptor, bytes(self._end - HEADER.size), HEADER.size)
                os.fdatasync(self._descriptor)
                self._end, self._kept = HEADER.size, 0
                self._count()

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has removed the file: what it holds is gone when this process ends."""
        return os.fstat(self._descriptor).st_nlink == 0

    @property
    def is_full(self) -> bool:
        """Whether there may be no room for another record."""
        return self._size - self._end < ROOM

    def count_lost(self, records: int = 1) -> None:
        """Count records that found no place."""
        with self._lock:
            self._lost += records
            self._count()

    def close(self) -> None:
        """Leave the file to whoever comes."""
        os.close(self._descriptor)

    def _count(self) -> None:
        _write(self._descriptor, HEADER.pack(self._kept, self._lost), 0)


def take(folder: Path, name: str, size: int) -> Spool:
    """Take a file of that name that nobody owns, or make one; OSError where there is no space for it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    failure: OSError | None = None
    for path in _files(folder, name):
        try:
            spool = _taken(path, size)
        except OSError as error:  # made on a full disk, and still without its space
            failure = error
        else:
            if spool is not None:
                return spool
    spool = _taken(folder / f"{name}-{secrets.token_hex(4)}.spool", size) if failure is None else None
    if spool is None:
        raise failure or OSError(f"no spool file can be made in {folder}")
    _sync_folder(folder)
    return spool


def left_behind(folder: Path, name: str) -> Iterator[Spool]:
    """Give each file that nobody owns and that has records; it is owned until the next is asked for."""
    for path in _files(folder, name):
        descriptor = _locked(path)
        if descriptor is None:
            continue
        if not _begins(descriptor):
            os.close(descriptor)
            continue
        with contextlib.closing(Spool(descriptor)) as spool:
            yield spool


def counts(folder: Path, name: str) -> tuple[int, int]:
    """Count the records that are kept in all files of that name, and those that found no place."""
    kept = lost = 0
    for path in _files(folder, name):
        with path.open("rb") as file:
            here = _unpacked(file.read(HEADER.size))
        kept, lost = kept + here[0], lost + here[1]
    return kept, lost


def has_records(path: Path) -> bool:
    """Whether a spool file holds records, whoever owns it. One that cannot be read may."""
    try:
        with path.open("rb") as file:
            return _begins(file.fileno())
    except OSError:
        return True


def is_owned(folder: Path) -> bool:
    """Whether a process of this machine owns a spool file in this folder; OSError where one cannot be opened."""
    for path in _files(folder, "*"):
        descriptor = _locked(path)
        if descriptor is None:
            return True
        os.close(descriptor)
    return False


def _begins(descriptor: int) -> bool:
    """Whether a record begins behind the header."""
    return any(os.pread(descriptor, FRAME.size, HEADER.size))


def _files(folder: Path, name: str) -> list[Path]:
    return sorted(folder.glob(f"{name}-*.spool"))


def _taken(path: Path, size: int) -> Spool | None:
    descriptor = _locked(path)
    if descriptor is None:
        return None
    try:
        _reserve(descriptor, size)
        return Spool(descriptor)
    except OSError:
        os.close(descriptor)
        raise


def _locked(path: Path) -> int | None:
    """Open a file and lock it; None where another holds it. The kernel lets go of the lock when the owner ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _reserve(descriptor: int, size: int) -> None:
    """See that the file has its space. Written once, a block needs nothing new from the disk to be written again."""
    there = os.fstat(descriptor).st_size
    if there < size:
        os.posix_fallocate(descriptor, 0, size)
        _write(descriptor, bytes(size - there), there)
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(descriptor: int, content: bytes, at: int) -> None:
    written = os.pwrite(descriptor, content, at)
    if written != len(content):
        raise OSError(f"only {written} of {len(content)} bytes were written")


def _unpacked(header: bytes) -> tuple[int, int]:
    """The two counts; zeros in a file whose space was never reserved."""
    kept, lost = HEADER.unpack(header.ljust(HEADER.size, b"\0"))
    return kept, lost


def _parse(content: bytes) -> tuple[list[bytes], int]:
    """Give the records of a file's content, and where they end."""
    records, at = [], HEADER.size
    while at + FRAME.size <= len(content):
        length, checksum = FRAME.unpack_from(content, at)
        record = content[at + FRAME.size : at + FRAME.size + length]
        if not length or len(record) != length or zlib.crc32(record) != checksum:
            break
        records.append(record)
        at += FRAME.size + length
    return records, at
