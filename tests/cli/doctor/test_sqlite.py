"""A SQLite file: judged by what it says about itself, and read within a time."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shortener.cli.doctor import sqlite
from shortener.cli.doctor.finding import MEBIBYTE, State
from shortener.cli.doctor.sqlite import Facts
from shortener.storage import read_only

FILE = Path("/data/shortener.sqlite3")


def worst(found: Facts) -> tuple[State, str]:
    """The finding that is not ok, or the only one."""
    findings = list(sqlite.judge(FILE, found))
    bad = [finding for finding in findings if finding.state is not State.OK] or findings
    return bad[0].state, bad[0].sentence


@pytest.mark.parametrize(
    ("found", "state", "said"),
    [
        (Facts(), State.OK, "read and written, and its pages are whole"),
        (Facts(is_free=None), State.OK, "can be read, and its pages"),
        (Facts(damage=None), State.OK, "could not all be checked within 5 s"),
        (Facts(damage="row 3 missing"), State.FAULT, "is damaged: row 3 missing"),
        (Facts(is_free=False), State.FAULT, "lock for writing was not free"),
        (Facts(journal="delete"), State.WARNING, "journal mode is delete"),
        (Facts(encoding="UTF-16le"), State.WARNING, "not UTF-8"),
        (Facts(log_bytes=65 * MEBIBYTE), State.WARNING, "SQLite's log has 65 MiB"),
    ],
)
def test_a_file_is_judged_by_its_facts(found: Facts, state: State, said: str) -> None:
    judged, sentence = worst(found)
    assert (judged, said in sentence) == (state, True), sentence


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("nfs4", [State.FAULT]),
        ("fuse.sshfs", [State.FAULT]),
        ("tmpfs", [State.WARNING]),
        ("overlay", [State.WARNING]),
        ("ext4", []),
        (None, []),
    ],
)
def test_a_file_system_must_suit(kind: str | None, states: list[State]) -> None:
    assert [finding.state for finding in sqlite.judge_file_system("database", Path("/data"), kind)] == states


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE number (value TEXT)")
        connection.executemany("INSERT INTO number VALUES (?)", [(f"{n:0100}",) for n in range(20_000)])
    return path


def test_a_sound_file_tells_its_facts(file: Path) -> None:
    assert sqlite.facts(file) == Facts(log_bytes=sqlite.facts(file).log_bytes)


def test_a_damaged_page_is_found(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096 * 20 : 4096 * 22] = b"\xff" * 8192
    file.write_bytes(content)
    assert sqlite.facts(file).damage


def test_reading_ends_when_time_is_up(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "STEPS", 100)
    with closing(read_only.sqlite_connection(file)) as connection:
        assert sqlite.damage_within(connection, -1) is None
        assert sqlite.damage_within(connection, 60) == ""


def test_a_held_lock_is_a_fact(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_only, "PATIENCE", 0.05)
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert sqlite.facts(file).is_free is False
        assert sqlite.facts(file, lockable=False).is_free is None
