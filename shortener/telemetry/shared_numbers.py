"""Numbers in memory that the processes of one server share: each process counts in a row of its own.

The memory is made before the server forks, so it needs no file, no disk can be too full for it, and it lives as long as
the server. A process locks its row's byte of a file without content; the kernel releases the lock when the process ends
for any reason. The next process continues with the row, so what a process has counted is not lost with it.
"""

import fcntl
import mmap
import os
import tempfile
import threading
from array import array
from collections.abc import Iterator
from typing import Final

ROWS: Final = 160  # SHORTENER_PROCESSES is at most 64; during a reload there are twice as many, and a parent
NUMBERS: Final = 4096  # in a row, each of 8 bytes; memory that nobody writes to is not taken
_BYTES: Final = 8


class SharedNumbers:
    """Rows of numbers, all 0 at first. The first `momentary` numbers of a row hold only while its process lives."""

    def __init__(self, rows: int = ROWS, numbers: int = NUMBERS, momentary: int = 16) -> None:
        self._rows, self._numbers, self._momentary = rows, numbers, momentary
        self._all = memoryview(mmap.mmap(-1, rows * numbers * _BYTES)).cast("d")
        self._file = _lockable()
        self._own_row = -1
        self.begin()
        os.register_at_fork(after_in_child=self.begin)

    def begin(self) -> None:
        """Take a row for this process; without a free one, count in memory that nobody else sees."""
        self.lock = threading.Lock()  # whoever adds to `own` holds it
        self._own_row = next((row for row in range(self._rows) if self._takes(row)), -1)
        self.own: memoryview[float] = memoryview(array("d", bytes(self._numbers * _BYTES)))
        if self._own_row >= 0:
            self.own = self._row(self._own_row)
            self.own[: self._momentary] = memoryview(array("d", bytes(self._momentary * _BYTES)))

    def totals(self) -> list[float]:
        """Return each number's sum over all rows, and over the rows of living processes for the momentary ones."""
        totals = [0.0 if self._own_row >= 0 else float(number) for number in self.own]
        for row in range(self._rows):
            for number, value in self._values(row):
                totals[number] += value
        return totals

    def _values(self, row: int) -> Iterator[tuple[int, float]]:
        numbers = self._row(row).tolist() if row != self._own_row else self.own.tolist()
        if not any(numbers):
            return
        first = 0 if row == self._own_row or not self._is_free(row) else self._momentary
        for number in range(first, self._numbers):
            if numbers[number]:
                yield number, numbers[number]

    def _row(self, row: int) -> "memoryview[float]":
        return self._all[row * self._numbers : (row + 1) * self._numbers]

    def _is_free(self, row: int) -> bool:
        is_free = self._takes(row)
        if is_free and self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, row)
        return is_free

    def _takes(self, row: int) -> bool:
        """Lock a row for this process; False if another one has it, or nothing can be locked."""
        if self._file is None:
            return False
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, row)
        except OSError:
            return False
        return True


def _lockable() -> int | None:
    """Open a file that has no name; None if there is no place for one, which the checks at the start explain."""
    try:
        if hasattr(os, "memfd_create"):
            return os.memfd_create("shortener-rows")
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    except OSError:
        return None
