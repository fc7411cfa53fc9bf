"""Stylesheet, script and icon. Their names change with their content, so browsers may cache them."""

import hashlib
from pathlib import Path
from typing import Final, NamedTuple

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from shortener.web.access import public

blueprint = Blueprint("assets", __name__, url_prefix="/assets")
FOLDER: Final = Path(__file__).parents[3] / "templates" / "dashboard"


class Asset(NamedTuple):
    """A file that pages refer to."""

    name: str
    content: bytes
    content_type: str


def _asset(file: str, content_type: str) -> Asset:
    content = (FOLDER / file).read_bytes()
    stem, _, ending = file.partition(".")
    return Asset(f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}", content, content_type)


STYLE: Final = _asset("style.css", "text/css; charset=utf-8")
SCRIPT: Final = _asset("script.js", "text/javascript; charset=utf-8")
ICON: Final = _asset("icon.svg", "image/svg+xml")
_BY_NAME: Final = {asset.name: asset for asset in (STYLE, SCRIPT, ICON)}


@blueprint.get("/<name>")
@public
def asset(name: str) -> Response:
    """Serve the stylesheet, the script or the icon; 404 for any other name."""
    found = _BY_NAME.get(name)
    if found is None:
        raise NotFound
    response = Response(found.content, content_type=found.content_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
