"""Start and stop the background work of a web process, under any server."""

import contextlib
import gc
import logging
import os
from collections.abc import Callable
from typing import Final

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from shortener.rules.visitors import device
from shortener.running import signals
from shortener.running.services import EXTENSION, Services
from shortener.running.signals import GRACE, Shutdown, SignalPipe
from shortener.storage import db, migrations

log = logging.getLogger(__name__)
COLLECT_AFTER: Final = 10_000  # new objects, after which Python looks for garbage; Python 3.11 does so after 700


def use_batch_scheduling() -> None:
    """Ask Linux not to interrupt a thread of this process when it wakes another one.

    A woken thread needs the interpreter's lock, which the interrupted thread holds, so it could only sleep again. ADR
    0030 says what this saves.
    """
    with contextlib.suppress(AttributeError, OSError):  # only Linux has it, and it may be forbidden
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def collect_less() -> None:
    """Let the garbage collector pass over the objects that the application consists of, and run less often.

    It took 0.1 s to look through them, again and again while batches were stored. ADR 0030 says what this saves.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def begin(app: Flask) -> None:
    """Start the background threads; call it after a fork. Raises startup_checks.INCOMPATIBLE for stored data."""
    services = _services(app)
    if services.settings.store_device == "on":
        device.prepare()
    services.recorder.start()
    services.last_used.start()
    services.watch.begin()
    services.node_alerts.start()
    with app.app_context():
        try:
            migrations.refuse_other_version(db.db.engine)
            services.prepare()
        except SQLAlchemyError as error:  # it may start later; until then, clicks are answered with 503
            log.error("the database does not answer yet: %s", error)
    if services.settings.worker == "on":
        services.background.start()


def follow_signals(app: Flask, pipe: SignalPipe, stop: Callable[[], None], *, parent: int | None = None) -> None:
    """Handle the signals that arrive in the pipe; `stop` asks the server to end this process."""
    background = _services(app).background

    def begin_to_stop() -> None:
        # Now rather than after the last request: callbacks claimed later could not be finished.
        background.request_stop()
        stop()

    waits_for = lambda: f"requests and {background.waits_for()}"  # noqa: E731
    signals.follow(pipe, Shutdown(begin_to_stop, lambda: end(app, grace=0), waits_for), parent=parent)


def end(app: Flask, grace: float = GRACE - 5) -> None:
    """Store queued clicks, let attempts in flight finish for `grace` seconds, and return the others to the queue."""
    services = _services(app)
    services.background.request_stop()
    services.recorder.stop(grace=3)
    services.last_used.stop()
    services.watch.request_stop()
    services.node_alerts.request_stop()
    if services.settings.worker == "on":
        services.background.stop(grace)


def _services(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found
