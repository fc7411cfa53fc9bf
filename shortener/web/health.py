"""Is this process able to serve?"""

from flask import Blueprint
from sqlalchemy import text

from shortener import db
from shortener.services import services
from shortener.web import documents
from shortener.web.access import public
from shortener.web.described import Answer, Operation, described

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@described(Operation("healthz", "Operation", {200: Answer("It serves.", documents.Health)}))
@public
def healthz() -> dict[str, str | int]:
    """Look at the database; 503 comes by itself where it does not answer.

    The counts are this node's: clicks that wait in its spool, and clicks that found no room there.
    """
    with db.read() as session:
        session.execute(text("SELECT 1"))
    spooled, lost = services().recorder.counts()
    return {"status": "ok", "clicks_spooled": spooled, "clicks_lost": lost}
