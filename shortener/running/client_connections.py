"""End connections of this process whose clients are too slow, from another thread."""

import contextlib
import os
import socket
import stat
import struct
from typing import Final

CONTINUED: Final = 2.0  # seconds after a request's head in which `100 Continue` may have been sent
_LAST_SENT: Final = struct.Struct("=44xI")  # of Linux's `tcp_info`: milliseconds since data was sent


def shut(client: socket.socket) -> None:
    """Make a thread that reads from a client see the end of the stream."""
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RD)


def end_silent(peer: str, port: int, seconds: float) -> None:
    """End this process's connections with a peer on a port to which nothing was sent for so many seconds.

    Granian does not say which connection a request came on, and would wait for its body forever. But nothing is sent to
    a client while its body is awaited, and idle keep-alive connections have been closed by then.
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
