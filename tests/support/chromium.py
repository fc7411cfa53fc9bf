"""The browser for the tests: which one is used, and how to install one."""

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
WANTED = """\
Tests look at pages with Chromium or Chrome, and there is none. Install it by one of these, then try again:
  sudo apt-get install chromium          on Debian
  .venv/bin/playwright install chromium  elsewhere; on Ubuntu first: sudo .venv/bin/playwright install-deps chromium"""


def found() -> str | None:
    """The path of a working browser, the system's or that of `playwright install`; None if there is none."""
    paths = [path for name in NAMES if (path := shutil.which(name))]
    return next((path for path in paths if _runs(path)), None) or _playwrights()


def _runs(path: str) -> bool:
    """Ubuntu's `chromium-browser` only prints where to get the browser."""
    asked = subprocess.run([path, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return asked.returncode == 0 and "Chrom" in asked.stdout


def _playwrights() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install() -> None:
    """Install the browser with the library, for Ubuntu, whose package is empty."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], check=False)
