"""Programs that tests need and no Python package provides: found, installed if possible, or requested.

`python -m tests.support.programs` does so; `make test` and `make check` call it. A new one is a line in `PROGRAMS`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest

from tests.support import chromium

PATH: Final = (
    f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"  # where Debian installs servers, outside users' PATH
)


@dataclass(frozen=True)
class Program:
    """A program by its Debian package: how it is found, what it is for, and how to get it."""

    package: str
    found: Callable[[], str | None]
    wanted: str
    otherwise: Callable[[], None] = lambda: None  # how to install it if Debian's package is not enough

    def path(self) -> str:
        """The program's path. Without it the test fails under CI, and is skipped elsewhere."""
        path = self.found()
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(self.wanted)
        return path


def _on_path(name: str) -> Callable[[], str | None]:
    return lambda: shutil.which(name, path=PATH)


CHROMIUM: Final = Program("chromium", chromium.found, chromium.WANTED, chromium.install)
PGBOUNCER: Final = Program(
    "pgbouncer",
    _on_path("pgbouncer"),
    "A test runs the product behind pgbouncer, and there is none. Install it, then try again:\n"
    "  sudo apt-get install pgbouncer",
)
NGINX: Final = Program(
    "nginx-light",
    _on_path("nginx"),
    "A test runs nginx as docs/operate/tls.md configures it, and nginx is missing. Install it, then try again:\n"
    "  sudo apt-get install nginx-light",
)
KANNEL: Final = Program(
    "kannel",
    _on_path("bearerbox"),
    "A test hands messages to Kannel, and there is none. Install it, then try again:\n"
    "  sudo apt-get install kannel kannel-extras",
)
FAKE_SMSC: Final = Program(
    "kannel-extras",
    lambda: shutil.which("fakesmsc", path="/usr/lib/kannel/test"),
    "A test receives what Kannel sends with its fake SMSC, and there is none. Install it, then try again:\n"
    "  sudo apt-get install kannel kannel-extras",
)
POSTFIX: Final = Program(
    "postfix",
    _on_path("postfix"),
    "A test hands mail to Postfix, and there is none. Install it, then try again:\n  sudo apt-get install postfix",
)
NODE: Final = Program(
    "nodejs",
    _on_path("node"),
    "A test runs clients in JavaScript, and Node.js is missing. Install it, then try again:\n"
    "  sudo apt-get install nodejs",
)
NPM: Final = Program(
    "npm",
    _on_path("npm"),
    "A test installs clients in JavaScript, and npm is missing. Install it, then try again:\n"
    "  sudo apt-get install npm",
)
PROGRAMS: Final = (CHROMIUM, PGBOUNCER, NGINX, KANNEL, FAKE_SMSC, POSTFIX, NODE, NPM)


def _install(programs: list[Program]) -> None:
    print(f"Installing what tests need: {', '.join(program.package for program in programs)} ...", flush=True)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=False)
    for program in programs:
        command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", program.package]
        subprocess.run(command, check=False, env=environ)
        if program.found() is None:
            program.otherwise()


def main() -> int:
    """Print how to get what is missing and cannot be installed; exit with an error under CI."""
    missing = [program for program in PROGRAMS if program.found() is None]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(missing)
        missing = [program for program in missing if program.found() is None]
    for program in missing:
        print(program.wanted)
    return 1 if missing and os.environ.get("CI") else 0


if __name__ == "__main__":
    sys.exit(main())
