"""A file of records whose space is reserved in advance: appending to it works even while the disk is full.

The process that holds the file's lock owns it; the kernel releases the lock when the process ends for any reason.
The folder must be on a local disk, because of the locks.

Layout: a header with two counts (records in the file, records lost for want of space), then the records, each after its
length and its CRC-32. A length of zero or a record that does not match its checksum is the end: it was not written
completely, so nobody was told that it is on disk.
"""

import errno
import fcntl
import os
import struct
import threading
import zlib
from pathlib import Path

HEADER = struct.Struct("<QQ")
FRAME = struct.Struct("<II")
ROOM = 1024  # bytes; a click needs about 250


class SpoolFullError(Exception):
    """The file has no room for the record."""


class SpoolFile:
    """A file that this process owns. Any thread may append; only one at a time may read and free."""

    def __init__(self, descriptor: int) -> None:
        """Take over the locked file with this descriptor, and the records in it."""
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._lock, self._syncing = threading.Lock(), threading.Lock()
        self._written = self._synced = 0  # records since this process acquired the file
        _, self._lost = unpack_counts(os.pread(descriptor, HEADER.size, 0))
        records, self._end = _parse(os.pread(descriptor, self._size, 0))
        self._records = len(records)

    def append(self, record: bytes) -> None:
        """Add a record; it is on disk when this returns. Raises SpoolFullError, and OSError from the disk."""
        frame = FRAME.pack(len(record), zlib.crc32(record)) + record
        if self.is_deleted:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        with self._lock:
            if self._end + len(frame) > self._size:
                raise SpoolFullError
            _write(self._descriptor, frame, self._end)
            self._end += len(frame)
            self._records += 1
            self._written += 1
            mine = self._written
            self._write_counts()
        with self._syncing:  # the thread before us may have synced our record with its own
            if self._synced < mine:
                upto = self._written
                os.fdatasync(self._descriptor)
                self._synced = upto

    def read(self) -> tuple[list[bytes], int]:
        """Return all records in the order of their arrival, and the position where they end, for `free`."""
        with self._lock:
            return _parse(os.pread(self._descriptor, self._end, 0))

    def free(self, end: int) -> None:
        """Erase the records up to `end`, unless more have arrived. Call this when they are stored elsewhere."""
        with self._lock:
            if end == self._end:
                # Zeros rather than a new start position: after the next record nothing may look like a record.
                _write(self._descriptor, bytes(self._end - HEADER.size), HEADER.size)
                os.fdatasync(self._descriptor)
                self._end, self._records = HEADER.size, 0
                self._write_counts()

    @property
    def is_deleted(self) -> bool:
        """Whether somebody has deleted the file: its records are lost when this process ends."""
        return os.fstat(self._descriptor).st_nlink == 0

    @property
    def is_full(self) -> bool:
        """Whether there may be no room for another record."""
        return self._size - self._end < ROOM

    @property
    def used(self) -> int:
        """How many bytes the records take."""
        return self._end - HEADER.size

    @property
    def size(self) -> int:
        """How many bytes records can take."""
        return self._size - HEADER.size

    def count_lost(self, records: int = 1) -> None:
        """Count records that could not be written."""
        with self._lock:
            self._lost += records
            self._write_counts()

    def close(self) -> None:
        """Give up the file, so that another process can acquire it."""
        os.close(self._descriptor)

    def _write_counts(self) -> None:
        _write(self._descriptor, HEADER.pack(self._records, self._lost), 0)


def opened(path: Path, size: int) -> SpoolFile | None:
    """Open or create a file and reserve its space; None if another process owns it, OSError without space."""
    descriptor = locked(path)
    if descriptor is None:
        return None
    try:
        _reserve(descriptor, size)
        return SpoolFile(descriptor)
    except OSError:
        os.close(descriptor)
        raise


def locked(path: Path) -> int | None:
    """Open a file and lock it; None if another process holds the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def has_records(path: Path) -> bool:
    """Whether a file holds records, whoever owns it; True also if it cannot be read."""
    try:
        with path.open("rb") as file:
            return begins_with_record(file.fileno())
    except OSError:
        return True


def begins_with_record(descriptor: int) -> bool:
    """Whether a record follows the header."""
    return any(os.pread(descriptor, FRAME.size, HEADER.size))


def unpack_counts(header: bytes) -> tuple[int, int]:
    """Return the header's two counts; zeros if the file's space was never reserved."""
    records, lost = HEADER.unpack(header.ljust(HEADER.size, b"\0"))
    return records, lost


def _reserve(descriptor: int, size: int) -> None:
    """Make the file `size` bytes long. Once written, a block can be overwritten without needing new space."""
    present = os.fstat(descriptor).st_size
    if present < size:
        os.posix_fallocate(descriptor, 0, size)
        _write(descriptor, bytes(size - present), present)
        os.fsync(descriptor)


def _write(descriptor: int, content: bytes, position: int) -> None:
    written = os.pwrite(descriptor, content, position)
    if written != len(content):
        raise OSError(f"only {written} of {len(content)} bytes were written")


def _parse(content: bytes) -> tuple[list[bytes], int]:
    """Return the records in a file's content, and the position where they end."""
    records, position = [], HEADER.size
    while position + FRAME.size <= len(content):
        length, checksum = FRAME.unpack_from(content, position)
        record = content[position + FRAME.size : position + FRAME.size + length]
        if not length or len(record) != length or zlib.crc32(record) != checksum:
            break
        records.append(record)
        position += FRAME.size + length
    return records, position
