"""The health check: whether this process can serve requests."""

from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field, with_config
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
