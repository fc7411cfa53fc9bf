"""What became of a message: the documents that answer for it. Totals are counted from rows."""

import datetime as dt
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shortener.installation.site import Site
from shortener.messages import rewriting
from shortener.messages.preprocess import link_of
from shortener.reporting import callback_report
from shortener.rules.visitors.visitor import MEANINGS, Visitor
from shortener.rules.wire import cursor
from shortener.rules.wire.moments import rfc3339
from shortener.storage.models import Callback, Click, Link, Message

PAGE = 100


def accepted(message: Message, link: Link | None, site: Site) -> dict[str, Any]:
    """The answer to a preprocessed message, as of the moment it came in."""
    entry = _link_entry(link, site, accessed_on=None) if link else None
    rewritten = rewriting.rewritten(message.text, link, entry["shortlink"]) if link and entry else message.text
    return {
        "msgid": message.msgid,
        "message": rewritten,
        "links": [entry] if entry else [],
        "link_tracking": entry,
        "skipped": message.skipped or [],
        "sms": rewriting.sms(message.text, rewritten),
        "url": site.url_of_message(message),
    }


def full(session: Session, message: Message, site: Site) -> dict[str, Any]:
    """Everything about one message: as it came, what was made of it, its clicks, its callback."""
    link = link_of(session, message)
    entry = _reported_link(link, site)
    rewritten = rewriting.rewritten_text(message, link, site)
    return {
        **summary(message, link, site),
        "original_message": message.text,
        "links": [entry] if entry else [],
        "skipped": message.skipped or [],
        "sms": rewriting.sms(message.text, rewritten),
        "clicks": clicks(session, message, link, site) if link else None,
        "callback": _callback(session, link) if link else None,
    }


def summary(message: Message, link: Link | None, site: Site) -> dict[str, Any]:
    """One message as lists show it."""
    return {
        "msgid": message.msgid,
        "received_on": rfc3339(message.received_on),
        "message": rewriting.rewritten_text(message, link, site),
        "link_tracking": _reported_link(link, site),
        "track_link": message.track_link,
        "lt_callbackurl": message.lt_callbackurl,
        "callbackurl": message.callbackurl,
        "client_tag": message.client_tag,
        "sender": message.sender,
        "recipient": message.recipient,
        "tags": message.tags or [],
        "metadata": message.details or {},
        "detection": message.detection,
        "bare_domains": message.bare_domains,
        "count_as_click": message.count_as_click,
        "url": site.url_of_message(message),
    }


def clicks(
    session: Session,
    message: Message,
    link: Link | None,
    site: Site,
    *,
    place: str | None = None,
) -> dict[str, Any]:
    """Counts of a link's clicks by visitor class, the newest of them, and where the rest is; none without a link."""
    its_own = Click.link_id == (link.id if link else None)
    counted = select(Click.visitor, func.count()).where(its_own).group_by(Click.visitor)
    counts = dict(session.execute(counted).all())
    newest = select(Click).where(its_own).order_by(Click.id.desc()).limit(PAGE + 1)
    if place is not None:
        newest = newest.where(Click.id < cursor.click(place))
    rows = session.scalars(newest).all()
    last = rows[PAGE - 1].id if len(rows) > PAGE else None
    first = session.scalar(select(Click).where(its_own).order_by(Click.id).limit(1))
    return {
        "counts": {visitor.value: counts.get(visitor, 0) for visitor in Visitor},
        "total": sum(counts.values()),
        "meanings": {visitor.value: MEANINGS[visitor] for visitor in Visitor},
        "first_of_any_kind": _click(first) if first else None,
        "newest": [_click(click) for click in rows[:PAGE]],
        "next": None if last is None else f"{site.url_of_message(message)}/clicks?cursor={cursor.after_click(last)}",
    }


def _click(click: Click) -> dict[str, Any]:
    network = {"network": click.network} if click.network else {}
    return {"clicked_on": rfc3339(click.clicked_on), "visitor": click.visitor, "reason": click.reason, **network}


def _reported_link(link: Link | None, site: Site) -> dict[str, Any] | None:
    if link is None:
        return None
    return {**_link_entry(link, site, link.accessed_on), "off_on": _maybe(link.off_on)}


def _link_entry(link: Link, site: Site, accessed_on: dt.datetime | None) -> dict[str, Any]:
    return {
        "link": link.target,
        "shortlink": site.shortlink_of(link),
        "expires_on": rfc3339(link.expires_on),
        "accessed": accessed_on is not None,
        "accessed_on": _maybe(accessed_on),
    }


def _callback(session: Session, link: Link) -> dict[str, Any] | None:
    callback = session.scalar(select(Callback).where(Callback.link_id == link.id))
    if callback is None:
        return None
    return {**callback_report.brief(callback), "attempts": callback_report.attempts(session, callback)}


def _maybe(moment: dt.datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
