"""How gunicorn runs the product. Everything here follows from `SHORTENER_*`; see the README."""

import os
import signal
import sys
import threading
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from shortener.config import Settings
from shortener.errors import SecretKeyError, SettingsError

try:
    settings = Settings.from_env()
except SettingsError as error:
    sys.exit(str(error))

wsgi_app = "wsgi:app"
bind = settings.bind
workers = settings.processes
threads = settings.threads
worker_class = "gthread"
graceful_timeout = 30
timeout = 60
keepalive = 5
# Only SHORTENER_TRUSTED_PROXIES decides whom to believe; gunicorn itself believes nobody.
forwarded_allow_ips = ""
# Several instances may run on one machine; the control socket has one fixed path.
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Let a closed terminal end what was started in it; gunicorn takes its SIGHUP for a reload, and would stay."""
    if sys.stdin is not None and sys.stdin.isatty():
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))


def post_worker_init(worker: Any) -> None:
    """Start recorder and delivery loop in each worker, after the fork: threads do not survive one."""
    services = worker.wsgi.extensions["shortener"]
    services.recorder.start()
    with worker.wsgi.app_context():
        try:
            services.settle_in()
        except SecretKeyError as error:
            sys.exit(str(error))
        except SQLAlchemyError as error:  # it may come later; until then visitors are asked to wait
            worker.log.error("the database does not answer yet: %s", error)
    if settings.worker == "on":
        services.deliverer.start()
        _stop_claiming_at_once(services.deliverer)


def _stop_claiming_at_once(deliverer: Any) -> None:
    """On SIGTERM, not only when the last request has ended: what is claimed late is cut off."""
    handle_exit = signal.getsignal(signal.SIGTERM)

    def stop(number: int, frame: Any) -> None:
        # From a thread of its own: the handler itself would wait for a lock that the code it interrupts may hold.
        threading.Thread(target=deliverer.request_stop).start()
        handle_exit(number, frame)  # type: ignore[operator, misc] # gunicorn's own, a function

    signal.signal(signal.SIGTERM, stop)
    signal.siginterrupt(signal.SIGTERM, False)  # as gunicorn has it


def worker_exit(server: Any, worker: Any) -> None:
    """Let attempts in flight end, and give back what does not."""
    services = worker.wsgi.extensions["shortener"]
    services.recorder.stop(grace=3)
    if settings.worker == "on":
        services.deliverer.stop(grace=graceful_timeout - 5)
