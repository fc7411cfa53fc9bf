"""Find a stored message, its text and its links, and switch the links off and on."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session, defer

from shortener.accounts.senders import Sender
from shortener.errors import MessageNotFoundError
from shortener.messages.first_link import is_first_link_of
from shortener.storage.models import Attachment, Link, Message, Part, PartKind

MSGID: Final = re.compile(r"[A-Za-z0-9]{32}")


def find(session: Session, account: Sender, msgid: str) -> Message:
    """Return the account's message with this msgid. Raise MessageNotFoundError also for another account's."""
    message = of_any_account(session, msgid)
    if message is None or message.account_id != account.id:
        raise MessageNotFoundError
    return message


def of_any_account(session: Session, msgid: str) -> Message | None:
    """Return the message with this msgid, whoever sent it; None if there is none. For the operator."""
    if not MSGID.fullmatch(msgid):  # nothing else can be a msgid, and PostgreSQL refuses some texts
        return None
    return session.scalar(select(Message).where(Message.msgid == msgid))


def by_ids(session: Session, ids: Sequence[int]) -> Sequence[Message]:
    """Return the messages with these ids, in no order."""
    return session.scalars(select(Message).where(Message.id.in_(ids))).all()


def link_of(session: Session, message: Message) -> Link | None:
    """Return the message's first link, if it has one."""
    return session.scalar(select(Link).where(is_first_link_of(message.id)))


def links_of(session: Session, messages: Sequence[Message]) -> dict[int, list[Link]]:
    """Return all links of messages in their order, by message id, with one query; none for those without a link."""
    links: dict[int, list[Link]] = {message.id: [] for message in messages}
    query = select(Link).where(Link.message_id.in_(links)).order_by(Link.message_id, Link.position)
    for link in session.scalars(query) if links else ():
        links[link.message_id].append(link)
    return links


def text_of(session: Session, message: Message) -> str:
    """Return the message's text as it was submitted; empty if it has only HTML."""
    return texts_of(session, [message])[message.id]


def html_of(session: Session, message: Message) -> str | None:
    """Return the message's HTML as it was submitted."""
    return session.scalar(select(Part.text).where(Part.message_id == message.id, Part.kind == PartKind.HTML))


def texts_of(session: Session, messages: Sequence[Message]) -> dict[int, str]:
    """Return the texts of messages as they were submitted, by message id, with one query; empty for HTML alone."""
    texts = {message.id: "" for message in messages}
    query = select(Part.message_id, Part.text).where(Part.message_id.in_(texts), Part.kind == PartKind.TEXT)
    return texts | dict(session.execute(query).all()) if texts else {}


def attachments_of(session: Session, message: Message) -> Sequence[Attachment]:
    """Return the message's attachments in their order, without reading their content."""
    query = select(Attachment).where(Attachment.message_id == message.id).order_by(Attachment.position)
    return session.scalars(query.options(defer(Attachment.content))).all()


def switch_off(session: Session, message: Message, *, now: dt.datetime) -> None:
    """Switch the message's links off. If they are off already, their time stays the first one."""
    session.execute(update(Link).where(Link.message_id == message.id, Link.off_on.is_(None)).values(off_on=now))


def switch_on(session: Session, message: Message) -> None:
    """Switch the message's links on again. They expire when they would have expired without this."""
    session.execute(update(Link).where(Link.message_id == message.id, Link.off_on.is_not(None)).values(off_on=None))
