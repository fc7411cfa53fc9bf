"""Fixtures of vendors' tests: the product as a server with the simulator, and a receiver of callbacks."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from shortener.config.settings import Settings
from shortener.running import lifecycle
from shortener.sending import asker, vendor_api
from tests.support import hooks
from tests.support.hooks import Hook
from tests.support.tls_front import TlsFront, tls_front
from tests.support.waiting import WITHIN
from tests.vendors.chain import Chaining

INSTALLING = ("test_client.py", "test_node_client.py", "test_chain.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test with a client may have to install it."""
    for item in items:
        if "vendors" in item.path.parts and item.path.name in INSTALLING:
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """For a test with a server: shortlinks that can be opened, and the simulator."""
    if "server" not in request.fixturenames:
        return settings
    port = request.getfixturevalue("listener").getsockname()[1]
    given = {"public_url": f"http://127.0.0.1:{port}", "gateway": "simulator", "simulator_delay": 0.05}
    return settings.model_copy(update=given)


@pytest.fixture
def server(app: Flask, settings: Settings, listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The application as a server whose background work runs; its URL."""
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    server = make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    lifecycle.begin(app)
    thread.start()
    try:
        yield settings.base_url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        lifecycle.end(app, grace=WITHIN)


@pytest.fixture
def tls_server(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TlsFront]:
    """The server behind TLS, which the clients in this process trust."""
    with tls_front(server, tmp_path) as front:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(front.authority))
        yield front


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A receiver of callbacks on loopback."""
    with hooks.receiving() as hook:
        yield hook


@pytest.fixture
def chaining(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chaining]:
    """Starts two instances in a chain; those that a vendor must be asked about are asked about soon."""
    monkeypatch.setattr(vendor_api, "ASK_AFTER", 0.1)
    monkeypatch.setattr(asker, "PAUSE", 0.05)
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
    with contextlib.ExitStack() as stack:
        yield Chaining(stack, sqlite_template, tmp_path)
