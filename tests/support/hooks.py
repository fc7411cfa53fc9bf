"""A receiver of callbacks on loopback that records whole requests."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.waiting import until


@dataclass(frozen=True)
class HookRequest:
    """A recorded request; names of `headers` are in lower case, `target` is path and query."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Hook:
    """The receiver: it answers `status` and `body`, and records the requests in their order."""

    url: str
    status: int = 200
    body: bytes = b""
    requests: list[HookRequest] = field(default_factory=list)

    def wait_for(self, count: int, path: str | None = None) -> list[HookRequest]:
        """The requests to this path (None: to any), as soon as there are so many."""
        until(lambda: len(self._to(path)) >= count)
        return self._to(path)

    def _to(self, path: str | None) -> list[HookRequest]:
        return [request for request in list(self.requests) if path in (None, request.path)]


@contextlib.contextmanager
def receiving() -> Iterator[Hook]:
    """Listen on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            hook.requests.append(HookRequest(self.command, self.path, headers, body))
            self.send_response(hook.status)
            self.send_header("Content-Length", str(len(hook.body)))
            self.end_headers()
            self.wfile.write(hook.body)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815 - names that the parent class looks for

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = Hook(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
