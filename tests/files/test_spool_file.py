"""A spool file: complete records survive, incomplete ones are ignored."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shortener.files import spool_folder
from shortener.files.spool_file import FRAME, HEADER, SpoolFile, SpoolFullError
from tests.support.spools import NAME, SIZE, again, only


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SpoolFile]:
    with_space = spool_folder.acquire(tmp_path, NAME, SIZE)
    yield with_space
    with_space.close()


def test_the_next_owner_finds_all_records_in_order(tmp_path: Path) -> None:
    first = spool_folder.acquire(tmp_path, NAME, SIZE)
    for record in (b"one", b"two" * 50, b"three"):
        first.append(record)
    first.close()
    assert again(tmp_path) == [b"one", b"two" * 50, b"three"]


def test_space_is_reserved_before_the_first_record(tmp_path: Path, own: SpoolFile) -> None:
    status = only(tmp_path).stat()
    assert (status.st_size, status.st_mode & 0o777) == (SIZE, 0o600)
    assert status.st_blocks * 512 >= SIZE


def test_freed_space_shows_no_old_records(tmp_path: Path) -> None:
    first = spool_folder.acquire(tmp_path, NAME, SIZE)
    for number in range(5):
        first.append(b"old %d" % number)
    first.free(first.read()[1])
    assert first.read()[0] == []
    first.append(b"new 0")  # as long as an old record, so that an old record would follow directly
    first.close()
    assert again(tmp_path) == [b"new 0"]


def test_records_added_after_reading_are_not_freed(own: SpoolFile) -> None:
    own.append(b"read")
    _, end = own.read()
    own.append(b"later")
    own.free(end)
    assert own.read()[0] == [b"read", b"later"]


def test_a_full_file_refuses_records_and_keeps_its_own(own: SpoolFile) -> None:
    room = (SIZE - HEADER.size) // (100 + FRAME.size)
    for _ in range(room):
        own.append(b"x" * 100)
    with pytest.raises(SpoolFullError):
        own.append(b"x" * 100)
    assert own.read()[0] == [b"x" * 100] * room
    own.append(b"y")  # a smaller record may still fit
    assert own.read()[0][-1] == b"y"


@pytest.mark.parametrize("cut", [1, 4, FRAME.size, FRAME.size + 3])
def test_an_incomplete_record_is_ignored_and_overwritten(tmp_path: Path, cut: int) -> None:
    torn = spool_folder.acquire(tmp_path, NAME, SIZE)
    torn.append(b"whole")
    before = torn.read()[1]
    torn.append(b"cut off")
    torn.close()
    with only(tmp_path).open("r+b") as file:
        file.seek(before + cut)
        file.write(bytes(FRAME.size + len(b"cut off") - cut))
    after = spool_folder.acquire(tmp_path, NAME, SIZE)
    assert after.read()[0] == [b"whole"]
    after.append(b"next")
    assert after.read()[0] == [b"whole", b"next"]
    after.close()


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_reading_ends_at_a_damaged_record(tmp_path: Path, at: int) -> None:
    damaged = spool_folder.acquire(tmp_path, NAME, SIZE)
    damaged.append(b"whole")
    begin = damaged.read()[1]
    damaged.append(b"r" * 32)
    damaged.close()
    with only(tmp_path).open("r+b") as file:
        file.seek(begin + at)
        byte = file.read(1)[0]
        file.seek(begin + at)
        file.write(bytes([byte ^ 0x40]))
    assert again(tmp_path) == [b"whole"]


def test_records_of_many_threads_are_all_written(tmp_path: Path) -> None:
    shared = spool_folder.acquire(tmp_path, NAME, 1 << 16)

    def write(thread: int) -> None:
        for number in range(25):
            shared.append(b"%d/%d" % (thread, number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.close()
    assert sorted(again(tmp_path)) == sorted(b"%d/%d" % (thread, number) for thread in range(8) for number in range(25))


def test_a_failed_sync_raises_an_error(own: SpoolFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        own.append(b"on its way")
