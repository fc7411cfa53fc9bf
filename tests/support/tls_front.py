"""A TLS front for a server on loopback: some vendors' clients speak only https.

The clients trust it when the process has the environment variable `REQUESTS_CA_BUNDLE` (Python's requests) or
`NODE_EXTRA_CA_CERTS` (Node.js, read when it starts) with the path `authority`.
"""

import asyncio
import contextlib
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import trustme


@dataclass(frozen=True)
class TlsFront:
    """Where the front listens, `localhost:8443`, and the file with the authority that signed its certificate."""

    address: str
    authority: Path

    @property
    def url(self) -> str:
        return f"https://{self.address}"


@contextlib.contextmanager
def tls_front(server: str, folder: Path) -> Iterator[TlsFront]:
    """Pass every connection on to the server with this URL; the authority's file is written into the folder."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    path = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    front = _Front(server, context)
    try:
        yield TlsFront(f"localhost:{front.port.result()}", path)
    finally:
        front.stop()


class _Front:
    """A thread with an event loop that serves until `stop`."""

    def __init__(self, server: str, context: ssl.SSLContext) -> None:
        behind = urlsplit(server)
        self._behind, self._context = (behind.hostname, behind.port), context
        self.port: Future[int] = Future()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        listening = await asyncio.start_server(self._pass_on, "127.0.0.1", 0, ssl=self._context)
        self.port.set_result(listening.sockets[0].getsockname()[1])
        async with listening:
            await self._stopping.wait()

    async def _pass_on(self, outer: StreamReader, answer: StreamWriter) -> None:
        with contextlib.suppress(OSError):
            inner, request = await asyncio.open_connection(*self._behind)
            forward = asyncio.create_task(_pump(outer, request))
            await _pump(inner, answer)
            await forward


async def _pump(source: StreamReader, target: StreamWriter) -> None:
    """Pass on what comes until the end, then close."""
    with contextlib.suppress(OSError):
        while piece := await source.read(65536):
            target.write(piece)
            await target.drain()
    target.close()
