"""Load what attempts need to hand messages over, for all of them with few queries."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.orm import Session

from shortener.config.settings import Settings
from shortener.delivery.job import Claimed
from shortener.installation.site import Site
from shortener.messages import rewriting
from shortener.rules.delivery.gateway_rules import Channel
from shortener.sending import choice
from shortener.sending.gateway import Attached, Outgoing
from shortener.storage.models import Attachment, Link, Message, Part, PartKind


@dataclass(frozen=True, slots=True)
class Files:
    """The attachments of a message: their bytes in all, and how they are read."""

    size: int = 0
    read: Callable[[], Sequence[Attached]] = tuple


_NO_FILES: Final = Files()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an attempt needs from the database: plain values, which its own thread makes the message of."""

    claimed: Claimed
    msgid: str
    subject: str | None
    parts: Mapping[str, str]  # as submitted, by kind; without empty ones
    links: Sequence[Link]
    files: Files
    receipt_url: str
    now: dt.datetime

    def outgoing(self, site: Site, begun: float | None = None) -> Outgoing:
        """The message as its gateway gets it, in an attempt that began at this time of `time.monotonic`.

        Large HTML takes a while, so call it outside of transactions.
        """
        sending, parts = self.claimed.loaded, self.parts
        return Outgoing(
            msgid=self.msgid,
            sender=sending.sender or "",
            recipient=sending.recipient,
            text=rewriting.text(parts[PartKind.TEXT], self.links, site) if PartKind.TEXT in parts else None,
            html=rewriting.html(parts[PartKind.HTML], self.links, site) if PartKind.HTML in parts else None,
            subject=self.subject,
            attached_bytes=self.files.size,
            attachments=self.files.read,
            extras=sending.extras or {},
            receipt_url=self.receipt_url,
            seconds_left=(sending.expires_on - self.now).total_seconds(),
            number=self.claimed.number,
            begun=begun,
        )


def load(session: Session, claimed: Sequence[Claimed], settings: Settings, now: dt.datetime) -> dict[int, Loaded]:
    """What the attempts of these sendings need, by the sending's id."""
    ids = [one.loaded.message_id for one in claimed]
    query = select(Message.id, Message.msgid, Message.subject).where(Message.id.in_(ids))
    messages = {row.id: row for row in session.execute(query)} if ids else {}
    parts, links = _parts(session, ids), _links(session, ids)
    files = _files(session, [one for one in claimed if one.loaded.channel is Channel.EMAIL])
    return {
        one.job_id: Loaded(
            claimed=one,
            msgid=message.msgid,
            subject=message.subject,
            parts=parts[message.id],
            links=links[message.id],
            files=files.get(message.id, _NO_FILES),
            receipt_url=choice.receipt_url(settings, one.loaded.gateway, message.msgid),
            now=now,
        )
        for one in claimed
        for message in [messages[one.loaded.message_id]]
    }


def _parts(session: Session, ids: Sequence[int]) -> Mapping[int, dict[str, str]]:
    parts: dict[int, dict[str, str]] = defaultdict(dict)
    query = select(Part.message_id, Part.kind, Part.text).where(Part.message_id.in_(ids), Part.text != "")
    for message_id, kind, text in session.execute(query) if ids else ():
        parts[message_id][kind] = text
    return parts


def _links(session: Session, ids: Sequence[int]) -> Mapping[int, list[Link]]:
    links: dict[int, list[Link]] = defaultdict(list)
    query = select(Link).where(Link.message_id.in_(ids)).order_by(Link.message_id, Link.position)
    for link in session.scalars(query) if ids else ():
        links[link.message_id].append(link)
    return links


def _files(session: Session, claimed: Sequence[Claimed]) -> dict[int, Files]:
    """For each message with attachments, their size, and a function that reads them in a transaction of its own."""
    ids = [one.loaded.message_id for one in claimed]
    if not ids:
        return {}
    query = select(Attachment.message_id, func.sum(Attachment.size)).where(Attachment.message_id.in_(ids))
    having = session.execute(query.group_by(Attachment.message_id))
    return {id_: Files(int(size), partial(_read, session.get_bind(), id_)) for id_, size in having}


def _read(engine: Engine | Connection, message_id: int) -> Sequence[Attached]:
    columns = (Attachment.name, Attachment.content_type, Attachment.content)
    query = select(*columns).where(Attachment.message_id == message_id).order_by(Attachment.position)
    with Session(engine) as session:
        return [Attached(name, content_type, content or b"") for name, content_type, content in session.execute(query)]
