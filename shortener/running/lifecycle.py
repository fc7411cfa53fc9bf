"""The life of a web process, whichever server it belongs to: what begins after the fork, and what ends in order."""

import contextlib
import logging
import os
from collections.abc import Callable

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from shortener.running import stopping
from shortener.running.services import EXTENSION, Services
from shortener.running.stopping import GRACE, Ending, Heard
from shortener.storage import db, migrations

log = logging.getLogger(__name__)


def take_turns() -> None:
    """Let no thread of this process, or of those to come, be interrupted because another one of them is woken.

    Whoever is woken wants the interpreter's lock, which the one it interrupts is holding: it could only go back to
    sleep. On one processor that was a fifth of what a click cost.
    """
    with contextlib.suppress(AttributeError, OSError):  # Linux has it, and seldom forbids it
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def begin(app: Flask) -> None:
    """Start what runs beside requests: threads do not survive a fork. One of starting.UNFIT where the database is."""
    services = _services(app)
    services.recorder.start()
    services.last_used.start()
    with app.app_context():
        try:
            migrations.refuse_older(db.db.engine)
            services.settle_in()
        except SQLAlchemyError as error:  # it may come later; until then visitors are asked to wait
            log.error("the database does not answer yet: %s", error)
    if services.settings.worker == "on":
        services.deliverer.start()
        services.pruner.start()


def follow_signals(app: Flask, heard: Heard, stop: Callable[[], None], *, child: bool = False) -> None:
    """Do what the signals ask for that are heard: `stop` tells the server to end this process."""
    deliverer = _services(app).deliverer

    def begin_to_stop() -> None:
        # Now, and not only when the last request has ended: what is claimed late is cut off.
        deliverer.request_stop()
        stop()

    waits_for = lambda: f"requests and {deliverer.waits_for()}"  # noqa: E731
    stopping.follow(heard, Ending(begin_to_stop, lambda: end(app, grace=0), waits_for), child=child)


def end(app: Flask, grace: float = GRACE - 5) -> None:
    """Store the clicks that wait, let attempts in flight end within `grace` seconds, and give back what does not."""
    services = _services(app)
    services.pruner.request_stop()
    services.recorder.stop(grace=3)
    services.last_used.stop()
    if services.settings.worker == "on":
        services.deliverer.stop(grace)


def _services(app: Flask) -> Services:
    found: Services = app.extensions[EXTENSION]
    return found
