"""Mounts: the kind of file system at a path, as Linux lists it."""

from pathlib import Path

import pytest

from shortener.files import mounts

LISTED = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /srv rw shared:2 master:1 - nfs4 host:/srv rw
24 22 0:6 / /srv/own\040data rw - xfs /dev/sdb rw
25 22 0:7 / /data rw - tmpfs tmpfs rw
26 22 0:8 / /data rw - btrfs /dev/sdc rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/x/y", "nfs4"),
        ("/srvother", "ext4"),
        ("/srv/own data/x", "xfs"),
        ("/data/x", "btrfs"),
    ],
)
def test_the_deepest_and_last_mount_counts(path: str, kind: str) -> None:
    assert mounts.kind_in(LISTED, Path(path)) == kind


def test_nothing_is_known_without_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "LIST", tmp_path / "none")
    assert mounts.kind_of(tmp_path) is None
    assert mounts.kind_in("", tmp_path) is None
