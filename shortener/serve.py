"""`python -m shortener.serve`: the product under the server that `SHORTENER_SERVER` names.

gunicorn has its configuration in gunicorn.conf.py. Granian's is here: it has no hooks in its worker processes, so what
they are told to run is wrapped.
"""

import os
import select
import signal
import socket
import sys
import threading
from typing import Any

from flask import Flask
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer
from werkzeug.utils import import_string

from shortener import process, starting
from shortener.config import Settings
from shortener.errors import SecretKeyError

APP = "wsgi:app"
HEAD_WITHIN = 10_000  # milliseconds for a request's head; also how long a connection is kept open for the next one
CONNECTIONS = 1000  # of a process, as under gunicorn; Granian counts idle ones too, and accepts no more than these
LOOK = 1.0  # seconds between two looks whether the parent lives


def main() -> None:
    """Become the server."""
    settings = starting.configured()
    if settings.server == "gunicorn":
        os.execv(sys.executable, [sys.executable, "-m", "gunicorn"])  # noqa: S606 - in this process's place
    _granian(settings)


def _granian(settings: Settings) -> None:
    host, _, port = settings.bind.rpartition(":")
    server = MPServer(
        APP,
        address=str(socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0][4][0]),
        port=int(port),
        interface=Interfaces.WSGI,
        workers=settings.processes,
        blocking_threads=settings.threads,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,  # while it looks which version a client speaks, it waits for ever
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=process.GRACE,
    )

    @server.on_startup
    def end_with_the_terminal() -> None:
        """Granian takes SIGHUP for a reload, and would stay when the terminal that started it is closed."""
        if sys.stdin is not None and sys.stdin.isatty():
            signal.signal(signal.SIGHUP, server.signal_handler_interrupt)

    server.serve(spawn_target=_work, target_loader=_load)


def _load(target: str) -> Flask:
    """Make the application in the worker process, and set it in motion."""
    app: Flask = import_string(target)
    process.take_turns()
    try:
        process.begin(app)
    except SecretKeyError as error:
        sys.exit(str(error))
    _watch(app)
    return app


def _work(*args: Any) -> None:
    """Be a worker process until it is told to end, and end in order."""
    try:
        MPServer._spawn_wsgi_worker(*args)
    finally:
        process.end(import_string(APP))


def _watch(app: Flask) -> None:
    """Learn of SIGTERM as it comes, though its handler is Granian's, and of the parent's death, as gunicorn does."""
    told, tells = socket.socketpair()
    tells.setblocking(False)
    signal.set_wakeup_fd(tells.detach(), warn_on_full_buffer=False)
    threading.Thread(target=_wait_for_the_end, args=(app, told, os.getppid()), name="signals", daemon=True).start()


def _wait_for_the_end(app: Flask, told: socket.socket, parent: int) -> None:
    while True:  # to the end, for there may be another signal, and somebody must take it
        if select.select([told], [], [], LOOK)[0]:
            if {signal.SIGTERM, signal.SIGINT} & set(told.recv(64)):
                process.stop_claiming(app)
        elif os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
