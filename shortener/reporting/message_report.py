"""The documents about one message. Totals are counted from rows."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from shortener.installation.site import Site
from shortener.messages import rewriting
from shortener.messages.lookup import attachments_of, html_of, links_of, text_of
from shortener.messages.rows import StoredLink, StoredMessage
from shortener.reporting import click_documents, click_lists, documents, message_story, receipt_report, sending_report
from shortener.reporting.click_documents import VisitorMeanings
from shortener.reporting.message_story import Story
from shortener.rules.links.html import find as html_links
from shortener.rules.visitors.visitor import MEANINGS, Visitor
from shortener.rules.wire.moments import rfc3339, rfc3339_or_none
from shortener.storage.models import CLICK, Attachment, Click, Link, Message

_MEANINGS: VisitorMeanings = {
    "person": MEANINGS[Visitor.PERSON],
    "unknown": MEANINGS[Visitor.UNKNOWN],
    "preview": MEANINGS[Visitor.PREVIEW],
    "bot": MEANINGS[Visitor.BOT],
    "scanner": MEANINGS[Visitor.SCANNER],
}


def preprocessed(message: StoredMessage, links: Sequence[StoredLink], site: Site) -> documents.PreprocessedMessage:
    """Return the answer to a preprocessed message, as of the moment when it was received."""
    shortlinks = [site.shortlink_of(link) for link in links]
    entries = [_new_entry(link, shortlink) for link, shortlink in zip(links, shortlinks, strict=True)]
    rewritten = rewriting.text_with(message.text, links, shortlinks)
    return {
        "msgid": message.msgid,
        "message": rewritten,
        "html": rewriting.html(message.html, links, site) if message.html is not None else None,
        "links": entries,
        "link_tracking": entries[0] if entries else None,
        "skipped": message.skipped or [],
        "sms": rewriting.sms(message.text, rewritten),
        "receipt": {"state": message.state} if message.state else None,
        "url": site.url_of_message(message.msgid),
    }


@dataclass(frozen=True, slots=True)
class Record:
    """A message with what is read of it once, for its report and its page; the places are of the links in the HTML."""

    message: Message
    text: str
    html: str | None
    html_places: Sequence[rewriting.Place]
    links: Sequence[Link]
    story: Story


def read(session: Session, message: Message, site: Site) -> Record:
    """Read a message's parts as received, its links, and what became of it."""
    text, html = text_of(session, message), html_of(session, message)
    links = links_of(session, [message])[message.id]
    places = rewriting.html_places(html, links, site) if html is not None else []
    return Record(message, text, html, places, links, message_story.of(session, message))


def full(session: Session, message: Message, site: Site) -> documents.MessageReport:
    """Return everything about one message: the received and the rewritten text, its clicks and its callback."""
    return report(session, read(session, message, site), site)


def report(session: Session, record: Record, site: Site) -> documents.MessageReport:
    """Return everything about a message that was read."""
    message, text, html, links, story = record.message, record.text, record.html, record.links, record.story
    listed, receipts = summary_with(message, text, links, site), receipt_report.receipts_of(session, message)
    return {
        **listed,
        "original_message": text,
        "html": html_links.rewrite(html, record.html_places) if html is not None else None,
        "original_html": html,
        "attachments": [_attachment(each) for each in attachments_of(session, message)],
        "links": [_reported_link(link, site) for link in links],
        "skipped": message.skipped or [],
        "sms": rewriting.sms(text, listed["message"]),
        "clicks": clicks(session, message, links, site) if links else None,
        "callback": next((sending_report.callback(told) for told in story.callbacks if told.about == CLICK), None),
        "callbacks": [sending_report.callback(told) for told in story.callbacks],
        "sending": sending_report.sending(story),
        "receipt": receipt_report.of_message(message, receipts[0]["gateway"] if receipts else None),
        "receipts": receipts,
    }


def summary_with(message: Message, text: str, links: Sequence[Link], site: Site) -> documents.MessageSummary:
    """Return a message as lists show it, from its text as received and all of its links."""
    first = links[0] if links else None
    first_click = min((link.accessed_on for link in links if link.accessed_on is not None), default=None)
    return summary(message, rewriting.text(text, links, site), first, first_click, site)


def summary(
    message: Message, to_send: str, first: Link | None, first_click: dt.datetime | None, site: Site
) -> documents.MessageSummary:
    """Return a message as lists show it, from its text to send, its first link, and its first click on any link."""
    return {
        "msgid": message.msgid,
        "received_on": rfc3339(message.received_on),
        "message": to_send,
        "accessed": first_click is not None if first else None,
        "accessed_on": rfc3339_or_none(first_click),
        "link_tracking": _reported_link(first, site) if first else None,
        "track_link": message.track_link,
        "track": message.track,
        "lt_callbackurl": message.lt_callbackurl,
        "receipts_url": message.receipts_url,
        "callbackurl": (message.vendor_fields or {}).get("callbackurl"),
        "client_tag": message.client_tag,
        "sender": message.sender,
        "recipient": message.recipient,
        "tags": message.tags or [],
        "metadata": message.details or {},
        "detection": message.detection,
        "bare_domains": message.bare_domains,
        "count_as_click": message.count_as_click,
        "receipt": receipt_report.of_message(message),
        "subject": message.subject,
        "gateway": message.gateway,
        "send_on": rfc3339_or_none(message.send_on),
        "url": site.url_of_message(message.msgid),
    }


def _attachment(attachment: Attachment) -> documents.Attachment:
    return {
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.size,
        "sha256": attachment.sha256.hex(),
    }


def clicks(
    session: Session,
    message: Message,
    links: Sequence[Link],
    site: Site,
    *,
    place: str | None = None,
) -> click_documents.Clicks:
    """Return a page of the clicks on a message's links, with the counts of all of them by class."""
    page = click_lists.find(session, links, place=place)
    counts = click_lists.counts(session, links)
    first = click_lists.first(session, links)
    rest = f"{site.url_of_message(message.msgid)}/clicks?cursor={page.next}"
    return {
        "counts": {
            "person": counts.get(Visitor.PERSON, 0),
            "unknown": counts.get(Visitor.UNKNOWN, 0),
            "preview": counts.get(Visitor.PREVIEW, 0),
            "bot": counts.get(Visitor.BOT, 0),
            "scanner": counts.get(Visitor.SCANNER, 0),
        },
        "total": sum(counts.values()),
        "meanings": _MEANINGS,
        "first_of_any_kind": _click(first) if first else None,
        "newest": [_click(click) for click in page.rows],
        "next": rest if page.next else None,
    }


def _click(click: Click) -> click_documents.Click:
    document: click_documents.Click = {
        "clicked_on": rfc3339(click.clicked_on),
        "visitor": click.visitor,
        "reason": click.reason,
        "system": click.system,
        "app": click.app,
        "device": click.device,
    }
    if click.network:
        document["network"] = click.network
    return document


def _reported_link(link: Link, site: Site) -> documents.ReportedLink:
    return {
        "link": link.target,
        "shortlink": site.shortlink_of(link),
        "expires_on": rfc3339(link.expires_on),
        "accessed": link.accessed_on is not None,
        "accessed_on": rfc3339_or_none(link.accessed_on),
        "off_on": rfc3339_or_none(link.off_on),
    }


def _new_entry(link: StoredLink, shortlink: str) -> documents.Link:
    return {
        "link": link.target,
        "shortlink": shortlink,
        "expires_on": rfc3339(link.expires_on),
        "accessed": False,
        "accessed_on": None,
    }
