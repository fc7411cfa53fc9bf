"""How gunicorn runs the product. Everything here follows from `SHORTENER_*`; see the README."""

import os
import signal
import sys
from typing import Any

from shortener import process, starting
from shortener.errors import SecretKeyError

settings = starting.configured()

wsgi_app = "wsgi:app"
bind = settings.bind
workers = settings.processes
threads = settings.threads
worker_class = "shortener.gunicorn_worker.Worker"
graceful_timeout = process.GRACE
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


def post_worker_init(worker: Any) -> None:
    """Begin in each worker, after the fork, and hear of SIGTERM before gunicorn has waited for the last request."""
    process.take_turns()
    try:
        process.begin(worker.wsgi)
    except SecretKeyError as error:
        sys.exit(str(error))
    handle_exit = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: Any) -> None:
        process.stop_claiming(worker.wsgi)
        handle_exit(number, frame)  # type: ignore[operator, misc] # gunicorn's own, a function

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)  # as gunicorn has it


def worker_exit(server: Any, worker: Any) -> None:
    """End in order."""
    process.end(worker.wsgi)
