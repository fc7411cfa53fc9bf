"""Find a stored message, its text and its link, and switch the link off."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.errors import MessageNotFoundError
from shortener.messages.first_link import is_first_link_of
from shortener.storage.models import Link, Message, Part, PartKind

MSGID: Final = re.compile(r"[A-Za-z0-9]{32}")


def find(session: Session, account: Sender, msgid: str) -> Message:
    """Return the account's message with this msgid. Raise MessageNotFoundError also for another account's."""
    message = None
    if MSGID.fullmatch(msgid):  # nothing else can be a msgid, and PostgreSQL refuses some texts
        message = session.scalar(select(Message).where(Message.msgid == msgid, Message.account_id == account.id))
    if message is None:
        raise MessageNotFoundError
    return message


def link_of(session: Session, message: Message) -> Link | None:
    """Return the message's first link, if it has one."""
    return session.scalar(select(Link).where(is_first_link_of(message.id)))


def text_of(session: Session, message: Message) -> str:
    """Return the message's text as it was submitted."""
    return texts_of(session, [message])[message.id]


def texts_of(session: Session, messages: Sequence[Message]) -> dict[int, str]:
    """Return the texts of messages as they were submitted, by message id, with one query."""
    ids = [message.id for message in messages]
    query = select(Part.message_id, Part.text).where(Part.message_id.in_(ids), Part.kind == PartKind.TEXT)
    return dict(session.execute(query).all()) if ids else {}


def switch_off(session: Session, message: Message, *, now: dt.datetime) -> None:
    """Switch the message's link off. If it is off already, its time stays the first one."""
    link = link_of(session, message)
    if link is not None and link.off_on is None:
        link.off_on = now
