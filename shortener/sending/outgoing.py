"""Load what attempts need to hand messages over, for all of them with few queries."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.orm import Session

from shortener.config.settings import Settings
from shortener.delivery.job import Claimed
from shortener.installation.site import Site
from shortener.messages import rewriting
from shortener.rules.delivery.gateway_name import GatewayName
from shortener.rules.delivery.gateway_rules import Channel
from shortener.sending import choice
from shortener.sending.gateway import Attached, Outgoing
from shortener.storage.models import Attachment, Link, Message, Part, PartKind

Texts = Mapping[tuple[int, str], str]  # by message and kind of part
_NO_FILES: Final[Callable[[], Sequence[Attached]]] = lambda: ()  # noqa: E731


def load(
    session: Session, claimed: Sequence[Claimed], site: Site, settings: Settings, now: dt.datetime
) -> dict[int, Outgoing]:
    """The message of each sending as its gateway gets it, by the sending's id."""
    ids = [one.loaded.message_id for one in claimed]
    query = select(Message.id, Message.msgid, Message.subject).where(Message.id.in_(ids))
    messages = {row.id: row for row in session.execute(query)}
    texts = _texts(session, ids, site)
    files = _files(session, [one for one in claimed if one.loaded.channel is Channel.EMAIL])
    return {one.job_id: _outgoing(one, messages[one.loaded.message_id], texts, files, settings, now) for one in claimed}


def _outgoing(
    one: Claimed,
    message: Row[int, str, str | None],
    texts: Texts,
    files: Mapping[int, Callable[[], Sequence[Attached]]],
    settings: Settings,
    now: dt.datetime,
) -> Outgoing:
    return Outgoing(
        msgid=message.msgid,
        sender=one.loaded.sender or "",
        recipient=one.loaded.recipient,
        text=texts.get((message.id, PartKind.TEXT)),
        html=texts.get((message.id, PartKind.HTML)),
        subject=message.subject,
        attachments=files.get(message.id, _NO_FILES),
        receipt_url=choice.receipt_url(settings, GatewayName(one.loaded.gateway), message.msgid),
        seconds_left=(one.loaded.expires_on - now).total_seconds(),
        number=one.number,
    )


def _texts(session: Session, ids: Sequence[int], site: Site) -> Texts:
    """The parts of messages with their shortlinks, without empty ones."""
    links: dict[int, list[Link]] = defaultdict(list)
    for link in session.scalars(select(Link).where(Link.message_id.in_(ids)).order_by(Link.message_id, Link.position)):
        links[link.message_id].append(link)
    parts = session.execute(
        select(Part.message_id, Part.kind, Part.text).where(Part.message_id.in_(ids), Part.text != "")
    )
    rewrite = {PartKind.TEXT: rewriting.text, PartKind.HTML: rewriting.html}
    return {
        (message_id, kind): rewrite[PartKind(kind)](text, links[message_id], site) for message_id, kind, text in parts
    }


def _files(session: Session, claimed: Sequence[Claimed]) -> dict[int, Callable[[], Sequence[Attached]]]:
    """For each message with attachments, a function that reads them, in a transaction of its own."""
    ids = [one.loaded.message_id for one in claimed]
    if not ids:
        return {}
    having = session.scalars(select(Attachment.message_id).where(Attachment.message_id.in_(ids)).distinct())
    return {message_id: partial(_read, session.get_bind(), message_id) for message_id in having}


def _read(engine: Engine | Connection, message_id: int) -> Sequence[Attached]:
    columns = (Attachment.name, Attachment.content_type, Attachment.content)
    query = select(*columns).where(Attachment.message_id == message_id).order_by(Attachment.position)
    with Session(engine) as session:
        return [Attached(name, content_type, content or b"") for name, content_type, content in session.execute(query)]
