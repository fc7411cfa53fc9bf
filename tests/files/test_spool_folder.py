"""Who owns which of the spool files in a folder."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from shortener.files import spool_folder
from shortener.files.spool_file import SpoolFile
from tests.support.spools import NAME, SIZE, again, only
from tests.support.waiting import until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[SpoolFile]:
    with_space = spool_folder.acquire(tmp_path, NAME, SIZE)
    yield with_space
    with_space.close()


def test_an_owned_file_is_left_to_its_owner(tmp_path: Path, own: SpoolFile) -> None:
    own.append(b"mine")
    assert list(spool_folder.unowned(tmp_path, NAME)) == []
    other = spool_folder.acquire(tmp_path, NAME, SIZE)
    assert other.read()[0] == []
    assert len(list(tmp_path.glob("*.spool"))) == 2
    other.close()


def test_an_unowned_file_is_acquired_before_creating_one(tmp_path: Path) -> None:
    for _ in range(3):
        spool_folder.acquire(tmp_path, NAME, SIZE).close()
    assert only(tmp_path)


def test_files_of_another_installation_are_ignored(tmp_path: Path, own: SpoolFile) -> None:
    own.append(b"theirs")
    own_path = only(tmp_path)
    other = spool_folder.acquire(tmp_path, "other", SIZE)
    assert other.read()[0] == []
    assert len(list(tmp_path.glob("*.spool"))) == 2
    assert spool_folder.counts(tmp_path, "other") == (0, 0)
    assert own_path.name.startswith(f"{NAME}-")
    other.close()


def test_an_unowned_file_goes_to_one_process(tmp_path: Path) -> None:
    dead = spool_folder.acquire(tmp_path, NAME, SIZE)
    dead.append(b"left")
    dead.close()
    for found in spool_folder.unowned(tmp_path, NAME):
        assert found.read()[0] == [b"left"]
        assert list(spool_folder.unowned(tmp_path, NAME)) == []
        found.free(found.read()[1])
    assert list(spool_folder.unowned(tmp_path, NAME)) == []


def test_counts_add_up_all_files_of_an_installation(tmp_path: Path, own: SpoolFile) -> None:
    other = spool_folder.acquire(tmp_path, NAME, SIZE)
    own.append(b"a")
    other.append(b"b")
    other.append(b"c")
    other.count_lost()
    assert spool_folder.counts(tmp_path, NAME) == (3, 1)
    other.free(other.read()[1])
    other.close()
    assert spool_folder.counts(tmp_path, NAME) == (1, 1)
    assert spool_folder.counts(tmp_path / "nowhere", NAME) == (0, 0)


def test_a_file_that_is_too_small_grows(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}-0.spool").touch()
    assert list(spool_folder.unowned(tmp_path, NAME)) == []
    assert spool_folder.counts(tmp_path, NAME) == (0, 0)
    grown = spool_folder.acquire(tmp_path, NAME, SIZE)
    grown.append(b"fits")
    grown.close()
    larger = spool_folder.acquire(tmp_path, NAME, 2 * SIZE)
    assert larger.read()[0] == [b"fits"]
    larger.close()
    assert only(tmp_path).stat().st_size == 2 * SIZE


def test_a_folder_that_cannot_exist_raises_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        spool_folder.acquire(tmp_path / "file", NAME, SIZE)


PROCESS = """
import sys, time
from pathlib import Path
from shortener.files import spool_folder
own = spool_folder.acquire(Path(sys.argv[1]), "installation", 4096)
own.append(b"of the dead")
Path(sys.argv[1], "ready").touch()
time.sleep(60)
"""


def test_a_killed_process_gives_up_its_file(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROCESS, str(tmp_path)])
    until((tmp_path / "ready").exists)
    assert list(spool_folder.unowned(tmp_path, NAME)) == []
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert again(tmp_path) == [b"of the dead"]
