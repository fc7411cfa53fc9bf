"""Cursors of lists: the position of a page's last row, in characters that fit into a URL."""

import base64
import binascii
import datetime as dt
import struct
import uuid

from shortener.errors import InvalidFieldsError
from shortener.rules.wire.moments import from_micros, to_micros

_NUMBER = ">q"
POSITION = ">qq"  # microseconds since 1970, row id


def after_row(moment: dt.datetime, row_id: int) -> str:
    """Return the cursor after a row of a list that is ordered by time."""
    return _encoded(struct.pack(POSITION, to_micros(moment), row_id))


def row(cursor: str) -> tuple[dt.datetime, int]:
    """Read the time and row id from a cursor of `after_row`; InvalidFieldsError for other text."""
    try:
        micros, row_id = struct.unpack(POSITION, _decoded(cursor))
        return from_micros(micros), row_id
    except (struct.error, OverflowError):
        raise _invalid() from None


def after_click(click_id: uuid.UUID) -> str:
    """Return the cursor after a click of a link."""
    return _encoded(click_id.bytes)


def click(cursor: str) -> uuid.UUID:
    """Read the id from a cursor of `after_click`; InvalidFieldsError for other text."""
    try:
        return uuid.UUID(bytes=_decoded(cursor))
    except ValueError:
        raise _invalid() from None


def after_name(number: int, name: str) -> str:
    """Return the cursor after a row of a list that is ordered by a number, then by name."""
    return _encoded(struct.pack(_NUMBER, number) + name.encode())


def named(cursor: str) -> tuple[int, str]:
    """Read the number and the name from a cursor of `after_name`; InvalidFieldsError for other text."""
    position, size = _decoded(cursor), struct.calcsize(_NUMBER)
    try:
        number, name = struct.unpack(_NUMBER, position[:size])[0], position[size:].decode()
    except (struct.error, UnicodeDecodeError):
        raise _invalid() from None
    if "\0" in name:  # PostgreSQL has no such text
        raise _invalid()
    return number, name


def _encoded(position: bytes) -> str:
    return base64.urlsafe_b64encode(position).decode("ascii").rstrip("=")


def _decoded(cursor: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise _invalid() from None


def _invalid() -> InvalidFieldsError:
    return InvalidFieldsError({"cursor": ["is not a cursor of this list"]})
