"""Is this process able to serve?"""

from flask import Blueprint
from sqlalchemy import text

from shortener import db
from shortener.web.access import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> dict[str, str]:
    """Look at the database; 503 comes by itself where it does not answer."""
    with db.read() as session:
        session.execute(text("SELECT 1"))
    return {"status": "ok"}
