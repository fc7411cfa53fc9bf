"""The first link of a message: the one link that messages are rewritten with, and that reports are about."""

from typing import Final

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute

from shortener.storage.models import Link

FIRST: Final = 1  # the position of a message's first link


def is_first_link_of(message_id: ColumnElement[int] | InstrumentedAttribute[int] | int) -> ColumnElement[bool]:
    """Return the condition that a row of `link` is the first link of a message."""
    return and_(Link.message_id == message_id, Link.position == FIRST)
