"""A carrier that a test plays, for Kannel's generic SMSC over HTTP, and a collector of what Kannel reports."""

import contextlib
import threading
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from tests.support.kannel import Kannel

Fields = dict[str, str]


@dataclass
class Carrier:
    """What Kannel handed to the carrier, and what it reported; `refuses` and `delays` hold texts."""

    url: str = ""
    messages: list[Fields] = field(default_factory=list)
    reports: list[Fields] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    delays: set[str] = field(default_factory=set)

    def answer(self, given: Fields) -> str:
        """Refuse a text, delay it once, or take it with an id."""
        self.messages.append(given)
        if given["text"] in self.refuses:
            return "no"
        if given["text"] in self.delays:
            self.delays.discard(given["text"])
            return "later"
        return f"ok id=F{len(self.messages)}"

    def taken(self, text: str) -> Fields | None:
        """The message with this text, with the id that it was taken with."""
        for number, given in enumerate(self.messages, start=1):
            if given["text"] == text:
                return {**given, "mid": f"F{number}"}
        return None

    def report(self, house: Kannel, text: str, kind: int, words: str = "") -> None:
        """Tell Kannel what became of a message: 1 delivered, 2 failed, 4 buffered."""
        given = self.taken(text)
        assert given is not None
        fields = {
            **{"username": "carrier", "password": "secret", "dlr-mid": given["mid"], "dlr-mask": str(kind)},
            **{"to": given["from"], "from": given["to"], "text": words},
        }
        requests.get(f"http://127.0.0.1:{house.receipts}/", params=fields, timeout=10).raise_for_status()

    def reported(self, msgid: str) -> list[Fields]:
        """The reports about a message, in the order in which they came."""
        return [report for report in self.reports if report["path"].split("/")[3] == msgid]


@contextlib.contextmanager
def carrying() -> Iterator[Carrier]:
    """Listen as the carrier (`/mt`) and for reports (`/receipts/…`)."""
    made = Carrier()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            given = {**dict(urllib.parse.parse_qsl(query, keep_blank_values=True)), "path": path}
            if path == "/mt":
                body = made.answer(given).encode()
            else:
                made.reports.append(given)
                body = b""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
