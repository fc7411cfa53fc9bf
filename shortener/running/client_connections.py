"""Connections of this process whose clients let us wait, ended from outside: by whoever looks at the clock."""

import contextlib
import os
import socket
import stat
import struct
from typing import Final

CONTINUED: Final = 2.0  # seconds after a request's head in which `100 Continue` may have been sent
_LAST_SENT: Final = struct.Struct("=44xI")  # of Linux's `tcp_info`: milliseconds since data was sent


def shut(client: socket.socket) -> None:
    """Let whoever reads from a client see its end."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RD)


def end_silent(peer: str, port: int, seconds: float) -> None:
    """End this process's connections on a port with a peer to whom nothing was sent for so long.

    Granian does not tell on which connection a request came, and would wait for its body for ever. But nothing is sent
    to a client whose body is awaited, and connections that are kept open for a next request have been closed by then.
    """
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                with socket.socket(fileno=os.dup(int(name))) as client:
                    if _is_silent(client, peer, port, seconds):
                        client.shutdown(socket.SHUT_RDWR)


def _is_silent(client: socket.socket, peer: str, port: int, seconds: float) -> bool:
    if client.family == socket.AF_UNIX or client.getsockname()[1] != port or client.getpeername()[0] != peer:
        return False
    [last_sent] = _LAST_SENT.unpack(client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LAST_SENT.size))
    return bool(last_sent >= (seconds - CONTINUED) * 1000)
