"""The server that the settings name, started as `make run` starts it."""

import os
import subprocess
import sys

from bench.instance import ROOT
from tests.waiting import WITHIN


def test_a_wrong_setting_stops_the_start_with_its_name() -> None:
    environ = {**os.environ, "SHORTENER_SERVER": "apache"}
    command = [sys.executable, "-m", "shortener.serve"]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=WITHIN, check=False)
    assert done.returncode == 1
    assert "SHORTENER_SERVER" in done.stderr
    assert "Traceback" not in done.stderr
