"""A disk that is really full: a file system of a few megabytes, in its own mount namespace."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest
import requests

from bench.instance import ROOT, environ_of, free_port
from tests.support.factories import BROWSER, TEXT
from tests.support.waiting import WITHIN, until

LINKS = 60
PROCESSES = 2
SPOOL = 131_072  # bytes
PUBLIC = "https://s.example.com"
START = """
set -e
mount -t tmpfs -o size=16m,mode=0700 tmpfs "$SHORTENER_DATA"
"$PYTHON" -m shortener db upgrade
"$PYTHON" -m shortener account create shop --json > "$SHORTENER_DATA/account.json"
exec "$PYTHON" -m gunicorn
"""
# Root needs only a mount namespace; others also need a user namespace in which they are root.
WAYS = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])


@dataclass(frozen=True)
class Small:
    """An instance whose data folder is a separate file system, seen from outside through its process."""

    url: str
    data: Path

    def has_tables(self) -> bool:
        return (self.data / "shortener.sqlite3").exists()

    def has_account(self) -> bool:
        path = self.data / "account.json"
        return path.exists() and path.stat().st_size > 0

    def has_spools(self) -> bool:
        """Whether each web process has reserved its space."""
        return [file.stat().st_size for file in (self.data / "spool").glob("*.spool")] == [SPOOL] * PROCESSES

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=WITHIN).status_code == 200
        except requests.ConnectionError:
            return False

    def auth(self) -> tuple[str, str]:
        made = json.loads((self.data / "account.json").read_text())
        return made["sid"], made["token"]

    def fill(self) -> None:
        """Fill the file system to the last byte."""
        with (self.data / "filler").open("wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
                    filled(file, size)


def filled(file: BinaryIO, size: int) -> None:
    """Write chunks of `size` bytes while there is space."""
    while True:
        file.write(b"x" * size)


def way() -> list[str] | None:
    """The command that can mount a file system on this machine."""
    for command in WAYS:
        if (
            shutil.which("unshare")
            and not subprocess.run(
                [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
            ).returncode
        ):
            return command
    return None


@contextmanager
def small(folder: Path) -> Iterator[Small]:
    namespace = way()
    if namespace is None:
        pytest.skip("no file system can be mounted here; tests/clicks/test_recorder.py uses max_page_count instead")
    address, data = f"127.0.0.1:{free_port()}", folder / "data"
    data.mkdir()
    environ = environ_of(data=data, bind=address, processes=PROCESSES, spool_bytes=SPOOL, public_url=PUBLIC)
    environ["PYTHON"] = sys.executable
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*namespace, "sh", "-c", START], cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            instance = Small(f"http://{address}", Path(f"/proc/{server.pid}/root{data}"))
            for ready in (instance.has_tables, instance.has_account, instance.answers, instance.has_spools):
                until(lambda ready=ready: server.poll() is not None or ready())
                assert server.poll() is None, (folder / "log").read_text()
            yield instance
        finally:
            server.terminate()
            server.wait(WITHIN)


def test_a_full_disk_loses_no_click(tmp_path: Path) -> None:
    with small(tmp_path) as instance, requests.Session() as session:
        session.auth = instance.auth()
        fields = {"message": TEXT, "lt_callbackurl": "http://receiver.example.com/"}
        made = [session.post(f"{instance.url}/v1/messages", json=fields, timeout=WITHIN).json() for _ in range(LINKS)]
        instance.fill()

        def click(message: dict[str, dict[str, str]]) -> int:
            url = message["link_tracking"]["shortlink"].replace(PUBLIC, instance.url)
            headers = {"User-Agent": BROWSER}
            return requests.get(url, headers=headers, allow_redirects=False, timeout=WITHIN).status_code

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(click, made)) == [302] * LINKS
        health = session.get(f"{instance.url}/healthz", timeout=WITHIN).json()
        assert (health["clicks_lost"], health["clicks_spooled"] > LINKS / 2) == (0, True)
        (instance.data / "filler").unlink()
        until(lambda: session.get(f"{instance.url}/healthz", timeout=WITHIN).json()["clicks_spooled"] == 0)
        for message in made:
            report = session.get(f"{instance.url}/v1/messages/{message['msgid']}", timeout=WITHIN).json()
            assert (report["link_tracking"]["accessed"], report["clicks"]["total"]) == (True, 1)
            assert report["callback"] is not None
