"""The browser that tests look at pages with: found, installed where that may be done, or asked for.

`python -m tests.chromium` does so; `make test` and `make check` call it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INSTALLED = "Installing Chromium, which tests look at pages with ..."
WANTED = """\
Tests look at pages with Chromium or Chrome, and there is none. Install it by one of these, then try again:
  sudo apt-get install chromium          on Debian
  .venv/bin/playwright install chromium  elsewhere; on Ubuntu first: sudo .venv/bin/playwright install-deps chromium"""


def found() -> str | None:
    """The path of a browser that runs, the system's or that of `playwright install`; None where there is none."""
    paths = [path for name in NAMES if (path := shutil.which(name))]
    return next((path for path in paths if _runs(path)), None) or _playwrights()


def _runs(path: str) -> bool:
    """Ubuntu's `chromium-browser` is a note that the browser is to be had elsewhere."""
    asked = subprocess.run([path, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return asked.returncode == 0 and "Chrom" in asked.stdout


def _playwrights() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def _install() -> None:
    """By the system's packages on Debian; on Ubuntu, whose package is empty, as the library does it."""
    subprocess.run(["apt-get", "update", "-q"], check=False)
    subprocess.run(["apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium"], check=False)
    if found() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=False)


def main() -> int:
    """Say how to get a browser where none is there and none can be installed; that fails under CI."""
    if found() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print(INSTALLED, flush=True)
        _install()
    if found():
        return 0
    print(WANTED)
    return 1 if os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
