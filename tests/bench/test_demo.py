"""The demo of the whole product works."""

import subprocess
import sys

from bench.instance import environ_of
from tests.support import ROOT


def test_the_demo_shows_what_it_promises() -> None:
    command = [sys.executable, "bench/demo.py"]
    result = subprocess.run(
        command, cwd=ROOT, env=environ_of(), capture_output=True, text=True, timeout=100, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert "message.receipt: delivered" in result.stdout
    assert '"type": "link.clicked"' in result.stdout
    assert result.stdout.endswith("It works. Everything that was started has stopped.\n")
