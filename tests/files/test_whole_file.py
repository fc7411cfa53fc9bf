"""Files that appear when they are whole."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shortener.files import whole_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


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


def test_an_error_leaves_the_old_file(tmp_path: Path) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise KeyError("stop")

    (tmp_path / "b.csv").write_bytes(b"old")
    with pytest.raises(KeyError):
        whole_file.write(tmp_path / "b.csv", breaking())
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
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda descriptor: (done.append("fsync"), sync(descriptor)))
    monkeypatch.setattr(Path, "replace", lambda self, to: (done.append("rename"), replace(self, to))[1])
    whole_file.write(tmp_path / "b.csv", [b"x"])
    assert done == ["fsync", "rename", "fsync"]
