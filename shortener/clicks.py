"""Resolve a slug and record the click: the first that counts, with its callback, in one transaction."""

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from shortener import db
from shortener.accounts import random_text
from shortener.db import insert_or_skip
from shortener.models import Callback, Click, Link, Message
from shortener.rules import event, receiver
from shortener.rules.moments import from_micros, rfc3339, to_micros
from shortener.rules.slug import Slugs
from shortener.rules.visitor import Verdict, reaches

EVENT_ID_LENGTH = 26
DATABASE_MICROS = text("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A link as a visitor meets it at the moment `now`."""

    link_id: int
    location: str
    live: bool
    accessed: bool
    count_as_click: str
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """A click to be recorded. Its id is made once, so that it is stored once, however often it is tried."""

    link_id: int
    id: uuid.UUID
    clicked_on: dt.datetime
    verdict: Verdict
    counts: bool
    network: str | None = None


def resolve(session: Session, number: int) -> Resolved | None:
    """Look a link up by its number, by one query that also reads the database's clock where that one counts."""
    on_postgresql = session.get_bind().dialect.name == "postgresql"
    columns = (Link.id, Link.target, Link.location, Link.expires_on, Link.off_on, Link.accessed_on, Link.count_as_click)
    query = select(*columns, DATABASE_MICROS if on_postgresql else text("0")).where(Link.number == number)
    row = session.execute(query).first()
    if row is None:
        return None
    link_id, target, location, expires_on, off_on, accessed_on, count_as_click, micros = row
    now = from_micros(micros) if on_postgresql else db.now(session)
    return Resolved(
        link_id=link_id,
        location=location or target,
        live=off_on is None and now < expires_on,
        accessed=accessed_on is not None,
        count_as_click=count_as_click,
        now=now,
    )


def visit(resolved: Resolved, verdict: Verdict, network: str | None = None) -> Visit:
    """Make the click of a visitor at a live link."""
    return Visit(
        link_id=resolved.link_id,
        id=_time_ordered_uuid(resolved.now),
        clicked_on=resolved.now,
        verdict=verdict,
        counts=reaches(verdict.visitor, resolved.count_as_click) and not resolved.accessed,
        network=network,
    )


def record(session: Session, visit: Visit, slugs: Slugs) -> bool:
    """Store a click; if it is the first that counts, also `accessed_on` and the callback. True if it made a callback.

    Whether it is the first is decided by the UPDATE alone: of any number of processes one changes the row.
    """
    session.execute(
        insert_or_skip(session, Click).values(
            link_id=visit.link_id,
            id=visit.id,
            clicked_on=visit.clicked_on,
            visitor=visit.verdict.visitor.value,
            reason=visit.verdict.reason,
            network=visit.network,
        )
    )
    if not visit.counts:
        return False
    first = session.scalar(
        update(Link)
        .where(Link.id == visit.link_id, Link.accessed_on.is_(None))
        .values(accessed_on=visit.clicked_on)
        .returning(Link.id)
    )
    return first is not None and _create_callback(session, visit, slugs)


def _create_callback(session: Session, visit: Visit, slugs: Slugs) -> bool:
    query = select(Link, Message).join(Message, Message.id == Link.message_id).where(Link.id == visit.link_id)
    link, message = session.execute(query).one()
    if message.lt_callbackurl is None:
        return False
    session.add(
        Callback(
            link_id=link.id,
            account_id=message.account_id,
            event_id=f"evt_{random_text(EVENT_ID_LENGTH)}",
            url=message.lt_callbackurl,
            destination=receiver.queue(message.account_id, message.lt_callbackurl),
            body=_event_body(link, message, visit, slugs),
            created_on=visit.clicked_on,
            due_on=visit.clicked_on,
        )
    )
    return True


def _event_body(link: Link, message: Message, visit: Visit, slugs: Slugs) -> bytes:
    return event.build(
        event.CLICKED,
        visit.clicked_on,
        {
            "msgid": message.msgid,
            "client_tag": message.client_tag,
            "recipient": message.recipient,
            "link": link.target,
            "shortlink": f"{link.base_url}/{slugs.encode(link.number)}",
            "accessed": True,
            "accessed_on": rfc3339(visit.clicked_on),
            "visitor": visit.verdict.visitor.value,
            "tags": message.tags or [],
            "metadata": message.details or {},
        },
    )


def _time_ordered_uuid(moment: dt.datetime) -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then chance; so a link's clicks lie in their order."""
    millis = to_micros(moment) // 1000
    value = (millis & ((1 << 48) - 1)) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return uuid.UUID(int=value)
