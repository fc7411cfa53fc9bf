"""Disks, rights and the spool: judged by numbers, and looked at without being changed."""

from pathlib import Path

import pytest

from shortener.cli.doctor import places
from shortener.cli.doctor.finding import MEBIBYTE, State
from shortener.cli.doctor.places import Disk, Spool
from shortener.files import spool_folder

GIBIBYTE = 1024 * MEBIBYTE
FOLDER = Path("/data")


@pytest.mark.parametrize(
    ("disk", "state"),
    [
        (Disk(total=20 * GIBIBYTE, free=2 * GIBIBYTE), State.OK),
        (Disk(total=20 * GIBIBYTE, free=GIBIBYTE - 1), State.WARNING),
        (Disk(total=100 * GIBIBYTE, free=4 * GIBIBYTE), State.WARNING),
        (Disk(total=4000 * GIBIBYTE, free=11 * GIBIBYTE), State.OK),
        (Disk(total=20 * GIBIBYTE, free=100 * MEBIBYTE), State.FAULT),
        (Disk(total=20 * GIBIBYTE, free=9 * GIBIBYTE, files=3), State.WARNING),
    ],
)
def test_a_disk_is_judged_by_its_space(disk: Disk, state: State) -> None:
    assert places.judge_disk(FOLDER, disk).state is state


@pytest.mark.parametrize(
    ("found", "states"),
    [
        (Spool(reserved=8 * MEBIBYTE), ["ok"]),
        (Spool(exists=False, missing=8 * MEBIBYTE), ["ok"]),
        (Spool(why="/data/spool: Permission denied"), ["fault"]),
        (Spool(missing=8 * MEBIBYTE, free=MEBIBYTE), ["fault"]),
        (Spool(clicks=3), ["ok", "warning"]),
        (Spool(lost=3), ["ok", "warning"]),
        (Spool(refused=300), ["ok", "warning"]),
    ],
)
def test_a_spool_is_judged_by_its_content(found: Spool, states: list[State]) -> None:
    assert [finding.state for finding in places.judge_spool(FOLDER, found)] == states


def test_waiting_clicks_need_a_running_product() -> None:
    advice = [list(places.judge_spool(FOLDER, Spool(clicks=3, is_in_use=on)))[1].advice for on in (True, False)]
    assert ["Start the product" in (each or "") for each in advice] == [False, True]


def test_a_spool_tells_its_content(tmp_path: Path) -> None:
    own = spool_folder.acquire(tmp_path, "house", 65536)
    own.append(b"a click")
    own.count_lost(2)
    found = places.spool_of(tmp_path, 2 * 65536)
    assert (found.clicks, found.lost, found.reserved, found.missing, found.is_in_use) == (1, 2, 65536, 65536, True)
    own.close()
    assert not places.spool_of(tmp_path, 65536).is_in_use


def test_a_missing_spool_is_not_made(tmp_path: Path) -> None:
    found = places.spool_of(tmp_path / "a" / "spool", 65536)
    assert (found.exists, found.why, found.missing) == (False, None, 65536)
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_the_spool_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert places.spool_of(tmp_path / "file" / "spool", 65536).why == f"{tmp_path / 'file'} is no folder"


def test_another_user_is_a_warning() -> None:
    assert list(places.judge_user(FOLDER, 1, 1)) == []
    [finding] = places.judge_user(FOLDER, 1, 0)
    assert finding.state is State.WARNING
