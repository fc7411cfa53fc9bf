"""`shortener serve`: run the product under the server that `SHORTENER_SERVER` names.

The configuration of gunicorn is in gunicorn.conf.py, that of Granian is here. Granian has no hooks in its worker
processes, so this module wraps the functions that they run.
"""

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
from collections.abc import Callable
from typing import Any

from flask import Flask
from granian import _signals
from granian._granian import WorkerSignal
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import mp
from granian.server.mp import MPServer
from werkzeug.utils import import_string

from shortener.config.settings import Settings
from shortener.config.settings_file import HOME
from shortener.running import announcement, granian_answers, lifecycle, logs, signals, startup_checks
from shortener.running.services import EXTENSION
from shortener.running.signals import GRACE, SIGNALS, SignalPipe
from shortener.sending.choice import VendorApis

APP = "wsgi:app"
HEAD_WITHIN = 10_000  # milliseconds for a request's head, and for the next request on an open connection
CONNECTIONS = 1000  # of a process, as under gunicorn; Granian counts idle ones too and accepts no more than this
_unusable = mmap.mmap(-1, 1)  # shared memory: 1 if a worker process cannot use the key or the database


def main(vendor_apis: VendorApis) -> None:
    """Become the server; works in any working folder. The vendors lie above this package, so their APIs are given."""
    logs.begin()
    if startup_checks.read().server == "gunicorn":  # its configuration checks the rest
        os.environ["PYTHONPATH"] = os.pathsep.join([str(HOME), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, "-m", "gunicorn", "--config", str(HOME / "gunicorn.conf.py")]
        os.execv(sys.executable, command)  # noqa: S606 - in this process's place
    sys.path.insert(0, str(HOME))
    _granian(startup_checks.configured(vendor_apis))


def _granian(settings: Settings) -> None:
    server = MPServer(
        APP,
        **_place(settings),
        interface=Interfaces.WSGI,
        workers=settings.processes,
        blocking_threads=settings.threads,
        backpressure=CONNECTIONS,
        http=HTTPModes.http1,  # detecting the version waits forever for a silent client
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_WITHIN),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
        log_level=logs.granian_level(settings.log_level),
        log_dictconfig=logs.granian_configuration(settings.log_format),
    )

    @server.on_startup
    def end_with_the_terminal() -> None:
        """End when the terminal is closed: Granian would take that SIGHUP for a reload and keep running."""
        if sys.stdin is not None and sys.stdin.isatty():
            signal.signal(signal.SIGHUP, server.signal_handler_interrupt)

    server.main_loop_interrupt = Interrupt(lambda: _is_due(server))
    signal.signal(signal.SIGQUIT, server.signal_handler_interrupt)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, _refuse_signal)
    signals.hold_during_forks()
    announcement.prepare(settings.processes)
    vars(mp)["_wsgi_call_wrap"] = granian_answers.wrap  # the name by which the worker's function calls it
    try:
        server.serve(spawn_target=functools.partial(_work, os.getpid()), target_loader=_load)
    finally:  # Granian exits with 1 if it saw a worker end before the worker's SIGTERM
        if _unusable[0]:
            sys.exit(startup_checks.UNUSABLE)


def _is_due(server: MPServer) -> bool:
    """Whether Granian's main loop has something to do."""
    return bool(server.interrupt_signal or server.interrupt_children or server.reload_signal)


def _refuse_signal(_number: int, _frame: object) -> None:
    """Ignore a signal that ends a process by default. Writes directly, because logging takes a lock."""
    os.write(2, b"SIGUSR1 and SIGUSR2 do nothing under Granian; SIGHUP replaces the web processes one by one\n")


def _place(settings: Settings) -> dict[str, Any]:
    """Return where to listen. A leftover socket is replaced, and open to all users, as under gunicorn."""
    if settings.socket_path is not None:
        with contextlib.suppress(FileNotFoundError):
            if settings.socket_path.is_socket():
                settings.socket_path.unlink()
        return {"uds": settings.socket_path, "uds_permissions": 0o777}
    host, _, port = settings.bind.rpartition(":")
    found = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)
    return {"address": str(found[0][4][0]), "port": int(port)}


def _load(target: str) -> Flask:
    """Make the application in a worker process, and start its background work."""
    try:
        app: Flask = import_string(target)
        lifecycle.use_batch_scheduling()
        lifecycle.begin(app)
        lifecycle.collect_less()
        announcement.ready(app.extensions[EXTENSION].settings)
    except startup_checks.INCOMPATIBLE as error:
        _end_all()
        startup_checks.refuse(error)
    except SystemExit:  # the settings cannot be used, as wsgi.py has said
        _end_all()
        raise
    return app


def _end_all() -> None:
    """End the whole server: the parent would start another worker, forever."""
    _unusable[0] = 1
    os.kill(os.getppid(), signal.SIGTERM)


def _work(parent: int, *args: Any) -> None:
    """Run a worker process until a signal ends it; then stop its background work."""
    pipe = SignalPipe()
    pipe.listen(*SIGNALS)
    _signals.set_sync_signals = functools.partial(_end_by, pipe, parent)
    try:
        MPServer._spawn_wsgi_worker(*args)
    finally:
        lifecycle.end(import_string(APP))


def _end_by(pipe: SignalPipe, parent: int) -> WorkerSignal:
    """Return what ends Granian's worker. A thread sets it only once: in a signal handler, or set twice, it may hang."""
    ends = WorkerSignal()
    lifecycle.follow_signals(import_string(APP), pipe, stop=ends.set, parent=parent)
    return ends


class Interrupt(threading.Event):
    """Replaces the Event that wakes Granian's main loop: signal handlers set it, so it must take no lock.

    Signals that the system delivers to other threads must also wake the loop, so that their handlers run. It is set
    while the loop has something to do: the loop clears it after it has looked, and would forget what came in between.
    """

    def __init__(self, is_due: Callable[[], bool]) -> None:
        super().__init__()
        self.is_set, self._pipe = is_due, SignalPipe()  # type: ignore[method-assign]

    def set(self) -> None:
        """Wake the waiting thread."""
        self._pipe.note(signal.SIGCONT)

    def clear(self) -> None:
        """What is due remains due."""

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds. Call it in the main thread."""
        self._pipe.listen()
        ends = math.inf if timeout is None else time.monotonic() + timeout
        while not self.is_set() and (left := ends - time.monotonic()) > 0:
            self._pipe.wait(None if timeout is None else left)
        return self.is_set()
