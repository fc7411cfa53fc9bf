"""The server that the settings name, started as `make run` starts it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.instance import ROOT
from tests.waiting import WITHIN

Refused = subprocess.CompletedProcess[str]


def refused(*, module: str = "shortener.serve", **settings: object) -> Refused:
    """What a start says that ends by itself."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SHORTENER_")}
    environ |= {f"SHORTENER_{name.upper()}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=WITHIN, check=False)
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.mark.parametrize("module", ["shortener.serve", "gunicorn"])
def test_a_wrong_setting_stops_the_start_with_its_name(module: str) -> None:
    done = refused(module=module, server="apache")
    assert done.returncode == 4
    assert "SHORTENER_SERVER" in done.stderr


@pytest.mark.parametrize("server", ["gunicorn", "granian"])
@pytest.mark.parametrize("below", ["", "below"])
def test_an_unusable_spool_stops_the_start_in_one_line(tmp_path: Path, server: str, below: str) -> None:
    occupied = tmp_path / "occupied"
    occupied.touch()
    done = refused(server=server, data=tmp_path, spool=occupied / below)
    assert done.returncode == 4
    [_, fault] = done.stderr.splitlines()
    assert fault.startswith("  - SHORTENER_SPOOL: clicks cannot be kept there")
    assert fault.endswith(f"{occupied}: Not a directory")
