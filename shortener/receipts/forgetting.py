"""Forget what was kept to hand messages over: the full recipient, and what attachments contain."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, update

from shortener.storage.models import Base

SENDING, ATTACHMENT = (Base.metadata.tables[name] for name in ("sending", "attachment"))
_ids: Final[Any] = bindparam("ids", expanding=True)
_FORGET: Final = (
    update(SENDING)
    .where(SENDING.c.message_id.in_(_ids))
    .values(recipient=None, extras=None, closes_on=None, ask_on=None)
)
_FORGET_FILES: Final = (
    update(ATTACHMENT).where(ATTACHMENT.c.message_id.in_(_ids), ATTACHMENT.c.content.is_not(None)).values(content=None)
)


def forget(connection: Connection, message_ids: Sequence[int]) -> None:
    """Forget everything that a hand-over of these messages needs; no receipt is waited for any more."""
    if message_ids:
        connection.execute(_FORGET, {"ids": message_ids})
        forget_files(connection, message_ids)


def forget_files(connection: Connection, message_ids: Sequence[int]) -> None:
    """Forget the contents of attachments, whose names and sizes stay."""
    if message_ids:
        connection.execute(_FORGET_FILES, {"ids": message_ids})
