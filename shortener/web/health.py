"""Is this process able to serve?"""

from flask import Blueprint

from shortener.installation import clock
from shortener.running.services import services
from shortener.storage import db
from shortener.web.access import public
from shortener.web.description import documents
from shortener.web.description.operation import Answer, Operation, described
from shortener.web.problems import RequestError

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@described(Operation("healthz", "Operation", {200: Answer("It serves.", documents.Health)}, codes={503: ("no_spool",)}))
@public
def healthz() -> dict[str, str | int]:
    """Look at the database and at the spool; 503 where no click could be stored or spooled, within ten seconds.

    The counts are this node's: clicks that wait in its spool, and clicks that nothing kept.
    """
    with db.read() as session:
        db.check(session)  # 503 comes by itself
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
    raise RequestError(503, "no_spool", f"No click can be spooled: {fault}; {counts}. The log says more.")
