"""Serve the product on a loopback port, from threads of the test process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from bench.instance import free_port
from shortener.config.settings import Settings
from tests.conftest import SECRET_KEY, running
from tests.support.factories import Sender, make_account


@contextmanager
def serving(database_url: str, folder: Path) -> Iterator[tuple[str, Sender]]:
    """Yield the server's base URL and the credentials of a new account, `shop`."""
    port = free_port()
    settings = Settings(
        database_url=database_url,
        data=folder,
        secret_key=SECRET_KEY,
        public_url=f"http://127.0.0.1:{port}",
        callback_allow_nets=("127.0.0.0/8", "::1"),
        spool_bytes=65536,
    )
    with running(settings) as app:
        sender = make_account("shop")
        server = make_server("127.0.0.1", port, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield settings.base_url, sender
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
