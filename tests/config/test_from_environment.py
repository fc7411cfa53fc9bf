"""Settings from variables and from files that they name."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.instance import environ_of
from shortener.config.settings import Settings
from tests.support.environment import faults, read

KEY = "a key for tests, long enough to be one"
POSTGRESQL = "postgresql://shop:hunter2@db.internal:5432/links"


def test_an_empty_value_counts_as_not_set(tmp_path: Path) -> None:
    """Compose files pass empty variables: `SHORTENER_PUBLIC_URL=${PUBLIC_URL:-}`."""
    settings = read(
        tmp_path, **dict.fromkeys(map(str.upper, Settings.model_fields.keys() - {"data"}), ""), SECRET_KEY_FILE=""
    )
    assert settings == read(tmp_path)


@pytest.mark.parametrize(
    ("name", "hint"), [("CALLBACK_WAIT", "; did you mean SHORTENER_CALLBACK_WAITS?"), ("COLOUR", "")]
)
def test_an_unknown_name_is_logged_and_ignored(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, hint: str
) -> None:
    settings = read(tmp_path, **{name: "1"})
    assert caplog.messages == [f"SHORTENER_{name} is not a setting of this version and is ignored{hint}"]
    assert settings == read(tmp_path)


def test_an_unknown_name_prints_only_one_line(tmp_path: Path) -> None:
    environ = environ_of(data=tmp_path, workr="off")
    code = "from shortener.config.settings import Settings; Settings.from_env()"
    told = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stderr
    assert told == "SHORTENER_WORKR is not a setting of this version and is ignored; did you mean SHORTENER_WORKER?\n"


def test_other_programs_variables_are_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings.from_env({"SHORTENER_DATA": str(tmp_path), "WORKER": "off", "shortener_worker": "off"})
    assert settings.worker == "on"
    assert caplog.messages == []


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "url").write_text(f"{POSTGRESQL}\n")
    settings = read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"), DATABASE_URL_FILE=str(tmp_path / "url"))
    assert settings.secret_key == KEY
    assert settings.database_url == POSTGRESQL


def test_a_setting_cannot_be_given_twice(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    both = {"SECRET_KEY": KEY, "SECRET_KEY_FILE": str(tmp_path / "key")}
    expected = ["SHORTENER_SECRET_KEY: given both directly and as a file; give one"]
    assert faults(tmp_path, **both) == faults(tmp_path, **dict(reversed(both.items()))) == expected


def test_an_unreadable_file_is_reported_once(tmp_path: Path) -> None:
    found = faults(tmp_path, SECRET_KEY_FILE=str(tmp_path / "none"), DATABASE_URL=POSTGRESQL, WORKER="maybe")
    assert found == [
        f"SHORTENER_SECRET_KEY_FILE: cannot read the file {tmp_path / 'none'}: No such file or directory",
        "SHORTENER_WORKER: must be on or off",
    ]


def test_a_file_must_hold_text(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe" * 20)
    assert faults(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key")) == [
        f"SHORTENER_SECRET_KEY_FILE: cannot read the file {tmp_path / 'key'}: it is not text in UTF-8"
    ]


def test_an_empty_secret_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    assert faults(tmp_path, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert list(tmp_path.iterdir()) == [tmp_path / "key"]
