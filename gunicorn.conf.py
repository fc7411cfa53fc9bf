"""How gunicorn runs the product. Everything here follows from `SHORTENER_*`; see docs/operate/settings.md."""

import os
import signal
import sys
from typing import Any

from shortener.running import lifecycle, starting
from shortener.running.stopping import GRACE, SIGNALS, Heard

with starting.gunicorns_folder():
    settings = starting.configured()

wsgi_app = "wsgi:app"
bind = settings.bind
workers = settings.processes
threads = settings.threads
worker_class = "shortener.running.gunicorn_worker.Worker"
graceful_timeout = GRACE
timeout = 60
keepalive = 5
# A parent domain's cookies come along with each click; the worker bounds the head as a whole.
limit_request_line = 0
limit_request_field_size = 65_536
limit_request_fields = 1000
# Only SHORTENER_TRUSTED_PROXIES decides whom to believe; gunicorn itself believes nobody.
forwarded_allow_ips = ""
# Several instances may run on one machine; the control socket has one fixed path.
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Let a closed terminal end what was started in it; gunicorn takes its SIGHUP for a reload, and would stay."""
    if sys.stdin is not None and sys.stdin.isatty():
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def post_fork(server: Any, worker: Any) -> None:
    """Let every way to be told to end be handled like SIGTERM, which takes no lock; gunicorn installs what it finds.

    Its own handler of SIGINT and SIGQUIT shuts the pool of threads down, and would wait for ever for the lock of that
    pool if it interrupts a request's way into it.
    """
    worker.handle_quit, worker.heard_before = worker.handle_exit, server.SIG_QUEUE


def post_worker_init(worker: Any) -> None:
    """Begin in each worker, after the fork."""
    heard = Heard()
    heard.listen()
    lifecycle.take_turns()
    try:
        lifecycle.begin(worker.wsgi)
    except starting.UNFIT as error:
        starting.refuse(error)  # its exit code ends gunicorn as a whole
    # What came right after the fork was heard by the handlers that the worker has from its parent.
    while not worker.heard_before.empty():
        if worker.heard_before.get() in SIGNALS:
            worker.handle_exit(signal.SIGTERM, None)
    if not worker.alive:
        heard.note(signal.SIGTERM)
    lifecycle.follow_signals(worker.wsgi, heard, stop=lambda: None)


def pre_exec(server: Any) -> None:
    """On SIGUSR2, start the new server as this one was started: `python -m gunicorn`, not the file that that runs."""
    server.START_CTX["args"] = [sys.executable, "-m", "gunicorn", *sys.argv[1:]]


def worker_exit(server: Any, worker: Any) -> None:
    """End in order, unless it was told to end before it had begun."""
    if worker.wsgi is not None:
        lifecycle.end(worker.wsgi)
