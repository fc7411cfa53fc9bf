"""Folders that must be usable, and the errors if they are not."""

import errno
import os
from pathlib import Path

import pytest

from shortener.files import usable_folders


def test_a_missing_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    assert usable_folders.why_unusable(tmp_path / "a" / "b") is None
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("below", ["", "below"])
def test_a_file_in_its_place_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    assert usable_folders.why_unusable(tmp_path / "file" / below) == f"{tmp_path / 'file'}: Not a directory"


def test_a_full_disk_does_not_make_it_unusable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    assert usable_folders.why_unusable(tmp_path) is None


def test_missing_rights_name_owner_and_ourselves(tmp_path: Path) -> None:
    said = usable_folders.reason(PermissionError(errno.EACCES, "Permission denied"), tmp_path / "not" / "there")
    mine = f"user {os.geteuid()}"
    assert said.startswith(f"{tmp_path}: Permission denied; it belongs to ")
    assert said.count(mine) == 2


def test_a_read_only_file_system_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class ReadOnly:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(os, "statvfs", lambda _: ReadOnly())
    assert usable_folders.why_not_writable(tmp_path) == f"{tmp_path}: Read-only file system"


def test_a_writable_folder_has_no_fault(tmp_path: Path) -> None:
    assert usable_folders.why_not_writable(tmp_path) is None
