"""The file that keeps what the database does not take: what is in it survives, what was cut off is not believed."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from shortener.files import spool_file
from shortener.files.spool_file import FRAME, HEADER, Spool, SpoolFullError
from tests.support.waiting import until

SIZE = 4096
NAME = "house"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Spool]:
    with_space = spool_file.take(tmp_path, NAME, SIZE)
    yield with_space
    with_space.close()


def only(folder: Path) -> Path:
    [path] = folder.glob("*.spool")
    return path


def again(folder: Path) -> list[bytes]:
    """The records that the next owner finds."""
    taken = spool_file.take(folder, NAME, SIZE)
    try:
        return taken.read()[0]
    finally:
        taken.close()


def test_what_is_kept_is_found_by_the_next_owner_in_its_order(tmp_path: Path) -> None:
    first = spool_file.take(tmp_path, NAME, SIZE)
    for record in (b"one", b"two" * 50, b"three"):
        first.append(record)
    first.close()
    assert again(tmp_path) == [b"one", b"two" * 50, b"three"]


def test_its_space_is_reserved_before_anything_is_kept(tmp_path: Path, own: Spool) -> None:
    status = only(tmp_path).stat()
    assert (status.st_size, status.st_mode & 0o777) == (SIZE, 0o600)
    assert status.st_blocks * 512 >= SIZE


def test_a_file_that_somebody_owns_is_left_to_its_owner(tmp_path: Path, own: Spool) -> None:
    own.append(b"mine")
    assert list(spool_file.left_behind(tmp_path, NAME)) == []
    other = spool_file.take(tmp_path, NAME, SIZE)
    assert other.read()[0] == []
    assert len(list(tmp_path.glob("*.spool"))) == 2
    other.close()


def test_a_file_that_nobody_owns_is_taken_and_no_further_one_is_made(tmp_path: Path) -> None:
    for _ in range(3):
        spool_file.take(tmp_path, NAME, SIZE).close()
    assert only(tmp_path)


def test_a_file_of_another_name_is_not_ours(tmp_path: Path, own: Spool) -> None:
    own.append(b"theirs")
    own_path = only(tmp_path)
    other = spool_file.take(tmp_path, "other", SIZE)
    assert other.read()[0] == []
    assert len(list(tmp_path.glob("*.spool"))) == 2
    assert spool_file.counts(tmp_path, "other") == (0, 0)
    assert own_path.name.startswith(f"{NAME}-")
    other.close()


def test_what_is_left_behind_is_given_to_one_at_a_time(tmp_path: Path) -> None:
    dead = spool_file.take(tmp_path, NAME, SIZE)
    dead.append(b"left")
    dead.close()
    for found in spool_file.left_behind(tmp_path, NAME):
        assert found.read()[0] == [b"left"]
        assert list(spool_file.left_behind(tmp_path, NAME)) == []
        found.free(found.read()[1])
    assert list(spool_file.left_behind(tmp_path, NAME)) == []


def test_freed_space_is_used_again_and_nothing_old_comes_back(tmp_path: Path) -> None:
    first = spool_file.take(tmp_path, NAME, SIZE)
    for number in range(5):
        first.append(b"old %d" % number)
    first.free(first.read()[1])
    assert first.read()[0] == []
    first.append(b"new 0")  # as long as the old ones: the next old one would stand right behind it
    first.close()
    assert again(tmp_path) == [b"new 0"]


def test_what_came_after_the_reading_is_not_freed(own: Spool) -> None:
    own.append(b"read")
    _, mark = own.read()
    own.append(b"came later")
    own.free(mark)
    assert own.read()[0] == [b"read", b"came later"]


def test_a_full_file_says_so_and_keeps_what_it_has(own: Spool) -> None:
    room = (SIZE - HEADER.size) // (100 + FRAME.size)
    for _ in range(room):
        own.append(b"x" * 100)
    with pytest.raises(SpoolFullError):
        own.append(b"x" * 100)
    assert own.read()[0] == [b"x" * 100] * room
    own.append(b"y")  # what is smaller may still fit
    assert own.read()[0][-1] == b"y"


@pytest.mark.parametrize("cut", [1, 4, FRAME.size, FRAME.size + 3])
def test_a_record_whose_writing_was_cut_off_is_not_believed_and_is_written_over(tmp_path: Path, cut: int) -> None:
    torn = spool_file.take(tmp_path, NAME, SIZE)
    torn.append(b"whole")
    before = torn.read()[1]
    torn.append(b"cut off")
    torn.close()
    with only(tmp_path).open("r+b") as file:
        file.seek(before + cut)
        file.write(bytes(FRAME.size + len(b"cut off") - cut))
    after = spool_file.take(tmp_path, NAME, SIZE)
    assert after.read()[0] == [b"whole"]
    after.append(b"next")
    assert after.read()[0] == [b"whole", b"next"]
    after.close()


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_damaged_record_ends_what_is_believed(tmp_path: Path, at: int) -> None:
    damaged = spool_file.take(tmp_path, NAME, SIZE)
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


def test_many_threads_keep_all_of_theirs(tmp_path: Path) -> None:
    shared = spool_file.take(tmp_path, NAME, 1 << 16)

    def keep(thread: int) -> None:
        for number in range(25):
            shared.append(b"%d/%d" % (thread, number))

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    shared.close()
    assert sorted(again(tmp_path)) == sorted(b"%d/%d" % (thread, number) for thread in range(8) for number in range(25))


def test_counts_tell_over_all_files_what_is_kept_and_what_found_no_place(tmp_path: Path, own: Spool) -> None:
    other = spool_file.take(tmp_path, NAME, SIZE)
    own.append(b"a")
    other.append(b"b")
    other.append(b"c")
    other.count_lost()
    assert spool_file.counts(tmp_path, NAME) == (3, 1)
    other.free(other.read()[1])
    other.close()
    assert spool_file.counts(tmp_path, NAME) == (1, 1)
    assert spool_file.counts(tmp_path / "nowhere", NAME) == (0, 0)


def test_a_file_that_was_made_too_small_gets_its_space(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}-0.spool").touch()
    assert list(spool_file.left_behind(tmp_path, NAME)) == []
    assert spool_file.counts(tmp_path, NAME) == (0, 0)
    grown = spool_file.take(tmp_path, NAME, SIZE)
    grown.append(b"fits")
    grown.close()
    larger = spool_file.take(tmp_path, NAME, 2 * SIZE)
    assert larger.read()[0] == [b"fits"]
    larger.close()
    assert only(tmp_path).stat().st_size == 2 * SIZE


def test_where_no_file_can_be_made_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        spool_file.take(tmp_path / "file", NAME, SIZE)


PROCESS = """
import sys, time
from pathlib import Path
from shortener.files import spool_file
own = spool_file.take(Path(sys.argv[1]), "house", 4096)
own.append(b"of the dead")
Path(sys.argv[1], "kept").touch()
time.sleep(60)
"""


def test_the_file_of_a_process_killed_by_force_is_free_for_others(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path)])
    until((tmp_path / "kept").exists)
    assert list(spool_file.left_behind(tmp_path, NAME)) == []
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert again(tmp_path) == [b"of the dead"]


def test_what_the_disk_has_not_confirmed_is_not_told_as_kept(own: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "the disk is gone")

    monkeypatch.setattr(os, "fdatasync", fail)
    with pytest.raises(OSError, match="the disk is gone"):
        own.append(b"on its way")
