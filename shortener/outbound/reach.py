"""Whether the operator's own servers can be reached: look up the name, connect, and shake hands. Nothing is sent.

No guard checks these addresses, because the operator chose them. The target of a link is never one of them.
"""

import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from requests.utils import DEFAULT_CA_BUNDLE_PATH

WITHIN: Final = 5.0  # seconds for each step; the system limits a look-up by itself, but not that soon


@dataclass(frozen=True, slots=True)
class Server:
    """A server: what it is for, where it is, and whether it speaks TLS from the beginning."""

    name: str
    host: str
    port: int
    has_tls: bool


def why_unreachable(servers: Sequence[Server], within: float = WITHIN) -> dict[Server, str | None]:
    """Try all servers at once; return why each cannot be reached, or None. Takes three times `within` seconds."""
    queues = {server: SimpleQueue[str | None]() for server in servers}
    for server, queue in queues.items():
        threading.Thread(target=_tell, args=(server, within, queue), daemon=True).start()
    return {server: _answer(queue, 3 * within) for server, queue in queues.items()}


def _answer(queue: SimpleQueue[str | None], within: float) -> str | None:
    try:
        return queue.get(timeout=within)
    except Empty:
        return "the look-up of its name took too long"


def _tell(server: Server, within: float, queue: SimpleQueue[str | None]) -> None:
    try:
        _connect(server, within)
    except socket.gaierror as error:
        queue.put(f"its name cannot be looked up ({error.strerror})")
    except ssl.SSLError as error:
        queue.put(f"no trusted TLS connection ({getattr(error, 'verify_message', None) or error.reason})")
    except TimeoutError:
        queue.put(f"no connection within {within:g} s")
    except OSError as error:
        queue.put(f"no connection ({error.strerror or error})")
    else:
        queue.put(None)


def _connect(server: Server, within: float) -> None:
    with closing(socket.create_connection((server.host, server.port), timeout=within)) as raw:
        if server.has_tls:
            context = ssl.create_default_context()
            context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
            with closing(context.wrap_socket(raw, server_hostname=server.host)):
                pass
