"""npm packages for tests, installed once into the virtual environment's folder."""

import shutil
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3")
FOLDER = Path(sys.prefix) / "npm"


def installed() -> Path:
    """The folder with `node_modules`; skips the test if npm is missing or cannot install."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("there is no Node.js with npm: install both to test clients in TypeScript")
    FOLDER.mkdir(exist_ok=True)
    done = FOLDER / "installed"
    with filelock.FileLock(FOLDER / "lock"):
        if not done.exists() or done.read_text() != " ".join(PACKAGES):
            command = [npm, "install", "--prefix", str(FOLDER), "--no-audit", "--no-fund", "--no-save", *PACKAGES]
            result = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
            if result.returncode:
                pytest.skip(f"npm cannot install {', '.join(PACKAGES)}: {result.stderr[-300:]}")
            done.write_text(" ".join(PACKAGES))
    return FOLDER
