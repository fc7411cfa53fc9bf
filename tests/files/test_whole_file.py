"""Files that appear when they are whole."""

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shortener.files import whole_file
from shortener.files.whole_file import TakenError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusing(code: int) -> Callable[[Path, Path], None]:
    """A system call that fails."""

    def refuse(part: Path, path: Path) -> None:
        raise OSError(code, os.strerror(code))

    return refuse


def test_a_file_and_its_folder_are_made(tmp_path: Path) -> None:
    whole_file.write(tmp_path / "a" / "b.csv", [b"one", b"", b"two"])
    assert (tmp_path / "a" / "b.csv").read_bytes() == b"onetwo"
    assert names(tmp_path / "a") == ["b.csv"]


def test_the_name_is_free_until_the_end(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def blocks() -> Iterator[bytes]:
        for _ in range(3):
            seen.append(names(tmp_path))
            yield b"x"

    whole_file.write(tmp_path / "b.csv", blocks())
    assert all(len(found) == 1 and found[0].startswith(".b.csv.") for found in seen)


def test_an_error_leaves_the_earlier_file(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise KeyError("stop")

    (tmp_path / "b.csv").write_bytes(b"old")
    with pytest.raises(KeyError):
        whole_file.write(tmp_path / "b.csv", breaking(), earlier=3)
    assert names(tmp_path) == ["b.csv"]
    assert (tmp_path / "b.csv").read_bytes() == b"old"


def test_only_its_own_leftovers_are_removed(tmp_path: Path) -> None:
    kept = [".b.csv.0123456789abcdef.csv.0123456789abcdef.part", ".b.csv.part", ".c.csv.0123456789abcdef.part"]
    for name in (".b.csv.0123456789abcdef.part", *kept):
        (tmp_path / name).touch()
    whole_file.write(tmp_path / "b.csv", [])
    assert names(tmp_path) == sorted([*kept, "b.csv"])


def test_a_removed_file_is_not_renamed(tmp_path: Path) -> None:
    """Another process has begun again meanwhile."""

    def blocks() -> Iterator[bytes]:
        whole_file.write(tmp_path / "b.csv", [b"new"])
        yield b"late"

    with pytest.raises(FileNotFoundError):
        whole_file.write(tmp_path / "b.csv", blocks())
    assert (tmp_path / "b.csv").read_bytes() == b"new"


def test_what_is_written_is_synced_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    sync, link = os.fsync, os.link
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("fsync"), sync(descriptor)))
    monkeypatch.setattr(os, "link", lambda part, path: (done.append("name"), link(part, path))[1])
    whole_file.write(tmp_path / "b.csv", [b"x"])
    assert done == ["fsync", "name", "fsync"]


@pytest.mark.parametrize("earlier", [0, 4])
def test_another_file_is_never_replaced(tmp_path: Path, earlier: int) -> None:
    (tmp_path / "b.csv").write_bytes(b"old")
    with pytest.raises(TakenError, match=r"/b\.csv: a file of that name is already there$"):
        whole_file.write(tmp_path / "b.csv", [b"new"], earlier=earlier)
    assert names(tmp_path) == ["b.csv"]
    assert (tmp_path / "b.csv").read_bytes() == b"old"


def test_a_folder_of_that_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(TakenError, match=r"/b\.csv: a folder of that name is already there$"):
        whole_file.write(tmp_path / "b.csv", [b"new"], earlier=(tmp_path / "b.csv").lstat().st_size)


def test_the_file_of_an_earlier_try_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_bytes(b"old")
    whole_file.write(tmp_path / "b.csv", [b"newer"], earlier=3)
    assert names(tmp_path) == ["b.csv"]
    assert (tmp_path / "b.csv").read_bytes() == b"newer"


@pytest.mark.parametrize("code", [0, errno.EPERM])
def test_a_file_that_comes_meanwhile_stays(tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a file can have no second name."""

    def blocks() -> Iterator[bytes]:
        yield b"new"
        (tmp_path / "b.csv").write_bytes(b"other")

    if code:
        monkeypatch.setattr(os, "link", refusing(code))
    with pytest.raises(TakenError):
        whole_file.write(tmp_path / "b.csv", blocks())
    assert names(tmp_path) == ["b.csv"]
    assert (tmp_path / "b.csv").read_bytes() == b"other"


def test_a_file_appears_without_links_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    whole_file.write(tmp_path / "b.csv", [b"new"])
    assert names(tmp_path) == ["b.csv"]
    assert (tmp_path / "b.csv").read_bytes() == b"new"
