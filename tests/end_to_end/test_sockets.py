"""The product on a Unix socket: its peer is a trusted proxy."""

import http.client
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from bench.instance import ROOT, environ_of
from shortener.config.settings import Settings
from shortener.storage import db
from shortener.storage.models import Click
from tests.support.factories import BROWSER, Sender, make_message, slug_of
from tests.support.waiting import WITHIN, until

SETTINGS = {
    "secret_key": "k" * 40,
    "public_url": "https://s.example.com",
    "store_address": "truncated",
    "worker": "off",
}


class Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(WITHIN)
        self.sock.connect(self.host)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, data=tmp_path, **SETTINGS)  # type: ignore[arg-type]


@contextmanager
def serving(environ: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "shortener.serve"], cwd=ROOT, env=environ, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(WITHIN + 15) == 0, log.read_text()


def status(path: Path, target: str, **headers: str) -> int | None:
    with closing(Connection(str(path))) as connection:
        try:
            connection.request("GET", target, headers={"Host": "s", "User-Agent": BROWSER, **headers})
            return connection.getresponse().status
        except OSError:
            return None


@pytest.mark.parametrize("given", ["gunicorn", "granian", "gunicorn's own arguments"])
def test_the_peer_of_a_socket_is_believed(
    app: Flask, sender: Sender, database_url: str, tmp_path: Path, given: str
) -> None:
    path = tmp_path / "s.sock"
    values = {**SETTINGS, "database_url": database_url, "data": str(tmp_path), "processes": "1"}
    if given in {"gunicorn", "granian"}:
        environ = environ_of(**values, server=given, bind=f"unix:{path}")
    else:
        environ = environ_of(**values) | {"GUNICORN_CMD_ARGS": f"--bind unix:{path}"}
    with closing(socket.socket(socket.AF_UNIX)) as left_behind:
        left_behind.bind(str(path))  # left by a start that was killed
    with serving(environ, tmp_path / "server.log"):
        until(lambda: status(path, "/healthz") == 200)
        slug = slug_of(make_message(sender).link)
        forwarded = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}
        assert status(path, f"/{slug}", **forwarded) == 302
        assert status(path, f"/{slug}") == 302
    with db.read() as session:
        assert sorted(map(str, session.scalars(select(Click.network)))) == ["203.0.113.0/24", "None"]
