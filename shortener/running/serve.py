"""`python -m shortener.serve`: the product under the server that `SHORTENER_SERVER` names.

gunicorn has its configuration in gunicorn.conf.py. Granian's is here: it has no hooks in its worker processes, so what
they are told to run is wrapped.
"""

import argparse
import contextlib
import functools
import math
import mmap
import os
import signal
import socket
import sys
import threading
import time
from typing import Any

from flask import Flask
from granian import _signals
from granian._granian import WorkerSignal
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer
from werkzeug.utils import import_string

from shortener.config.settings import Settings
from shortener.config.settings_file import HOME, path_of
from shortener.running import lifecycle, starting
from shortener.running.stopping import GRACE, SIGNALS, Heard

APP = "wsgi:app"
HEAD_WITHIN = 10_000  # milliseconds for a request's head; also how long a connection is kept open for the next one
CONNECTIONS = 1000  # of a process, as under gunicorn; Granian counts idle ones too, and accepts no more than these
_server: MPServer | None = None  # a worker process has it from its parent
_unusable = mmap.mmap(-1, 1)  # shared with the worker processes: whether one of them cannot use the key or the database


def main() -> None:
    """Become the server, whatever the working folder is."""
    about = f"Runs the product. It takes no options: set SHORTENER_* in the environment or in {path_of()}; "
    about += "see docs/operate/settings.md."
    argparse.ArgumentParser("python -m shortener.serve", description=about).parse_args()
    settings = starting.configured()
    if settings.server == "gunicorn":
        os.environ["PYTHONPATH"] = os.pathsep.join([str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "gunicorn", "--config", str(HOME / "gunicorn.conf.py")]
        os.execv(sys.executable, command)  # noqa: S606 - in this process's place
    sys.path.insert(0, str(HOME))
    _granian(settings)


def _granian(settings: Settings) -> None:
    server = MPServer(
        APP,
        **_place(settings),
        interface=Interfaces.WSGI,
        workers=settings.processes,
        blocking_threads=settings.threads,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,  # while it looks which version a client speaks, it waits for ever
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
    )

    @server.on_startup
    def end_with_the_terminal() -> None:
        """Granian takes SIGHUP for a reload, and would stay when the terminal that started it is closed."""
        if sys.stdin is not None and sys.stdin.isatty():
            signal.signal(signal.SIGHUP, server.signal_handler_interrupt)

    global _server
    _server = server
    server.main_loop_interrupt = Interrupt()
    signal.signal(signal.SIGQUIT, server.signal_handler_interrupt)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, _refuse_signal)
    server.serve(spawn_target=_work, target_loader=_load)
    if _unusable[0]:
        sys.exit(starting.UNUSABLE)


def _refuse_signal(_number: int, _frame: object) -> None:
    """By default these end a process. No log, for that takes a lock."""
    os.write(2, b"SIGUSR1 and SIGUSR2 do nothing under Granian; SIGHUP replaces the web processes one by one\n")


def _place(settings: Settings) -> dict[str, Any]:
    """Where to listen. A socket that an earlier start left behind is replaced, and open to all, as under gunicorn."""
    if settings.socket_path is not None:
        with contextlib.suppress(FileNotFoundError):
            if settings.socket_path.is_socket():
                settings.socket_path.unlink()
        return {"uds": settings.socket_path, "uds_permissions": 0o777}
    host, _, port = settings.bind.rpartition(":")
    found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    return {"address": str(found[0][4][0]), "port": int(port)}


def _load(target: str) -> Flask:
    """Make the application in the worker process, and set it in motion."""
    app: Flask = import_string(target)
    lifecycle.take_turns()
    try:
        lifecycle.begin(app)
    except starting.UNFIT as error:
        _unusable[0] = 1
        os.kill(os.getppid(), signal.SIGTERM)  # which would start another one, for ever
        starting.refuse(error)
    return app


def _work(*args: Any) -> None:
    """Be a worker process until it is told to end, and end in order."""
    heard = Heard()
    heard.listen(*SIGNALS)
    if _server is not None and _server.interrupt_signal:  # right after the fork: the parent's handlers heard it here
        return
    _signals.set_sync_signals = functools.partial(_end_by, heard)
    try:
        MPServer._spawn_wsgi_worker(*args)
    finally:
        lifecycle.end(import_string(APP))


def _end_by(heard: Heard) -> WorkerSignal:
    """Give what ends Granian's worker, told once by a thread: in a signal's handler, or told twice, it may hang."""
    ends = WorkerSignal()
    lifecycle.follow_signals(import_string(APP), heard, stop=ends.set, child=True)
    return ends


class Interrupt(threading.Event):
    """In place of the Event that wakes Granian's main loop: its signal handlers set it, so it must take no lock.

    And the loop must be woken, for a handler to run, by signals that the system gives to other threads.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_set, self._heard = False, Heard()

    def set(self) -> None:
        """Wake whoever waits."""
        self._is_set = True
        self._heard.note(signal.SIGCONT)

    def is_set(self) -> bool:
        """Whether it was set and not cleared."""
        return self._is_set

    def clear(self) -> None:
        """Let the next one wait again."""
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds. From the main thread."""
        self._heard.listen()
        ends = math.inf if timeout is None else time.monotonic() + timeout
        while not self._is_set and (left := ends - time.monotonic()) > 0:
            self._heard.wait(None if timeout is None else left)
        return self._is_set
