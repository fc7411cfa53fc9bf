"""A cursor: the place of the last row of a page, in a form that fits a URL."""

import base64
import binascii
import datetime as dt
import struct
import uuid

from shortener.errors import InvalidFieldsError
from shortener.rules.wire.moments import from_micros, to_micros

PLACE = ">qq"  # microseconds since 1970, row id


def after_row(moment: dt.datetime, row_id: int) -> str:
    """The cursor behind a row of a list in the order of time."""
    return _written(struct.pack(PLACE, to_micros(moment), row_id))


def row(cursor: str) -> tuple[dt.datetime, int]:
    """The time and row id that `after_row` wrote down; InvalidOrderError for a cursor from elsewhere."""
    try:
        micros, row_id = struct.unpack(PLACE, _read(cursor))
        return from_micros(micros), row_id
    except (struct.error, OverflowError):
        raise _no_cursor() from None


def after_click(click_id: uuid.UUID) -> str:
    """The cursor behind a click of a link."""
    return _written(click_id.bytes)


def click(cursor: str) -> uuid.UUID:
    """The id that `after_click` wrote down; InvalidOrderError for a cursor from elsewhere."""
    try:
        return uuid.UUID(bytes=_read(cursor))
    except ValueError:
        raise _no_cursor() from None


def _written(place: bytes) -> str:
    return base64.urlsafe_b64encode(place).decode("ascii").rstrip("=")


def _read(cursor: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise _no_cursor() from None


def _no_cursor() -> InvalidFieldsError:
    return InvalidFieldsError({"cursor": ["is not a cursor that this list gave out"]})
