"""Health checks: whether this process lives, whether it is ready for requests, and what `/healthz` knows besides."""

from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field, with_config
from sqlalchemy.exc import SQLAlchemyError
from typing_extensions import TypedDict

from shortener.installation import clock
from shortener.running.services import services
from shortener.storage import db
from shortener.web.access import public
from shortener.web.description.operation import Answer, Operation, described
from shortener.web.problems import RequestError

blueprint = Blueprint("health", __name__)


@with_config(json_schema_extra={"examples": [{"status": "ok", "clicks_spooled": 0, "clicks_lost": 0, "clock": "ok"}]})
class Health(TypedDict):
    """This process and its database can serve requests."""

    status: Literal["ok"]
    clicks_spooled: Annotated[int, Field(description="Clicks of this node that wait for the database.")]
    clicks_lost: Annotated[int, Field(description="Clicks of this node that could not be stored; visitors got 503.")]
    clock: Annotated[
        clock.State,
        Field(
            description="`ahead` or `behind` if the clock differs from the time last seen by more than seven days. "
            "While it is `ahead`, nothing is deleted by age."
        ),
    ]


@blueprint.get("/healthz")
@described(Operation("Operation", {200: Answer("The process can serve requests.")}, codes={503: ("no_spool",)}))
@public
def healthz() -> Health:
    """Check the database and the spool; 503 within ten seconds if no click could be stored or spooled.

    The counts are this node's: clicks that wait in its spool, and clicks that were lost.
    """
    with db.read() as session:
        db.check(session)  # raises what is answered with 503
        seen_on = clock.last_seen(session)
        state = clock.state(seen_on, db.now(session))
    recorder = services().recorder
    try:
        fault, (spooled, lost) = recorder.fault(), recorder.counts()
    except OSError as error:
        fault, spooled, lost = error.strerror, 0, 0
    if fault is None:
        return {"status": "ok", "clicks_spooled": spooled, "clicks_lost": lost, "clock": state}
    counts = f"{spooled} clicks wait in SHORTENER_SPOOL, {lost} were lost"
    raise RequestError(503, "no_spool", f"No click can be spooled: {fault}; {counts}. See the log.")


class Alive(TypedDict):
    """This process answers."""

    status: Literal["ok"]


@blueprint.get("/livez")
@described(Operation("Operation", {200: Answer("The process lives.")}))
@public
def livez() -> Alive:
    """Answer without touching the database or a disk: restart the process only if this fails."""
    return {"status": "ok"}


class Ready(TypedDict):
    """This process can take clicks."""

    status: Literal["ok"]
    clicks: Annotated[
        Literal["stored", "spooled"],
        Field(description="Where clicks go now: into the database, or into the spool until it is available again."),
    ]


@blueprint.get("/readyz")
@described(Operation("Operation", {200: Answer("The process can take clicks.")}, codes={503: ("no_spool",)}))
@public
def readyz() -> Ready:
    """Check that clicks can be stored in the database or, while it is unavailable, in the spool; otherwise 503.

    All nodes share the database: to take them out of a load balancer while it is unavailable would help nobody.
    """
    try:
        with db.read() as session:
            db.check(session)
    except SQLAlchemyError:
        fault = services().recorder.fault()  # raises what is answered with 503 before the database was ever there
        if fault is not None:
            raise RequestError(503, "no_spool", f"No click can be spooled: {fault}. See the log.") from None
        return {"status": "ok", "clicks": "spooled"}
    return {"status": "ok", "clicks": "stored"}
