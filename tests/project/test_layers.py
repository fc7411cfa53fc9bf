"""Imports point down, and the other contracts of the house hold."""

import subprocess
import sys
from pathlib import Path

from tests.support import ROOT


def test_every_import_contract_is_kept() -> None:
    """The contracts stand in pyproject.toml, each with its reason."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 broken" in result.stdout
