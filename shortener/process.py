"""The life of a web process, whichever server it belongs to: what begins after the fork, and what ends in order."""

import contextlib
import logging
import os
import threading

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from shortener.services import EXTENSION, Services

log = logging.getLogger(__name__)

GRACE = 30  # seconds that a process may take to end


def take_turns() -> None:
    """Let no thread of this process, or of those to come, be interrupted because another one of them is woken.

    Whoever is woken wants the interpreter's lock, which the one it interrupts is holding: it could only go back to
    sleep. On one processor that was a fifth of what a click cost.
    """
    with contextlib.suppress(AttributeError, OSError):  # Linux has it, and seldom forbids it
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def begin(app: Flask) -> None:
    """Start what runs beside requests: threads do not survive a fork. SecretKeyError where that is the wrong one."""
    services = _services(app)
    services.recorder.start()
    services.usage.start()
    with app.app_context():
        try:
            services.settle_in()
        except SQLAlchemyError as error:  # it may come later; until then visitors are asked to wait
            log.error("the database does not answer yet: %s", error)
    if services.settings.worker == "on":
        services.deliverer.start()
        services.pruner.start()


def stop_claiming(app: Flask) -> None:
    """On SIGTERM, not only when the last request has ended: what is claimed late is cut off."""
    services = _services(app)
    if services.settings.worker == "on":
        # From a thread of its own: a signal's handler would wait for a lock that the code it interrupts may hold.
        threading.Thread(target=services.deliverer.request_stop).start()


def end(app: Flask) -> None:
    """Store the clicks that wait, let attempts in flight end, and give back what does not."""
    services = _services(app)
    services.pruner.request_stop()
    services.recorder.stop(grace=3)
    services.usage.stop()
    if services.settings.worker == "on":
        services.deliverer.stop(grace=GRACE - 5)


def _services(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found
