"""Two instances in a chain: what reaches the first goes through a vendor's gateway to the vendor's face of the second.

Each is an application of its own with its own SQLite database, its own server on loopback and all loops running. The
second hands its messages to the simulator, whose receipts go back through both.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from shortener import create_app
from shortener.config.settings import Settings
from shortener.running import lifecycle
from shortener.running.services import Services
from shortener.storage import db
from shortener.storage.models import Callback, Message
from tests.support import databases
from tests.support.factories import Sender, make_account
from tests.support.waiting import WITHIN, until

SECRET_KEY = "a key for tests, long enough to be one"


@dataclass(frozen=True)
class Instance:
    """One installation: its URL, its application, and the credentials of its account `shop`."""

    url: str
    app: Flask
    sender: Sender

    @property
    def address(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    def messages(self) -> list[Message]:
        """All messages, the oldest first."""
        with self.app.app_context(), db.read() as session:
            return list(session.scalars(select(Message).order_by(Message.id)))

    def callbacks(self) -> list[Callback]:
        """All callbacks, the oldest first."""
        with self.app.app_context(), db.read() as session:
            return list(session.scalars(select(Callback).order_by(Callback.id)))

    def states(self) -> list[str | None]:
        """The states of all messages."""
        return [message.state and str(message.state) for message in self.messages()]

    def report(self, msgid: str) -> dict[str, Any]:
        """The report of a message."""
        answer = self.app.test_client().get(f"/v1/messages/{msgid}", headers=self.sender.bearer)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.get_json()
        return document


@dataclass(frozen=True)
class Chain:
    """The instance that clients talk to, and the one behind it."""

    first: Instance
    second: Instance

    def wait_for(self, *states: str) -> None:
        """Wait until the messages of both instances have these states, in the order in which they came."""
        until(lambda: self.first.states() == list(states) == self.second.states())


class Chaining:
    """Starts chains; the fixture `chaining` is one, and stops them after the test."""

    def __init__(self, stack: contextlib.ExitStack, template: Path, folder: Path) -> None:
        self._stack, self._template, self._folder = stack, template, folder

    def __call__(
        self, vendor: str, url: Callable[[Instance], str], /, account: dict[str, Any] | None = None, **settings: Any
    ) -> Chain:
        """Run two instances, the second as the gateway `vendor` of the first.

        `url` makes the URL of the vendor's API from the second instance, such as `http://SID:TOKEN@127.0.0.1:8001`.
        `account` has options of the first one's account; that of the second rewrites no link, so that each text is
        rewritten once. `settings` are those of the first.
        """
        second = self.instance("second", {"track_link": False}, gateway="simulator", simulator_delay=0.05)
        given = {"gateway_urls": f"{vendor}={url(second)}", "gateway": vendor, **settings}
        return Chain(self.instance("first", account or {}, **given), second)

    def instance(self, name: str, account: dict[str, Any], **settings: Any) -> Instance:
        """Run one instance with its account."""
        folder = self._folder / name
        folder.mkdir()
        database_url = databases.copy_sqlite(self._template, folder)
        return self._stack.enter_context(running(folder, account, database_url=database_url, **settings))


@contextlib.contextmanager
def running(folder: Path, account: dict[str, Any], **settings: Any) -> Iterator[Instance]:
    """Run one instance with its account."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = create_app(_settings(folder, url, **settings))
        with app.app_context():
            sender = make_account("shop", **account)
        server = make_server("127.0.0.1", 0, app, threaded=True, fd=listener.fileno())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        lifecycle.begin(app)
        thread.start()
        try:
            yield Instance(url, app, sender)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            lifecycle.end(app, grace=WITHIN)
            _close(app)


def _settings(folder: Path, url: str, **given: Any) -> Settings:
    return Settings(
        data=folder,
        secret_key=SECRET_KEY,
        public_url=url,
        callback_allow_nets=("127.0.0.0/8",),  # type: ignore[arg-type]
        callback_timeout=5,
        spool_bytes=65536,
        **given,
    )


def _close(app: Flask) -> None:
    services: Services = app.extensions["shortener"]
    services.readers.close()
    with app.app_context():
        db.db.session.remove()
        db.db.engine.dispose()
