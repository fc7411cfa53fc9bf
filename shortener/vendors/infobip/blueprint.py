"""What the routes of both channels need of their face."""

from typing import Final

from flask import request
from werkzeug.exceptions import MethodNotAllowed

TAG: Final = "Infobip"
LONGEST: Final = 4 * 1024 * 1024  # bytes of a body without attachments
BUSY: Final = {429: ("too_many_large_messages",)}  # of a call that takes large bodies


def refuse_head() -> None:
    """Raise MethodNotAllowed for HEAD, where a GET changes something: Flask would answer it like a GET."""
    if request.method == "HEAD":
        raise MethodNotAllowed(valid_methods=["GET", "OPTIONS"])
