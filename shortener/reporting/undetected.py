"""Messages without a shortlink that would have got one with smart detection."""

import datetime as dt

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from shortener.accounts.senders import Sender
from shortener.rules.links.body import SMART_TAKES
from shortener.storage.models import Link, Message

LOOKED_AT = 1_000  # messages; each is read with its skipped texts, which have no index


def smart_would_take(session: Session, account: Sender, start: dt.datetime, end: dt.datetime) -> int:
    """Count those of the newest 1,000 messages of `[start, end)` whose link only strict detection skipped."""
    newest = (
        select(Message.id, Message.skipped)
        .where(Message.account_id == account.id, Message.received_on >= start, Message.received_on < end)
        .order_by(Message.received_on.desc(), Message.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    without_link = select(newest.c.skipped).where(
        newest.c.skipped.is_not(None), ~exists().where(Link.message_id == newest.c.id)
    )
    found = session.scalars(without_link)
    return sum(any(piece["reason"] in SMART_TAKES for piece in skipped or ()) for skipped in found)
