"""gunicorn's configuration, derived from the settings `SHORTENER_*`; see docs/operate/settings.md."""

import os
import signal
import sys
from typing import Any

from gunicorn.errors import HaltServer

from shortener.config import database_address
from shortener.running import announcement, lifecycle, logs, signals, startup_checks
from shortener.running.signals import GRACE, SignalPipe
from shortener.vendors import gateways

with startup_checks.folder_of_gunicorn():
    logs.begin()
    settings = startup_checks.configured(gateways())

wsgi_app = "wsgi:app"
bind = settings.bind
workers = settings.processes
threads = settings.threads
worker_class = "shortener.running.gunicorn_worker.Worker"
logger_class = logs.GunicornLog
graceful_timeout = GRACE
timeout = 60
keepalive = 5
# Clicks carry the cookies of a parent domain. The worker limits the size of the whole head.
limit_request_line = 0
limit_request_field_size = 65_536
limit_request_fields = 1000
# gunicorn trusts no proxy, and the worker ignores another value; SHORTENER_TRUSTED_PROXIES alone decides.
forwarded_allow_ips = ""
# The control socket has a fixed path, but several instances may run on one machine.
control_socket_disable = True


def on_starting(server: Any) -> None:
    """Lose no signal while a worker starts, and end with the reason of the first one that cannot."""
    signals.hold_during_forks()
    keep_first_reason(server)


def keep_first_reason(server: Any) -> None:
    """Ignore other workers that cannot start while the server is ending: gunicorn would fail with a stack trace."""
    reap, is_ending = server.reap_workers, False

    def reap_workers() -> None:
        nonlocal is_ending
        try:
            reap()
        except HaltServer:
            if not is_ending:
                is_ending = True
                raise

    server.reap_workers = reap_workers


def when_ready(server: Any) -> None:
    """Stop when the terminal is closed. gunicorn would take that SIGHUP for a reload and continue."""
    announcement.prepare(server.num_workers)
    if sys.stdin is not None and sys.stdin.isatty():
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def post_fork(server: Any, worker: Any) -> None:
    """Handle SIGINT and SIGQUIT like SIGTERM, whose handler takes no lock.

    gunicorn's own handler shuts the thread pool down. If it interrupts a thread that is adding a request to the pool,
    it waits forever for the pool's lock.
    """
    worker.handle_quit = worker.handle_exit


def post_worker_init(worker: Any) -> None:
    """Start the background threads of a worker, after the fork."""
    pipe = SignalPipe()
    pipe.listen()
    lifecycle.use_batch_scheduling()
    try:
        lifecycle.begin(worker.application)
        lifecycle.collect_less()
    except startup_checks.INCOMPATIBLE as error:
        startup_checks.refuse(error)  # its exit code ends gunicorn as a whole
    if database_address.is_sqlite(settings.database_url):
        worker.open_lane()
    lifecycle.follow_signals(worker.application, pipe, stop=lambda: None)
    announcement.ready(settings)


def pre_exec(server: Any) -> None:
    """On SIGUSR2, start the new server with `python -m gunicorn`, like this one, instead of gunicorn's own file."""
    signals.release()  # held during the fork
    server.START_CTX["args"] = [sys.executable, "-m", "gunicorn", *sys.argv[1:]]


def worker_exit(server: Any, worker: Any) -> None:
    """Stop the background threads in order, if the worker had started them."""
    if getattr(worker, "application", None) is not None:  # there is none if the settings cannot be used
        lifecycle.end(worker.application)
