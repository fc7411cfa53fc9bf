"""Checks before a web server starts."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shortener.config.settings import Settings
from shortener.running import startup_checks
from tests.support import ROOT


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [("", 1), ("--workers 2", 1), ("--bind unix:/run/s.sock", 0), ("--bind=127.0.0.1:81", 0), ("-b :80 -w 2", 0)],
)
def test_only_the_address_in_use_is_checked(monkeypatch: pytest.MonkeyPatch, arguments: str, faults: int) -> None:
    monkeypatch.setenv("GUNICORN_CMD_ARGS", arguments)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        bind = f"127.0.0.1:{busy.getsockname()[1]}"
        assert len(list(startup_checks.address(Settings(bind=bind)))) == faults
        # Granian does not read these arguments.
        assert len(list(startup_checks.address(Settings(bind=bind, server="granian")))) == 1


def test_our_own_listening_address_is_no_fault() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        settings = Settings(bind=f"127.0.0.1:{held.getsockname()[1]}")
        assert list(startup_checks.address(settings)) != []
        assert list(startup_checks._new_address(settings)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"export_url": "s3://bucket", "export_options": "reigon=hunter2"}, "OPTIONS: 'reigon' is not an option"),
        ({"export_url": "az://container"}, "URL: .*Account must be specified"),
        ({"export_url": "file:///dev/null/out"}, "URL: .*Not a directory"),
        ({"export_url": "s3://bucket", "export_options": "region=us-east-1"}, None),
        ({}, None),
    ],
)
def test_a_storage_is_checked_without_connecting(given: dict[str, str], said: str | None) -> None:
    faults = list(startup_checks.exports(Settings(**given)))  # type: ignore[arg-type]
    assert len(faults) == (said is not None)
    assert said is None or re.match(f"SHORTENER_EXPORT_{said}", faults[0])
    assert not any("hunter2" in fault for fault in faults)


def test_a_folder_for_exports_is_made(tmp_path: Path) -> None:
    assert list(startup_checks.exports(Settings(export_url=f"file://{tmp_path}/out"))) == []
    assert (tmp_path / "out").is_dir()


def test_without_exports_their_package_is_not_loaded() -> None:
    program = "import sys, shortener; sys.exit('obstore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
