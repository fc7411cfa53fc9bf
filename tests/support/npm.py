"""npm packages for tests, installed once into the virtual environment's folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, NoReturn

import filelock
import pytest

from tests.support import ROOT
from tests.support.programs import NODE, NPM

PACKAGES: Final = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3")
FOLDER: Final = Path(sys.prefix) / "npm"
CLIENTS: Final = ROOT / "tests" / "support" / "npm_clients"  # after a change: npm install --package-lock-only
LOCK: Final = "package-lock.json"
WITHIN: Final = 250  # seconds, for a slow network


def installed() -> Path:
    """The folder with `node_modules` for clients in TypeScript."""
    return _once(FOLDER, " ".join(PACKAGES), ["install", "--no-save", *PACKAGES])


def vendors_clients() -> Path:
    """The folder with `node_modules` that has the vendors' own clients, as their lock file says."""
    wanted = (CLIENTS / LOCK).read_text(encoding="utf-8")
    return _once(
        Path(sys.prefix) / "npm-clients", wanted, ["ci", "--ignore-scripts"], (CLIENTS / "package.json", CLIENTS / LOCK)
    )


def _once(folder: Path, wanted: str, arguments: list[str], files: tuple[Path, ...] = ()) -> Path:
    """Run npm in the folder, with copies of these files, unless it has been done for what is wanted."""
    NODE.path()
    npm = NPM.path()
    folder.mkdir(exist_ok=True)
    done = folder / "installed"
    with filelock.FileLock(folder / "lock"):
        if not done.exists() or done.read_text(encoding="utf-8") != wanted:
            for file in files:
                shutil.copy(file, folder)
            _run([npm, *arguments, "--prefix", str(folder), "--no-audit", "--no-fund"], folder)
            done.write_text(wanted, encoding="utf-8")
    return folder


def _run(command: list[str], folder: Path) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=WITHIN, check=False)
    if result.returncode:
        _give_up(f"npm cannot install the packages of tests: {result.stderr[-500:]}")


def _give_up(why: str) -> NoReturn:
    """Fail the test under CI, skip it elsewhere."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
